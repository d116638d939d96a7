/**
 * The state the UI sees: slices recomputed when something touched them, sent as deltas at most a few times a second,
 * only while somebody listens, and what only the clock changes seldom while nobody looks.
 */
import type { Delta, SliceName, Snapshot, State } from "../../shared/contract/views.ts";
import { SECOND } from "../../shared/durations.ts";
import { localMidnight } from "../earnings/local-days.ts";

/** Changes within this time leave as one delta. */
const COALESCE = 150;
/** A delta leaves at least this often, empty if need be: silence means that the engine is gone. */
const KEEP_ALIVE = 2 * SECOND;
/** So much less often while the listener is a tray icon, a log or nobody's page. */
const UNWATCHED = 5;
/** Who asked for the whole state is a page that was just opened, or that wonders about the silence. */
const READER_STAYS = 30 * SECOND;
/** Slices whose value moves with the clock alone. */
const CLOCKED: readonly SliceName[] = ["headline", "throughput"];

export type SliceMakers = { readonly [S in SliceName]: () => State[S] };

export class StateKeeper {
  readonly #makers: SliceMakers;
  readonly #now: () => number;
  readonly #isWatched: () => boolean;
  readonly #listeners = new Set<(delta: Delta) => void>();
  readonly #dirty = new Set<SliceName>();
  /** The last value sent of each slice, as JSON: an unchanged slice is not sent again. */
  readonly #sent = new Map<SliceName, string>();
  /** The local midnight that "today" began with in what was last told. */
  #day = 0;
  #seq = 0;
  /** By a clock that only goes on, ms. */
  #lastSentAt = Number.NEGATIVE_INFINITY;
  #lastAskedAt = Number.NEGATIVE_INFINITY;
  #flushTimer: NodeJS.Timeout | undefined;
  #clock: NodeJS.Timeout | undefined;

  /** `isWatched`: does a person look at what is told now? */
  constructor(makers: SliceMakers, now: () => number, isWatched: () => boolean = () => true) {
    this.#makers = makers;
    this.#now = now;
    this.#isWatched = isWatched;
  }

  /** Something in these slices may have changed. */
  touch(...slices: SliceName[]): void {
    if (this.#listeners.size === 0) return;
    for (const slice of slices) this.#dirty.add(slice);
    this.#flushTimer ??= setTimeout(() => this.#flush(), COALESCE);
  }

  snapshot(): Snapshot {
    this.#lastAskedAt = performance.now();
    // What is about to be sent is in this snapshot already; sending it again as a delta does no harm.
    return { seq: this.#seq, at: this.#now(), state: this.#makeAll() };
  }

  onDelta(listener: (delta: Delta) => void): () => void {
    this.#listeners.add(listener);
    if (this.#clock === undefined) {
      this.#day = localMidnight(this.#now());
      this.#tick();
    }
    return () => {
      this.#listeners.delete(listener);
      if (this.#listeners.size === 0) this.close();
    };
  }

  close(): void {
    clearTimeout(this.#clock);
    clearTimeout(this.#flushTimer);
    this.#clock = undefined;
    this.#flushTimer = undefined;
    this.#dirty.clear();
    this.#sent.clear();
  }

  #tick(): void {
    this.#clock = setTimeout(
      () => {
        this.touch(...CLOCKED);
        this.#noticeNewDay();
        this.#tick();
      },
      this.#hasReader() ? SECOND : UNWATCHED * SECOND,
    );
  }

  #hasReader(): boolean {
    return this.#isWatched() || performance.now() - this.#lastAskedAt < READER_STAYS;
  }

  /** What was earned "today" is nothing again, though no job came in that night. */
  #noticeNewDay(): void {
    const day = localMidnight(this.#now());
    if (day === this.#day) return;
    this.#day = day;
    this.touch("earnings");
  }

  #flush(): void {
    this.#flushTimer = undefined;
    const slices: Partial<Record<SliceName, unknown>> = {};
    for (const slice of this.#dirty) {
      const value = this.#makers[slice]();
      const json = JSON.stringify(value);
      if (this.#sent.get(slice) === json) continue;
      this.#sent.set(slice, json);
      slices[slice] = value;
    }
    this.#dirty.clear();
    if (Object.keys(slices).length === 0 && performance.now() - this.#lastSentAt < KEEP_ALIVE) return;
    this.#lastSentAt = performance.now();
    const delta: Delta = { seq: ++this.#seq, at: this.#now(), slices: slices as Delta["slices"] };
    for (const listener of this.#listeners) listener(delta);
  }

  #makeAll(): State {
    const makers = this.#makers;
    return {
      engine: makers.engine(),
      headline: makers.headline(),
      markets: makers.markets(),
      devices: makers.devices(),
      earnings: makers.earnings(),
      throughput: makers.throughput(),
      recentJobs: makers.recentJobs(),
      models: makers.models(),
      offers: makers.offers(),
      settings: makers.settings(),
      gpuPack: makers.gpuPack(),
      llama: makers.llama(),
    };
  }
}
