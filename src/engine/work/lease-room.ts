/**
 * How many leases each market may give us: together no more than keep the devices busy. A market that gives no work
 * leaves its part to those that do, all but one lease, so that it is heard when it begins again.
 */
import type { MarketId } from "../../shared/contract/views.ts";
import { SECOND } from "../../shared/durations.ts";
import { hasPassed } from "../../shared/wait.ts";

/** A market that gave nothing for this long gives no work. */
const QUIET = 30 * SECOND;
/** Results that a market does not take are no reason to stop, until there are this many, or so often the quota. */
const MOST_UNDELIVERED = { times: 4, least: 64 } as const;

export interface LeaseRoomDeps {
  readonly markets: readonly MarketId[];
  /** Leases that the devices are to be kept busy with now; 0: none can work. */
  readonly capacity: () => number;
  readonly board: {
    count(market: MarketId): number;
    countUnsent(market: MarketId): number;
    lastGrant(market: MarketId): number | null;
  };
  /** Unix ms. */
  readonly now: () => number;
}

export class LeaseRoom {
  readonly #deps: LeaseRoomDeps;
  /** What a market is asked for at this moment, and may grant. */
  readonly #asked = new Map<MarketId, number>();

  constructor(deps: LeaseRoomDeps) {
    this.#deps = deps;
  }

  /** Leases whose result is not there yet that `market` may have with us; 0: no device can work. */
  quota(market: MarketId): number {
    const capacity = this.#deps.capacity();
    if (capacity === 0) return 0;
    const others = this.#deps.markets.filter((each) => each !== market);
    const taken = others.reduce((sum, other) => sum + this.#claimOf(other, capacity), 0);
    return Math.max(1, capacity - taken);
  }

  /** How many to ask `market` for now, of the `quota` it may have; 0: none. */
  wish(market: MarketId, quota: number): number {
    const { board, markets, capacity } = this.#deps;
    const unsent = board.countUnsent(market);
    const undelivered = board.count(market) - unsent;
    if (undelivered >= Math.max(MOST_UNDELIVERED.least, MOST_UNDELIVERED.times * quota)) return 0;
    const room = Math.max(0, quota - unsent);
    if (this.#givesWork(market)) return room;
    // What is asked for is kept free until the answer, which may take long: where others have work, that is one.
    const othersWork = markets.some((other) => other !== market && this.#givesWork(other));
    return Math.min(room, othersWork ? 1 : this.#share(capacity()));
  }

  /** `market` is asked for so many, until the function it returns is called. */
  asking(market: MarketId, leases: number): () => void {
    this.#asked.set(market, leases);
    return () => this.#asked.delete(market);
  }

  #claimOf(market: MarketId, capacity: number): number {
    const held = this.#deps.board.countUnsent(market) + (this.#asked.get(market) ?? 0);
    return Math.max(held, this.#givesWork(market) ? this.#share(capacity) : 1);
  }

  #share(capacity: number): number {
    return Math.max(1, Math.floor(capacity / Math.max(1, this.#deps.markets.length)));
  }

  #givesWork(market: MarketId): boolean {
    const { board, now } = this.#deps;
    const last = board.lastGrant(market);
    return board.countUnsent(market) > 0 || (last !== null && !hasPassed(QUIET, last, now()));
  }
}
