/** A list of jobs on the page: its window into the ledger, and the live rows on top of it. */
import { useEffect, useMemo, useReducer, useRef, useState } from "react";
import type { JobFilter } from "../../shared/contract/jobs.ts";
import type { JobRow } from "../../shared/contract/views.ts";
import { SECOND } from "../../shared/durations.ts";
import { useBridge } from "../state/bridge-context.ts";
import { useEngine } from "../state/store.ts";
import { freshRows, JobWindow, type JobWindowState, keyOf } from "./job-window.ts";

/** The live list holds the newest twenty: before it overflows, the window is taken anew. */
const MOST_FRESH = 10;
/** What changed and is not among the live rows is seen after this long. */
const READ_AGAIN = 10 * SECOND;

export interface JobList extends JobWindowState {
  /** With the live rows on top. */
  readonly length: number;
  rowAt(index: number): JobRow | null;
  want(first: number, last: number): void;
  reload(): void;
  /** While the person reads further down nothing may move: new jobs wait until he is at the top again. */
  setAtTop(atTop: boolean): void;
  /** Nor while he points at a row. */
  setHeld(held: boolean): void;
  /** New jobs that wait. */
  readonly waiting: number;
  /** Perhaps more than these: the live list is no longer. */
  readonly waitingMore: boolean;
  /** Those that wait, now. */
  showWaiting(): void;
}

export function useJobWindow(filter: JobFilter): JobList {
  const bridge = useBridge();
  const recent = useEngine((state) => state.recentJobs);
  const earnings = useEngine((state) => state.earnings);
  const [, redraw] = useReducer((count: number) => count + 1, 0);
  const [window, setWindow] = useState<JobWindow | null>(null);
  const [atTop, setAtTop] = useState(true);
  const [held, setHeld] = useState(false);
  const moves = atTop && !held;
  /** The live rows on top of the list. */
  const shown = useRef<readonly JobRow[]>([]);

  useEffect(() => {
    const opened = new JobWindow(bridge, filter, redraw);
    setWindow(opened);
    shown.current = [];
    return () => opened.dispose();
  }, [bridge, filter]);

  const head = window?.head ?? [];
  const arrived = useMemo(() => freshRows(head, recent, filter), [head, recent, filter]);
  if (moves) shown.current = arrived;
  const isShown = new Set(shown.current.map(keyOf));
  const isListed = new Set(head.map(keyOf));
  // What the list has by now does not stand on top of it as well.
  const fresh = shown.current.filter((job) => !isListed.has(keyOf(job)));
  const waiting = arrived.filter((job) => !isShown.has(keyOf(job))).length;
  const live = useMemo(() => new Map(recent.map((job) => [keyOf(job), job])), [recent]);

  const crowded = moves && arrived.length >= MOST_FRESH;
  useEffect(() => {
    if (crowded) void window?.refresh();
  }, [crowded, window]);
  // Of a job that is not live any more only its money tells that it changed; of one that a filter lets in, nothing does.
  const changed = useRef(false);
  // biome-ignore lint/correctness/useExhaustiveDependencies: that they are others is what counts.
  useEffect(() => {
    changed.current = true;
  }, [recent, earnings]);
  useEffect(() => {
    if (window === null) return;
    const filtered = Object.keys(filter).length > 0;
    const timer = setInterval(() => {
      if (!moves) return void window.reread();
      if (changed.current || filtered) void window.renew();
      changed.current = false;
    }, READ_AGAIN);
    return () => clearInterval(timer);
  }, [moves, window, filter]);

  const state = window?.state ?? { rows: null, count: null, loading: true, error: null };
  return {
    ...state,
    count: state.count === null ? null : state.count + fresh.length,
    length: (state.rows ?? 0) + fresh.length,
    rowAt: (index) => {
      const row = fresh[index] ?? window?.rowAt(index - fresh.length) ?? null;
      return row && (live.get(keyOf(row)) ?? row);
    },
    want: (first, last) => window?.want(first - fresh.length, last - fresh.length),
    reload: () => void window?.refresh(),
    setAtTop,
    setHeld,
    waiting,
    waitingMore: waiting > 0 && waiting >= recent.length,
    showWaiting: () => {
      shown.current = arrived;
      redraw();
      if (arrived.length >= MOST_FRESH) void window?.refresh();
    },
  };
}
