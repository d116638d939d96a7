/** What narrows the list of jobs: market, state, model, device, and the beginning of an id. */
import { useEffect, useMemo, useState } from "react";
import type { JobChoices, JobFilter } from "../../shared/contract/jobs.ts";
import { JobStateSchema, MarketIdSchema } from "../../shared/contract/views.ts";
import { t } from "../../shared/words/words.ts";
import { marketName } from "../format/market-name.ts";
import { showNumber } from "../format/reading.ts";
import { type Option, Select } from "../parts/controls/select.tsx";
import { SearchField } from "../parts/search-field.tsx";
import { useBridge } from "../state/bridge-context.ts";
import { useEngine } from "../state/store.ts";
import { JOB_GROUPS, type JobGroup, jobMeaning } from "./job-look.ts";

const ALL = "";

interface JobFiltersProps {
  filter: JobFilter;
  onChange: (filter: JobFilter) => void;
}

export function JobFilters({ filter, onChange }: JobFiltersProps) {
  const choices = useChoices();
  const devices = useEngine((state) => state.devices);
  const nameOf = (id: string) => devices.find((device) => device.id === id)?.name ?? id;
  const change = <K extends keyof JobFilter>(key: K, value: JobFilter[K] | undefined) => {
    const { [key]: _, ...rest } = filter;
    onChange(value === undefined ? (rest as JobFilter) : { ...rest, [key]: value });
  };
  const jobsHint = (count: number) => t("jobs.count", { count, shown: showNumber(count) });
  return (
    <search className="screen-tools screen-filters" aria-label={t("jobs.filter.label")}>
      <SearchField
        label={t("jobs.filter.text")}
        placeholder={t("jobs.filter.textHint")}
        value={filter.text}
        mono
        onChange={(text) => change("text", text)}
      />
      <Select
        label={t("jobs.filter.state")}
        value={stateValue(filter)}
        options={stateOptions()}
        onChange={(value) => change("states", statesOf(value))}
      />
      <Select
        label={t("jobs.filter.market")}
        value={filter.market ?? ALL}
        options={[
          { value: ALL, label: t("jobs.filter.allMarkets") },
          ...MarketIdSchema.options.map((market) => ({ value: market, label: marketName(market) })),
        ]}
        onChange={(value) =>
          change(
            "market",
            MarketIdSchema.options.find((market) => market === value),
          )
        }
      />
      <Select
        label={t("jobs.filter.model")}
        value={filter.model ?? ALL}
        options={[
          { value: ALL, label: t("jobs.filter.allModels") },
          ...choices.models.map(({ model, jobs }) => ({ value: model, label: model, hint: jobsHint(jobs) })),
        ]}
        onChange={(value) => change("model", value === ALL ? undefined : value)}
      />
      {choices.devices.length > 1 && (
        <Select
          label={t("jobs.filter.device")}
          value={filter.device ?? ALL}
          options={[
            { value: ALL, label: t("jobs.filter.allDevices") },
            ...choices.devices.map(({ device, jobs }) => ({
              value: device,
              label: nameOf(device),
              hint: jobsHint(jobs),
            })),
          ]}
          onChange={(value) => change("device", value === ALL ? undefined : value)}
        />
      )}
    </search>
  );
}

function useChoices(): JobChoices {
  const bridge = useBridge();
  const [choices, setChoices] = useState<JobChoices>({ models: [], devices: [] });
  useEffect(() => {
    let current = true;
    // Without them the other filters work; the list itself says what is wrong.
    bridge.invoke("jobs.choices", {}).then(
      (answer) => current && setChoices(answer),
      () => undefined,
    );
    return () => {
      current = false;
    };
  }, [bridge]);
  return useMemo(() => choices, [choices]);
}

const GROUPS = Object.keys(JOB_GROUPS) as JobGroup[];

function stateOptions(): Option<string>[] {
  return [
    { value: ALL, label: t("jobs.filter.allStates") },
    ...GROUPS.map((group) => ({
      value: group,
      label: t(`jobs.group.${group}`),
      hint: t(`jobs.groupHint.${group}`),
    })),
    ...JobStateSchema.options.map((state) => ({
      value: state,
      label: t(`jobs.state.${state}`),
      hint: jobMeaning(state),
    })),
  ];
}

function statesOf(value: string): JobFilter["states"] {
  const group = GROUPS.find((one) => one === value);
  if (group !== undefined) return [...JOB_GROUPS[group]];
  const state = JobStateSchema.options.find((one) => one === value);
  return state === undefined ? undefined : [state];
}

function stateValue({ states }: JobFilter): string {
  if (states === undefined) return ALL;
  if (states.length === 1) return states[0] ?? ALL;
  return GROUPS.find((group) => JOB_GROUPS[group].join() === states.join()) ?? ALL;
}
