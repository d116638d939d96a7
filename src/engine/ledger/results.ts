/** Computed results: digests for ever, the signed receipt and the output bytes for as long as each is kept. */
import { DAY } from "../../shared/durations.ts";
import { FINAL_STATES } from "../work/job-machine.ts";
import type { Database } from "./database.ts";

export interface StoredResult {
  readonly row: number;
  readonly sha3_512: string;
  readonly sha3_256: string;
  readonly inputSha3_256: string;
  readonly shape: readonly number[];
  readonly computeMs: number;
  /** Canonical CBOR of the signed receipt; null: no longer kept. */
  readonly receipt: Uint8Array | null;
}

/** As computed: with its receipt. */
export type NewResult = StoredResult & { readonly receipt: Uint8Array };

/** Of one housekeeping: a long transaction would keep jobs waiting. */
const MOST_RECEIPTS_AT_ONCE = 2_000;
/** Adding up what hundreds of thousands take is not done every time. */
const PRUNINGS_PER_SUM = 10;
/** A receipt is the proof that a market owes; nobody pays for work that is so much older still. */
const UNPAID_LONGER = 365 * DAY;
const FINAL = FINAL_STATES.map((state) => `'${state}'`).join(", ");

interface ResultRecord {
  sha3_512: string;
  sha3_256: string;
  input_sha3_256: string;
  shape: string;
  compute_ms: number;
  receipt: Uint8Array;
}

export class ResultTable {
  readonly #statements;
  #prunings = 0;
  /** Receipts computed then or before find no room; unix ms. */
  #overflowAt = 0;

  constructor(db: Database) {
    this.#statements = {
      insert: db.prepare(
        `INSERT INTO receipts (lease, sha3_512, sha3_256, input_sha3_256, shape, compute_ms, receipt, computed_at)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
      ),
      insertOutput: db.prepare("INSERT INTO outputs (lease, bytes, size, stored_at) VALUES (?, ?, ?, ?)"),
      get: db.prepare<[number], ResultRecord>(
        "SELECT sha3_512, sha3_256, input_sha3_256, shape, compute_ms, receipt FROM receipts WHERE lease = ?",
      ),
      output: db.prepare<[number], Uint8Array>("SELECT bytes FROM outputs WHERE lease = ?").pluck(),
      input: db.prepare<[number], Uint8Array>("SELECT work FROM kept_inputs WHERE lease = ?").pluck(),
      hasOutput: db.prepare<[number], number>("SELECT 1 FROM outputs WHERE lease = ?").pluck(),
      marketReceipt: db.prepare("UPDATE receipts SET market_receipt = ? WHERE lease = ?"),
      // Bytes that a market has still to get are never pruned, whatever their age.
      pruneOld: db.prepare(
        `DELETE FROM outputs WHERE stored_at < ? AND lease NOT IN (SELECT lease FROM submissions WHERE kind = 'result')`,
      ),
      pruneBig: db.prepare(
        `DELETE FROM outputs WHERE lease IN (
           SELECT lease FROM (SELECT lease, sum(size) OVER (ORDER BY lease DESC) AS total FROM outputs) WHERE total > ?)
         AND lease NOT IN (SELECT lease FROM submissions WHERE kind = 'result')`,
      ),
      // The youngest that there is no room for.
      receiptOverflow: db
        .prepare<[number], number>(
          `SELECT computed_at FROM (
             SELECT computed_at, sum(length(receipt) + coalesce(length(market_receipt), 0))
               OVER (ORDER BY computed_at DESC ROWS UNBOUNDED PRECEDING) AS total
             FROM receipts WHERE length(receipt) > 0)
           WHERE total > ? LIMIT 1`,
        )
        .pluck(),
      // Until a job is paid, lost or written off, its receipt may still be asked for; for a year longer than others.
      pruneReceipts: db.prepare(
        `UPDATE receipts SET receipt = x'', market_receipt = NULL WHERE lease IN (
           SELECT receipts.lease FROM receipts JOIN leases ON leases.id = receipts.lease
           WHERE length(receipts.receipt) > 0 AND receipts.computed_at <= @at
             AND (leases.state IN (${FINAL}) OR leases.written_off_at IS NOT NULL OR receipts.computed_at <= @unpaidAt)
           ORDER BY receipts.computed_at LIMIT ${MOST_RECEIPTS_AT_ONCE})`,
      ),
    };
  }

  insert(result: NewResult, output: Uint8Array, now: number): void {
    this.#statements.insert.run(
      result.row,
      result.sha3_512,
      result.sha3_256,
      result.inputSha3_256,
      JSON.stringify(result.shape),
      result.computeMs,
      result.receipt,
      now,
    );
    this.#statements.insertOutput.run(result.row, output, output.length, now);
  }

  get(row: number): StoredResult | null {
    const record = this.#statements.get.get(row);
    if (!record) return null;
    return {
      row,
      sha3_512: record.sha3_512,
      sha3_256: record.sha3_256,
      inputSha3_256: record.input_sha3_256,
      shape: JSON.parse(record.shape) as number[],
      computeMs: record.compute_ms,
      receipt: record.receipt.length === 0 ? null : new Uint8Array(record.receipt),
    };
  }

  output(row: number): Uint8Array | null {
    const bytes = this.#statements.output.get(row);
    return bytes === undefined ? null : new Uint8Array(bytes);
  }

  /** Canonical CBOR of the work, kept as long as the output. */
  input(row: number): Uint8Array | null {
    const bytes = this.#statements.input.get(row);
    return bytes === undefined ? null : new Uint8Array(bytes);
  }

  hasOutput(row: number): boolean {
    return this.#statements.hasOutput.get(row) !== undefined;
  }

  keepMarketReceipt(row: number, receipt: string): void {
    this.#statements.marketReceipt.run(receipt, row);
  }

  /** Drop delivered outputs older than `olderThan` (unix ms), then the oldest until `maxBytes` are left. */
  prune(olderThan: number, maxBytes: number): void {
    this.#statements.pruneOld.run(olderThan);
    this.#statements.pruneBig.run(maxBytes);
  }

  /** Drop receipts, ours and the market's, of jobs that are finished or written off computed before `olderThan` (unix ms), then the oldest until `maxBytes` are left. */
  pruneReceipts(olderThan: number, maxBytes: number): void {
    if (this.#prunings++ % PRUNINGS_PER_SUM === 0)
      this.#overflowAt = this.#statements.receiptOverflow.get(maxBytes) ?? 0;
    this.#statements.pruneReceipts.run({
      at: Math.max(olderThan - 1, this.#overflowAt),
      unpaidAt: olderThan - UNPAID_LONGER,
    });
  }
}
