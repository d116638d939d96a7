/**
 * The jobs of the ledger that match a filter, as a list that may be a million long and of which only the parts in sight
 * are here. It is one moment's list: new jobs come on top of it, until it is taken anew.
 */
import type { JobFilter } from "../../shared/contract/jobs.ts";
import type { JobRow } from "../../shared/contract/views.ts";
import { type ErrorValue, toErrorValue } from "../../shared/errors.ts";
import type { Bridge } from "../bridge/bridge.ts";

export const PAGE = 100;
/** Pages that are kept when they are out of sight. */
const PAGES_KEPT = 40;
/** Browsers draw no taller element than 33 million pixels. */
export const MOST_ROWS = 900_000;

export interface JobWindowState {
  /** Rows of the list; null while it is read for the first time. */
  readonly rows: number | null;
  /** All that match; null: not counted, there are more than `rows`. */
  readonly count: number | null;
  readonly loading: boolean;
  readonly error: ErrorValue | null;
}

const EMPTY: JobWindowState = { rows: null, count: null, loading: true, error: null };

export class JobWindow {
  readonly #bridge: Pick<Bridge, "invoke">;
  readonly #filter: JobFilter;
  readonly #changed: () => void;
  #state = EMPTY;
  #before = "";
  /** null: the list grows from page to page, because nobody knows its length. */
  #pages = new Map<number, readonly JobRow[]>();
  #asked = new Set<number>();
  #next: string | null = null;
  #inSight: readonly number[] = [];
  #generation = 0;
  /** It is being taken anew: what it would grow by may be another list's. */
  #taking = false;
  #disposed = false;

  constructor(bridge: Pick<Bridge, "invoke">, filter: JobFilter, changed: () => void) {
    this.#bridge = bridge;
    this.#filter = filter;
    this.#changed = changed;
    void this.refresh();
  }

  get state(): JobWindowState {
    return this.#state;
  }

  /** null: not here yet. */
  rowAt(index: number): JobRow | null {
    return this.#pages.get(Math.floor(index / PAGE))?.[index % PAGE] ?? null;
  }

  /** The newest of the list, as far as they are here. */
  get head(): readonly JobRow[] {
    return this.#pages.get(0) ?? [];
  }

