/**
 * Jobs whose money nobody waits for any more, and that their market may pay all the same: those of the last hour at each
 * look at its books (a client may pay only when it has the result), of all others some each hour.
 */
import type { MarketId } from "../../shared/contract/market-id.ts";
import { DAY, HOUR } from "../../shared/durations.ts";
import { hasPassed } from "../../shared/wait.ts";
import type { UnsettledJob, UnsettledPlace } from "../ledger/leases.ts";
import type { WriteOffTable } from "../ledger/write-offs.ts";

const EVERY = HOUR;
const AT_ONCE = 200;
const FRESH = HOUR;
const FRESH_AT_ONCE = 50;
/** So long after it was written off a job is asked about. */
export const PAID_LATE = 90 * DAY;

export class LateCredits {
  readonly #market: MarketId;
  readonly #writeOffs: Pick<WriteOffTable, "late">;
  #askedAt: number | null = null;
  #turn: UnsettledPlace | undefined;

  constructor(market: MarketId, writeOffs: Pick<WriteOffTable, "late">) {
    this.#market = market;
    this.#writeOffs = writeOffs;
  }

  /** What to ask about now besides the jobs that are waited for; mostly nothing. */
  due(now: number): readonly UnsettledJob[] {
    const fresh = this.#writeOffs.late(this.#market, now - FRESH, FRESH_AT_ONCE).jobs;
    const known = new Set(fresh.map(({ row }) => row));
    return [...fresh, ...this.#turnOf(now).filter(({ row }) => !known.has(row))];
  }

  #turnOf(now: number): readonly UnsettledJob[] {
    if (this.#askedAt !== null && !hasPassed(EVERY, this.#askedAt, now)) return [];
    this.#askedAt = now;
    const { jobs, next } = this.#writeOffs.late(this.#market, now - PAID_LATE, AT_ONCE, this.#turn);
    this.#turn = next;
    return jobs;
  }
}
