/** Which of the ready jobs run next, and together: the oldest of the market served least, with what shares its model. */
import type { JobState, MarketId } from "../../shared/contract/views.ts";
import type { HeldLease } from "../ledger/leases.ts";
import { FairShare } from "./fair-share.ts";
import type { HeldLeases } from "./held-leases.ts";
import { likest } from "./like-length.ts";
import type { Suspects } from "./suspects.ts";

/** Who takes a batch. */
export interface BatchTaker {
  readonly device: string;
  /** Other devices that work: a job that ran out of memory here is left to them first. */
  readonly others: readonly string[];
  /** Jobs that may run together when this one is the first. */
  readonly limit: (first: HeldLease) => number;
  /** How many of these, from the first on, can be done together in the time they have; absent: all. */
  readonly fitting?: (jobs: readonly HeldLease[]) => number;
  /** What may share a batch: equal keys. */
  readonly modelOf: (lease: HeldLease) => string;
  /** false: this device can't run it now. */
  readonly canRun: (lease: HeldLease) => boolean;
}

/** What would be taken now. */
export interface NextBatch {
  readonly model: string;
  readonly jobs: number;
  /** As many make it full. */
  readonly limit: number;
  /** How long the oldest of them has been ready, ms. */
  readonly waitedMs: number;
}

export interface BatchPlan {
  readonly model: string;
  readonly limit: number;
  readonly batch: HeldLease[];
}

export class BatchPlanner {
  readonly #held: HeldLeases;
  readonly #suspects: Suspects;
  readonly #now: () => number;
  readonly #share = new FairShare();
  /** By row: since when it could run, by a clock that only goes on, ms. */
  readonly #readySince = new Map<number, number>();

  constructor(held: HeldLeases, suspects: Suspects, now: () => number) {
    this.#held = held;
    this.#suspects = suspects;
    this.#now = now;
  }

  noteState(row: number, state: JobState): void {
    if (state === "admitted") this.#readySince.set(row, performance.now());
    else this.#readySince.delete(row);
  }

  /** So much device time went to a job of that market, ms; `value`: what it brought, null: nobody knows. */
  noteServed(market: MarketId, ms: number, value: number | null): void {
    this.#share.account(market, ms, this.#now(), value);
  }

  /** null: nothing is ready for this device. A job that failed before is planned by itself. */
  plan(taker: BatchTaker): BatchPlan | null {
    const ready = this.#held
      .inState("admitted")
      .filter(({ row }) => !this.#suspects.isLeftToOthers(row, taker.device, taker.others));
    const possible = ready.filter((lease) => taker.canRun(lease));
    const market = this.#share.next([...new Set(possible.map((lease) => lease.market))], this.#now());
    const ofMarket = possible.filter((lease) => lease.market === market);
    const fresh = ofMarket.find(({ row }) => !this.#suspects.hasJustFailed(row, taker.device));
    const first = fresh ?? ofMarket[0];
    if (first === undefined) return null;
    const model = taker.modelOf(first);
    if (this.#suspects.has(first.row)) return { model, limit: 1, batch: [first] };
    const company = possible.filter(
      (lease) => lease !== first && !this.#suspects.has(lease.row) && taker.modelOf(lease) === model,
    );
    const limit = taker.limit(first);
    const likely = [first, ...likest(first, company, limit - 1)];
    const batch = likely.slice(0, taker.fitting?.(likely));
    return { model, limit: batch.length < likely.length ? batch.length : limit, batch };
  }

  /** What is planned now, in numbers. */
  preview(taker: BatchTaker): NextBatch | null {
    const plan = this.plan(taker);
    if (plan === null) return null;
    const { model, limit, batch } = plan;
    // Of one that nobody saw become ready: since this process began.
    const since = Math.min(...batch.map(({ row }) => this.#readySince.get(row) ?? 0));
    return { model, limit, jobs: batch.length, waitedMs: Math.max(0, performance.now() - since) };
  }
}