  /** Reads what is missing of these rows. */
  want(first: number, last: number): void {
    const { rows, count } = this.#state;
    if (rows === null || this.#disposed) return;
    if (count === null) {
      if (last >= rows - PAGE / 2) void this.#grow();
      return;
    }
    const pages = pagesOf(Math.max(0, first), Math.min(rows - 1, last));
    this.#inSight = pages;
    for (const page of pages) if (!this.#pages.has(page) && !this.#asked.has(page)) void this.#load(page);
    this.#forget(pages);
  }

  /** Takes the list anew; what is shown stays until the new one is here. */
  refresh(): Promise<void> {
    this.#set({ loading: true });
    return this.#take();
  }

  /** The same by itself, from time to time: nobody asked for it, so nobody is told that it is being read. */
  async renew(): Promise<void> {
    if (!this.#state.loading && !this.#disposed) await this.#take();
  }

  async #take(): Promise<void> {
    const generation = ++this.#generation;
    this.#taking = true;
    try {
      const { count, before } = await this.#bridge.invoke("jobs.count", this.#filter);
      const { jobs, next } = await this.#bridge.invoke("jobs.list", { ...this.#filter, before, limit: PAGE });
      if (generation !== this.#generation) return;
      this.#before = before;
      this.#pages = new Map([[0, jobs]]);
      this.#asked = new Set();
      this.#next = next;
      this.#taking = false;
      this.#set({
        rows: count === null ? jobs.length : Math.min(count, MOST_ROWS),
        count: count === null && next === null ? jobs.length : count,
        loading: false,
        error: null,
      });
      if (count === null && jobs.length < PAGE) void this.#grow();
    } catch (thrown) {
      if (generation !== this.#generation) return;
      this.#taking = false;
      this.#set({ loading: false, error: toErrorValue(thrown) });
    }
  }

  /** What is in sight as it is by now, in the same places: no new job moves it. */
  async reread(): Promise<void> {
    const { count, loading } = this.#state;
    if (count === null || loading || this.#disposed) return;
    await Promise.all(this.#inSight.filter((page) => !this.#asked.has(page)).map((page) => this.#load(page)));
  }

  dispose(): void {
    this.#disposed = true;
    this.#generation++;
  }

  async #load(page: number): Promise<void> {
    const generation = this.#generation;
    this.#asked.add(page);
    try {
      const { jobs } = await this.#bridge.invoke("jobs.list", {
        ...this.#filter,
        before: this.#before,
        skip: page * PAGE,
        limit: PAGE,
      });
      if (generation !== this.#generation) return;
      this.#pages.set(page, jobs);
      this.#set({ error: null });
    } catch (thrown) {
      if (generation === this.#generation) this.#set({ error: toErrorValue(thrown) });
    } finally {
      if (generation === this.#generation) this.#asked.delete(page);
    }
  }

  /** A search hands out what it found so far, which may be nothing: then it is asked to go on. */
  async #grow(): Promise<void> {
    const before = this.#next;
    if (before === null || this.#state.loading || this.#taking) return;
    const generation = this.#generation;
    this.#set({ loading: true });
    try {
      const known = [...this.#pages.values()].flat();
      const { jobs, next } = await this.#bridge.invoke("jobs.list", { ...this.#filter, before, limit: PAGE });
      if (generation !== this.#generation) return;
      const all = [...known, ...jobs];
      this.#pages = new Map(
        Array.from({ length: Math.ceil(all.length / PAGE) }, (_, page) => [
          page,
          all.slice(page * PAGE, (page + 1) * PAGE),
        ]),
      );
      this.#next = next;
      this.#set({ rows: all.length, count: next === null ? all.length : null, loading: false, error: null });
      if (jobs.length === 0) void this.#grow();
    } catch (thrown) {
      if (generation === this.#generation) this.#set({ loading: false, error: toErrorValue(thrown) });
    }
  }

  /** Pages far from what is in sight. */
  #forget(inSight: readonly number[]): void {
    const middle = inSight[Math.floor(inSight.length / 2)] ?? 0;
    const farthest = [...this.#pages.keys()]
      .filter((page) => page !== 0)
      .sort((a, b) => Math.abs(b - middle) - Math.abs(a - middle));
    for (const page of farthest.slice(0, Math.max(0, farthest.length - PAGES_KEPT))) this.#pages.delete(page);
  }

  #set(change: Partial<JobWindowState>): void {
    this.#state = { ...this.#state, ...change };
    if (!this.#disposed) this.#changed();
  }
}

function pagesOf(first: number, last: number): number[] {
  const from = Math.floor(first / PAGE);
  const length = Math.floor(Math.max(first, last) / PAGE) - from + 1;
  return Array.from({ length }, (_, index) => from + index);
}

export const keyOf = (job: JobRow): string => `${job.market} ${job.leaseId}`;

/** Does a live row belong into a list? What only the ledger can tell (the device) keeps it out until the list is read anew. */
export function matches(job: JobRow, filter: JobFilter): boolean {
  const { market, state, states, model, device, text } = filter;
  return (
    (market === undefined || job.market === market) &&
    (state === undefined || job.state === state) &&
    (states === undefined || states.includes(job.state)) &&
    (model === undefined || job.model === model) &&
    device === undefined &&
    (text === undefined || job.leaseId.startsWith(text) || job.jobId.startsWith(text))
  );
}

/** Live rows that are newer than the list. */
export function freshRows(
  head: readonly JobRow[],
  recent: readonly JobRow[],
  filter: JobFilter,
): readonly JobRow[] {
  const known = new Set(head.map(keyOf));
  const newest = head[0]?.leasedAt ?? 0;
  return recent.filter((job) => !known.has(keyOf(job)) && job.leasedAt >= newest && matches(job, filter));
}
