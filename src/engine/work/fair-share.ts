/**
 * Whose job is next: the market that is owed most device time. While it is known what each of the waiting markets pays
 * for a second of a device, less its cost, in one currency, device time is shared in proportion to that, and no market
 * gets less than the least share; else all get the same. Old service counts ever less.
 */
import type { MarketId } from "../../shared/contract/views.ts";
import { MINUTE } from "../../shared/durations.ts";

/** Device time of this long ago counts half. */
const HALF_LIFE = 5 * MINUTE;
/** Of the device, for a market that pays worst: its heartbeats, deadlines and trial jobs are still met. */
export const LEAST_SHARE = 0.1;

interface Served {
  /** Device time, and that part of it whose worth is known with what it brought; all decayed to `at`. */
  readonly ms: number;
  readonly valuedMs: number;
  readonly value: number;
  readonly at: number;
}

const NOTHING: Served = { ms: 0, valuedMs: 0, value: 0, at: 0 };

export class FairShare {
  readonly #served = new Map<MarketId, Served>();

  /** `ms` of device time went to `market` and brought `value`, in one unit for all markets; null: nobody knows. */
  account(market: MarketId, ms: number, now: number, value: number | null = null): void {
    const before = this.#decayed(market, now);
    this.#served.set(market, {
      ms: before.ms + ms,
      valuedMs: before.valuedMs + (value === null ? 0 : ms),
      value: before.value + (value ?? 0),
      at: now,
    });
  }

  /** Device time lately given to `market`, decayed to `now`. */
  servedMs(market: MarketId, now: number): number {
    return this.#decayed(market, now).ms;
  }

  /** The market among `waiting` that is owed most; ties go to the first. */
  next(waiting: readonly MarketId[], now: number): MarketId | null {
    const shares = this.shares(waiting, now);
    let best: MarketId | null = null;
    let least = Number.POSITIVE_INFINITY;
    for (const market of waiting) {
      const owed = this.servedMs(market, now) / (shares.get(market) ?? 1);
      if (owed < least) [best, least] = [market, owed];
    }
    return best;
  }

  /** What part of the device each of `markets` is to get; together 1. */
  shares(markets: readonly MarketId[], now: number): ReadonlyMap<MarketId, number> {
    const equal = 1 / markets.length;
    const worths = markets.map((market) => this.#worth(market, now));
    const known = worths.filter((worth) => worth !== null);
    const total = known.reduce((sum, worth) => sum + worth, 0);
    // Nothing is known of one yet, or all lose money: then nobody is preferred.
    if (known.length < markets.length || total <= 0) return new Map(markets.map((market) => [market, equal]));
    const least = Math.min(LEAST_SHARE, equal);
    const free = 1 - least * markets.length;
    return new Map(markets.map((market, i) => [market, least + (free * (known[i] ?? 0)) / total]));
  }

  /** Value per ms of device time, 0 where it was a loss; null: not known. */
  #worth(market: MarketId, now: number): number | null {
    const { valuedMs, value } = this.#decayed(market, now);
    return valuedMs > 0 ? Math.max(0, value / valuedMs) : null;
  }

  #decayed(market: MarketId, now: number): Served {
    const served = this.#served.get(market) ?? NOTHING;
    const left = 0.5 ** (Math.max(0, now - served.at) / HALF_LIFE);
    return { ms: served.ms * left, valuedMs: served.valuedMs * left, value: served.value * left, at: now };
  }
}
