/** What narrows the log: words, level, event, market, time. */
import { useState } from "react";
import { type ActivityFilter, ActivityLevelSchema } from "../../shared/contract/activity.ts";
import { MarketIdSchema } from "../../shared/contract/views.ts";
import { DAY, HOUR } from "../../shared/durations.ts";
import { t } from "../../shared/words/words.ts";
import { marketName } from "../format/market-name.ts";
import { Select } from "../parts/controls/select.tsx";
import { SearchField } from "../parts/search-field.tsx";
import { useAnswer } from "../state/use-answer.ts";
import { typeName } from "./activity-look.ts";

const ALL = "";
const SPANS = ["all", "hour", "day", "week", "month"] as const;
type Span = (typeof SPANS)[number];
const LENGTHS = { hour: HOUR, day: DAY, week: 7 * DAY, month: 30 * DAY } as const;

/** Unix ms; absent: from the first event on. */
const sinceOf = (span: Span, now: number): number | undefined =>
  span === "all" ? undefined : now - LENGTHS[span];

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
  const [span, setSpan] = useState<Span>("all");
  const types = [...(answer?.types ?? [])].sort((a, b) => typeName(a).localeCompare(typeName(b)));
  return (
    <search className="screen-tools screen-filters activity-filters" aria-label={t("activity.filter.label")}>
      <SearchField
        label={t("activity.filter.text")}
        placeholder={t("activity.filter.textHint")}
        value={filter.text}
        onChange={(text) => change("text", text)}
      />
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
      <Select<Span>
        label={t("activity.filter.time")}
        value={filter.since === undefined ? "all" : span}
        options={SPANS.map((each) => ({ value: each, label: t(`activity.filter.span.${each}`) }))}
        onChange={(next) => {
          setSpan(next);
          change("since", sinceOf(next, Date.now()));
        }}
      />
    </search>
  );
}
