/**
 * Whose job is next: the market that was served least lately. Fees of different currencies can't be compared without
 * a rate nobody here knows, so the share is of device time, and old service counts ever less.
 */
import type { MarketId } from "../../shared/contract/views.ts";
import { MINUTE } from "../../shared/durations.ts";

/** Device time of this long ago counts half. */
const HALF_LIFE = 5 * MINUTE;

export class FairShare {
  readonly #served = new Map<MarketId, { ms: number; at: number }>();

  /** `ms` of device time went to `market`. */
  account(market: MarketId, ms: number, now: number): void {
    this.#served.set(market, { ms: this.servedMs(market, now) + ms, at: now });
  }

  /** Device time lately given to `market`, decayed to `now`. */
  servedMs(market: MarketId, now: number): number {
    const served = this.#served.get(market);
    return served === undefined ? 0 : served.ms * 0.5 ** (Math.max(0, now - served.at) / HALF_LIFE);
  }

  /** The market among `waiting` that is owed most; ties go to the first. */
  next(waiting: readonly MarketId[], now: number): MarketId | null {
    let best: MarketId | null = null;
    for (const market of waiting) {
      if (best === null || this.servedMs(market, now) < this.servedMs(best, now)) best = market;
    }
    return best;
  }
}
