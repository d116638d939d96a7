/**
 * The state the UI sees: slices recomputed when something touched them, sent as deltas at most a few times a second,
 * and only while somebody listens.
 */
import type { Delta, SliceName, Snapshot, State } from "../../shared/contract/views.ts";
import { SECOND } from "../../shared/durations.ts";

/** Changes within this time leave as one delta. */
const COALESCE = 150;
/** A delta leaves at least this often, empty if need be: silence means that the engine is gone. */
const KEEP_ALIVE = 2 * SECOND;
/** Slices whose value moves with the clock alone. */
const CLOCKED: readonly SliceName[] = ["headline", "throughput"];

export type SliceMakers = { readonly [S in SliceName]: () => State[S] };

export class StateKeeper {
  readonly #makers: SliceMakers;
  readonly #now: () => number;
  readonly #listeners = new Set<(delta: Delta) => void>();
  readonly #dirty = new Set<SliceName>();
  /** The last value sent of each slice, as JSON: an unchanged slice is not sent again. */
  readonly #sent = new Map<SliceName, string>();
  #seq = 0;
  #lastSentAt = 0;
  #flushTimer: NodeJS.Timeout | undefined;
  #clock: NodeJS.Timeout | undefined;

  constructor(makers: SliceMakers, now: () => number) {
    this.#makers = makers;
    this.#now = now;
  }

  /** Something in these slices may have changed. */
  touch(...slices: SliceName[]): void {
    if (this.#listeners.size === 0) return;
    for (const slice of slices) this.#dirty.add(slice);
    this.#flushTimer ??= setTimeout(() => this.#flush(), COALESCE);
  }

  snapshot(): Snapshot {
    // What is about to be sent is in this snapshot already; sending it again as a delta does no harm.
    return { seq: this.#seq, at: this.#now(), state: this.#makeAll() };
  }

  onDelta(listener: (delta: Delta) => void): () => void {
    this.#listeners.add(listener);
    this.#clock ??= setInterval(() => this.touch(...CLOCKED), SECOND);
    return () => {
      this.#listeners.delete(listener);
      if (this.#listeners.size === 0) this.close();
    };
  }

  close(): void {
    clearInterval(this.#clock);
    clearTimeout(this.#flushTimer);
    this.#clock = undefined;
    this.#flushTimer = undefined;
    this.#dirty.clear();
    this.#sent.clear();
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
    if (Object.keys(slices).length === 0 && this.#now() - this.#lastSentAt < KEEP_ALIVE) return;
    this.#lastSentAt = this.#now();
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
    };
  }
}
