/** Every job the ledger knows, newest first, however many; rows that change while one looks change here too. */
import { ArrowUp, ListChecks } from "lucide-react";
import { useCallback, useEffect, useState } from "react";
import type { JobFilter } from "../../shared/contract/jobs.ts";
import { t } from "../../shared/words/words.ts";
import { showNumber } from "../format/reading.ts";
import { Card } from "../parts/card.tsx";
import { LinesSkeleton } from "../parts/lines-skeleton.tsx";
import { LongTable } from "../parts/long-table.tsx";
import { ErrorNote } from "../parts/note.tsx";
import { JOB_COLUMNS, JobCells, JobHeads } from "./job-cells.tsx";
import { JobFilters } from "./job-filters.tsx";
import { useJobPanel } from "./job-panel.tsx";
import { keyOf } from "./job-window.ts";
import { type JobList, useJobWindow } from "./use-job-window.ts";

export function Jobs() {
  const [filter, setFilter] = useState<JobFilter>({});
  const list = useJobWindow(filter);
  const filtered = Object.keys(filter).length > 0;
  return (
    <div className="screen screen-fill">
      <div className="screen-head">
        <h1>{t("jobs.title")}</h1>
        <JobFilters filter={filter} onChange={setFilter} />
      </div>
      {list.error !== null && <ErrorNote error={list.error} onRetry={list.reload} alert />}
      <Card
        className="jobs-card"
        title={t(filtered ? "jobs.matching" : "jobs.all")}
        aside={<Count list={list} />}
      >
        {list.length > 0 ? (
          <Rows list={list} />
        ) : list.loading ? (
          <Skeleton />
        ) : (
          list.error === null && <Nothing filtered={filtered} onClear={() => setFilter({})} />
        )}
      </Card>
    </div>
  );
}

function Rows({ list }: { list: JobList }) {
  const { open, panel } = useJobPanel();
  const [topSignal, setTopSignal] = useState(0);
  const { want, setAtTop, setHeld } = list;
  const [tableHeld, setTableHeld] = useState(false);
  const [pillHeld, setPillHeld] = useState(false);
  const some = list.waiting > 0;
  // The way to the button leads out of the table: it must not vanish on it.
  useEffect(() => setHeld(tableHeld || (pillHeld && some)), [tableHeld, pillHeld, some, setHeld]);
  const onTop = useCallback((atTop: boolean) => setAtTop(atTop), [setAtTop]);
  return (
    <>
      {some && (
        <button
          type="button"
          className="button jobs-waiting"
          onPointerEnter={() => setPillHeld(true)}
          onPointerLeave={() => setPillHeld(false)}
          onClick={() => {
            setTopSignal((count) => count + 1);
            setPillHeld(false);
            list.showWaiting();
          }}
        >
          <ArrowUp size={14} aria-hidden />
          {t("jobs.waiting", { shown: `${list.waiting}${list.waitingMore ? "+" : ""}` })}
        </button>
      )}
      <LongTable
        className="job-table job-table-frame"
        caption={t("jobs.caption")}
        length={list.length}
        columns={JOB_COLUMNS}
        heads={<JobHeads />}
        focusable=".row-open"
        topSignal={topSignal}
        onTop={onTop}
        onHold={setTableHeld}
        onSight={want}
        row={(index, tabIndex) => {
          const job = list.rowAt(index);
          return (
            job && {
              key: keyOf(job),
              cells: <JobCells job={job} onOpen={open} oneLine tabIndex={tabIndex} />,
            }
          );
        }}
      />
      {panel}
    </>
  );
}

function Count({ list: { rows, count, length } }: { list: JobList }) {
  if (rows === null) return t("jobs.counting");
  if (count === null) return t("jobs.moreThan", { shown: showNumber(length) });
  if (count > length) return t("jobs.newest", { shown: showNumber(length), all: showNumber(count) });
  return count === 0 ? "" : t("jobs.count", { count, shown: showNumber(count) });
}

function Nothing({ filtered, onClear }: { filtered: boolean; onClear: () => void }) {
  return (
    <div className="card-empty">
      <ListChecks size={22} strokeWidth={1.6} aria-hidden />
      <strong>{t(filtered ? "jobs.noneTitle" : "jobs.emptyTitle")}</strong>
      {t(filtered ? "jobs.none" : "jobs.empty")}
      {filtered && (
        <button type="button" className="button" onClick={onClear}>
          {t("jobs.filter.clear")}
        </button>
      )}
    </div>
  );
}

function Skeleton() {
  return <LinesSkeleton label={t("jobs.reading")} widths={[88, 74, 92, 68, 80, 76]} />;
}
