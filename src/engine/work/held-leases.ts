/** The leases we hold, in memory, by their row in the ledger. */
import type { JobState, MarketId } from "../../shared/contract/views.ts";
import type { HeldLease } from "../ledger/leases.ts";
import { canHappen, type JobEvent, UNSENT_STATES } from "./job-machine.ts";

export class HeldLeases {
  readonly #byRow = new Map<number, HeldLease>();

  get size(): number {
    return this.#byRow.size;
  }

  get(row: number): HeldLease | undefined {
    return this.#byRow.get(row);
  }

  put(lease: HeldLease): void {
    this.#byRow.set(lease.row, lease);
  }

  /** Returns whether it was held. */
  remove(row: number): boolean {
    return this.#byRow.delete(row);
  }

  of(market?: MarketId): HeldLease[] {
    const all = [...this.#byRow.values()];
    return market === undefined ? all : all.filter((lease) => lease.market === market);
  }

  inState(state: JobState): HeldLease[] {
    return this.of().filter((lease) => lease.state === state);
  }

  /** Leases whose result is not there yet. */
  countUnsent(market: MarketId): number {
    const unsent: readonly JobState[] = UNSENT_STATES;
    return this.of(market).filter(({ state }) => unsent.includes(state)).length;
  }

  /** It is held, in a state in which that can happen. */
  allows(row: number, event: JobEvent): boolean {
    const lease = this.#byRow.get(row);
    return lease !== undefined && canHappen(lease.state, event);
  }

  /** Still in the run that the caller knows of: meanwhile another device may have taken it. */
  allowsInRun({ row, runs }: HeldLease, event: JobEvent): boolean {
    return this.allows(row, event) && this.#byRow.get(row)?.runs === runs;
  }
}
