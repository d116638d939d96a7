/** Every job the ledger knows, newest first, a page at a time; rows that change while one looks change here too. */
import { ListChecks } from "lucide-react";
import { useState } from "react";
import { type JobState, MarketIdSchema } from "../../shared/contract/views.ts";
import { marketName } from "../format/market-name.ts";
import { plural } from "../format/reading.ts";
import { Card } from "../parts/card.tsx";
import { ErrorNote } from "../parts/note.tsx";
import { JOB_GROUPS, JOB_MEANING } from "./job-look.ts";
import { type JobFilter, useJobPages } from "./job-pages.ts";
import { useJobPanel } from "./job-panel.tsx";
import { JobTable } from "./job-table.tsx";

export function Jobs() {
  const [filter, setFilter] = useState<JobFilter>({});
  const { jobs, more, loading, error, loadMore, reload } = useJobPages(filter);
  const { open, panel } = useJobPanel();
  const filtered = filter.market !== undefined || filter.state !== undefined;
  return (
    <div className="jobs-screen">
      <div className="jobs-head">
        <h1>Jobs</h1>
        <div className="jobs-filters">
          <Choice
            label="Market"
            all="All markets"
            value={filter.market}
            groups={[{ options: MarketIdSchema.options }]}
            name={marketName}
            onChange={(market) => setFilter(withOptional(filter, "market", market))}
          />
          <Choice
            label="State"
            all="All states"
            value={filter.state}
            groups={JOB_GROUPS}
            name={(state: JobState) => `${state} · ${JOB_MEANING[state]}`}
            onChange={(state) => setFilter(withOptional(filter, "state", state))}
          />
        </div>
      </div>
      {error !== null && (
        <ErrorNote
          error={error}
          alert
          actions={
            <button type="button" className="button button-plain" onClick={reload}>
              Try again
            </button>
          }
        />
      )}
      <Card
        title={filtered ? "Matching jobs" : "All jobs"}
        aside={jobs.length > 0 && `${plural(jobs.length, "job")} shown`}
      >
        {jobs.length > 0 && <JobTable caption="Jobs, newest first" jobs={jobs} onOpen={open} />}
        {jobs.length === 0 && !loading && error === null && (
          <div className="card-empty">
            <ListChecks size={22} strokeWidth={1.6} aria-hidden />
            <strong>{filtered ? "No job matches" : "No jobs yet"}</strong>
            {filtered
              ? "Choose another market or state."
              : "The first lease appears here the moment a market grants it."}
          </div>
        )}
        {jobs.length === 0 && loading && (
          <div className="sheet-skeleton" role="status" aria-label="Reading the jobs">
            {[88, 74, 92, 68, 80, 76].map((width) => (
              <div key={width} className="skeleton" style={{ width: `${width}%`, height: 14 }} />
            ))}
          </div>
        )}
        {more && jobs.length > 0 && (
          <div className="jobs-more">
            <button
              type="button"
              className="button"
              disabled={loading}
              aria-busy={loading}
              onClick={loadMore}
            >
              Show older
            </button>
          </div>
        )}
      </Card>
      {panel}
    </div>
  );
}

interface ChoiceProps<T extends string> {
  label: string;
  all: string;
  value: T | undefined;
  groups: readonly { readonly name?: string; readonly options: readonly T[] }[];
  name: (option: T) => string;
  onChange: (option: T | undefined) => void;
}

function Choice<T extends string>({ label, all, value, groups, name, onChange }: ChoiceProps<T>) {
  const choose = (chosen: string) =>
    onChange(groups.flatMap(({ options }) => options).find((option) => option === chosen));
  return (
    <select
      className="button select"
      aria-label={label}
      value={value ?? ""}
      onChange={(event) => choose(event.target.value)}
    >
      <option value="">{all}</option>
      {groups.map((group) => {
        const options = group.options.map((option) => (
          <option key={option} value={option}>
            {name(option)}
          </option>
        ));
        if (group.name === undefined) return options;
        return (
          <optgroup key={group.name} label={group.name}>
            {options}
          </optgroup>
        );
      })}
    </select>
  );
}

function withOptional<K extends keyof JobFilter>(
  filter: JobFilter,
  key: K,
  value: JobFilter[K] | undefined,
): JobFilter {
  const { [key]: _, ...rest } = filter;
  return value === undefined ? (rest as JobFilter) : { ...rest, [key]: value };
}
