/** What is promised to a market and what it answers: results on their way, its verdict on them, and what it paid. */
import type { AppError } from "../../shared/errors.ts";
import type { HeldLease } from "../ledger/leases.ts";
import type { Ledger } from "../ledger/ledger.ts";
import type { NewResult } from "../ledger/results.ts";
import type { JobCredit, SubmitOutcome } from "../market/port.ts";
import type { HeldLeases } from "./held-leases.ts";
import type { JobEvent } from "./job-machine.ts";

export interface ComputedItem {
  readonly lease: HeldLease;
  readonly result: Omit<NewResult, "row">;
  readonly output: Uint8Array;
}

/** Moves a job in the ledger and in memory. */
export type Mover = (
  lease: HeldLease,
  event: JobEvent,
  fields?: Parameters<Ledger["leases"]["apply"]>[3],
) => HeldLease;

export interface MarketWordDeps {
  readonly ledger: Ledger;
  readonly held: HeldLeases;
  readonly move: Mover;
  readonly now: () => number;
}

export class MarketWord {
  readonly #deps: MarketWordDeps;

  constructor(deps: MarketWordDeps) {
    this.#deps = deps;
  }

  /** Results and their digests become durable in one commit, and with them the promise to submit them. */
  promise(items: readonly ComputedItem[]): void {
    const { ledger, held, move, now } = this.#deps;
    ledger.transaction(() => {
      for (const { lease, result, output } of items) {
        // The lease may have ended (stop, expiry) while its batch ran: then nothing is promised to anybody.
        if (!held.allows(lease.row, "compute")) continue;
        ledger.results.insert({ ...result, row: lease.row }, output, now());
        move(lease, "compute");
        ledger.outbox.put(
          {
            row: lease.row,
            market: lease.market,
            kind: "result",
            idempotencyKey: `${lease.market}:${lease.leaseId}:${result.sha3_256.slice(0, 16)}`,
          },
          now(),
        );
      }
    });
  }

  /** To be called in the transaction that ends the lease. */
  tellReturned(lease: HeldLease, reason: string): void {
    const { ledger, now } = this.#deps;
    const idempotencyKey = `${lease.leaseId}:return`;
    ledger.outbox.put(
      { row: lease.row, market: lease.market, kind: "return", idempotencyKey, message: reason },
      now(),
    );
  }

  /** To be called in the transaction that ends the lease. */
  tellFailed(lease: HeldLease, error: AppError): void {
    const { ledger, now } = this.#deps;
    const message = JSON.stringify({ code: error.code, message: error.message, retryable: error.retryable });
    const idempotencyKey = `${lease.leaseId}:fail`;
    ledger.outbox.put({ row: lease.row, market: lease.market, kind: "fail", idempotencyKey, message }, now());
  }

  markSubmitting(row: number): void {
    const { ledger, move, now } = this.#deps;
    ledger.transaction(() => {
      ledger.outbox.markSending(row, now());
      move(this.#lease(row), "submit");
    });
  }

  /** The market has answered a submission. */
  settleSubmission(row: number, outcome: SubmitOutcome): void {
    const { ledger, move, now } = this.#deps;
    const lease = this.#lease(row);
    const ended = (event: "reject" | "lose" | "expire", code: string, message: string) =>
      move(lease, event, { error: { code, message, actor: "market" } });
    ledger.transaction(() => {
      ledger.outbox.remove(row);
      switch (outcome.kind) {
        case "accepted":
          if (outcome.marketReceipt !== null) ledger.results.keepMarketReceipt(row, outcome.marketReceipt);
          move(lease, "accept", outcome.receiptCheck ? { note: outcome.receiptCheck.detail } : {});
          if (outcome.receiptCheck?.ok === false) {
            const detail = { jobId: lease.jobId, message: outcome.receiptCheck.detail };
            ledger.audit("receipt-unverified", now(), detail, { market: lease.market, row });
          }
          break;
        case "rejected":
          ended("reject", outcome.code, outcome.message);
          break;
        case "lost":
          ended("lose", "LEASE_LOST", outcome.message);
          break;
        case "expired":
          ended("expire", "LEASE_EXPIRED", outcome.message);
          break;
      }
    });
  }

  /** Credits the market has booked, matched to accepted jobs by job id. Returns how many were settled. */
  settle(unsettled: readonly { row: number; jobId: string }[], credits: readonly JobCredit[]): number {
    const { ledger, move } = this.#deps;
    const open = new Map(unsettled.map((lease) => [lease.jobId, lease.row]));
    ledger.transaction(() => {
      for (const credit of credits) {
        const row = open.get(credit.jobId);
        if (row === undefined) continue;
        open.delete(credit.jobId);
        ledger.earnings.insert(row, credit);
        move(ledger.leases.get(row), "settle");
      }
    });
    return unsettled.length - open.size;
  }

  /** Held, or ended a moment ago. */
  #lease(row: number): HeldLease {
    return this.#deps.held.get(row) ?? this.#deps.ledger.leases.get(row);
  }
}
