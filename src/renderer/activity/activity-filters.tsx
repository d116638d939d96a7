/** What narrows the log: words, weight, event, market. */
import { useEffect, useState } from "react";
import { type ActivityFilter, ActivityLevelSchema } from "../../shared/contract/activity.ts";
import { MarketIdSchema } from "../../shared/contract/views.ts";
import { t } from "../../shared/words/words.ts";
import { marketName } from "../format/market-name.ts";
import { Select } from "../parts/controls/select.tsx";
import { TextField } from "../parts/controls/text-field.tsx";
import { useAnswer } from "../state/use-answer.ts";
import { typeName } from "./activity-look.ts";

const PAUSE_AFTER_KEY = 200;
const ALL = "";

interface ActivityFiltersProps {
  filter: ActivityFilter;
  onChange: (filter: ActivityFilter) => void;
}

export function ActivityFilters({ filter, onChange }: ActivityFiltersProps) {
  const { answer } = useAnswer("activity.types", {}, null);
  const change = <K extends keyof ActivityFilter>(key: K, value: ActivityFilter[K] | undefined) => {
    const { [key]: _, ...rest } = filter;
    onChange(value === undefined ? (rest as ActivityFilter) : { ...rest, [key]: value });
  };
  const types = [...(answer?.types ?? [])].sort((a, b) => typeName(a).localeCompare(typeName(b)));
  return (
    <search className="activity-filters" aria-label={t("activity.filter.label")}>
      <SearchField value={filter.text} onChange={(text) => change("text", text)} />
      <Select
        label={t("activity.filter.level")}
        value={filter.level ?? ALL}
        options={[
          { value: ALL, label: t("activity.filter.levelAll") },
          { value: "notice", label: t("activity.filter.levelNotice") },
          { value: "problem", label: t("activity.filter.levelProblem") },
        ]}
        onChange={(value) =>
          change(
            "level",
            ActivityLevelSchema.options.find((level) => level === value),
          )
        }
      />
      <Select
        label={t("activity.filter.type")}
        value={filter.type ?? ALL}
        options={[
          { value: ALL, label: t("activity.filter.allTypes") },
          ...types.map((type) => ({ value: type, label: typeName(type) })),
        ]}
        onChange={(value) => change("type", value === ALL ? undefined : value)}
      />
      <Select
        label={t("activity.filter.market")}
        value={filter.market ?? ALL}
        options={[
          { value: ALL, label: t("activity.filter.allMarkets") },
          ...MarketIdSchema.options.map((market) => ({ value: market, label: marketName(market) })),
        ]}
        onChange={(value) =>
          change(
            "market",
            MarketIdSchema.options.find((market) => market === value),
          )
        }
      />
    </search>
  );
}

function SearchField({
  value,
  onChange,
}: {
  value: string | undefined;
  onChange: (text: string | undefined) => void;
}) {
  const [typed, setTyped] = useState(value ?? "");
  const wanted = typed.trim() === "" ? undefined : typed.trim();
  useEffect(() => setTyped(value ?? ""), [value]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: only what is typed starts the wait anew.
  useEffect(() => {
    if (wanted === value) return;
    const timer = setTimeout(() => onChange(wanted), PAUSE_AFTER_KEY);
    return () => clearTimeout(timer);
  }, [wanted]);
  return (
    <TextField
      label={t("activity.filter.text")}
      type="search"
      value={typed}
      placeholder={t("activity.filter.textHint")}
      maxLength={200}
      onInput={setTyped}
      onCommit={() => onChange(wanted)}
    />
  );
}
