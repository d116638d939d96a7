/**
 * Jobs whose money nobody waits for any more, and that their market may pay all the same: those of the last hour at each
 * look at its books (a client may pay only when it has the result), of all others some each hour.
 */
import type { MarketId } from "../../shared/contract/market-id.ts";
import { DAY, HOUR, MINUTE } from "../../shared/durations.ts";
import { hasPassed } from "../../shared/wait.ts";
import type { UnsettledJob, UnsettledPlace } from "../ledger/leases.ts";
import type { WriteOffTable } from "../ledger/write-offs.ts";

const EVERY = HOUR;
/** Those that the market could not be asked about. Not at the next look: what it trips over must not hide the rest. */
const AGAIN = 5 * MINUTE;
const AT_ONCE = 200;
const FRESH = HOUR;
const FRESH_AT_ONCE = 50;
/** So long after it was written off a job is asked about. */
export const PAID_LATE = 90 * DAY;

export class LateCredits {
  readonly #market: MarketId;
  readonly #writeOffs: Pick<WriteOffTable, "late">;
  #askedAt: number | null = null;
  #nextAfter = EVERY;
  #turn: UnsettledPlace | undefined;
  /** Where the turn after this one begins; null: this one is not asked about now. */
  #asked: { readonly next: UnsettledPlace | undefined } | null = null;

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

  /** The market was asked about what was due last, and answered. */
  noteAnswered(): void {
    if (this.#asked === null) return;
    this.#turn = this.#asked.next;
    this.#nextAfter = EVERY;
  }

  #turnOf(now: number): readonly UnsettledJob[] {
    this.#asked = null;
    if (this.#askedAt !== null && !hasPassed(this.#nextAfter, this.#askedAt, now)) return [];
    this.#askedAt = now;
    this.#nextAfter = AGAIN;
    const { jobs, next } = this.#writeOffs.late(this.#market, now - PAID_LATE, AT_ONCE, this.#turn);
    this.#asked = { next };
    return jobs;
  }
}
