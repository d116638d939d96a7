/** Pages of the ledger's jobs, kept true by the live list of the newest ones. */
import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import type { JobRow, JobState, MarketId } from "../../shared/contract/views.ts";
import { type ErrorValue, toErrorValue } from "../../shared/errors.ts";
import { useBridge } from "../state/bridge-context.ts";
import { useEngine } from "../state/store.ts";

export interface JobFilter {
  readonly market?: MarketId;
  readonly state?: JobState;
}

const PAGE = 50;

export interface JobPages {
  readonly jobs: readonly JobRow[];
  readonly more: boolean;
  readonly loading: boolean;
  readonly error: ErrorValue | null;
  loadMore(): void;
  reload(): void;
}

export function useJobPages(filter: JobFilter): JobPages {
  const bridge = useBridge();
  const recent = useEngine((state) => state.recentJobs);
  const [rows, setRows] = useState<readonly JobRow[]>([]);
  const [next, setNext] = useState<string | null>(null);
  const [loading, setLoading] = useState(true);
  const [error, setError] = useState<ErrorValue | null>(null);
  /** Only the newest question may answer: a filter can change while a page is on its way. */
  const asked = useRef(0);

  const load = useCallback(
    (before: string | null) => {
      const question = ++asked.current;
      setLoading(true);
      setError(null);
      bridge
        .invoke("jobs.list", { limit: PAGE, ...filter, ...(before === null ? {} : { before }) })
        .then((page) => {
          if (question !== asked.current) return;
          setRows((known) => (before === null ? page.jobs : append(known, page.jobs)));
          setNext(page.next);
        })
        .catch((thrown: unknown) => {
          if (question === asked.current) setError(toErrorValue(thrown));
        })
        .finally(() => {
          if (question === asked.current) setLoading(false);
        });
    },
    [bridge, filter],
  );

  useEffect(() => {
    setRows([]);
    load(null);
  }, [load]);

  const jobs = useMemo(() => mergeRecent(rows, recent, filter), [rows, recent, filter]);
  return {
    jobs,
    more: next !== null,
    loading,
    error,
    loadMore: () => load(next),
    reload: () => load(null),
  };
}

const keyOf = (job: JobRow): string => `${job.market} ${job.leaseId}`;

function append(known: readonly JobRow[], older: readonly JobRow[]): readonly JobRow[] {
  const seen = new Set(known.map(keyOf));
  return [...known, ...older.filter((job) => !seen.has(keyOf(job)))];
}

/** Newer versions of rows take their place, new jobs come on top, and what no longer matches the filter goes. */
export function mergeRecent(
  rows: readonly JobRow[],
  recent: readonly JobRow[],
  filter: JobFilter,
): readonly JobRow[] {
  const live = new Map(recent.map((job) => [keyOf(job), job]));
  const known = new Set(rows.map(keyOf));
  const matches = (job: JobRow) =>
    (filter.market === undefined || job.market === filter.market) &&
    (filter.state === undefined || job.state === filter.state);
  const newestKnown = rows[0]?.leasedAt ?? 0;
  // A live row that the pages don't have is new, unless it is only older than what was loaded so far.
  const fresh = recent.filter((job) => !known.has(keyOf(job)) && job.leasedAt >= newestKnown);
  return [...fresh, ...rows.map((job) => live.get(keyOf(job)) ?? job)].filter(matches);
}
