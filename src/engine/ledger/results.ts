/** Computed results: the commitment (receipt and digests) for ever, the output bytes for as long as they are kept. */
import type { Database } from "./database.ts";

export interface StoredResult {
  readonly row: number;
  readonly sha3_512: string;
  readonly sha3_256: string;
  readonly inputSha3_256: string;
  readonly shape: readonly number[];
  readonly computeMs: number;
  /** Canonical CBOR of the signed receipt. */
  readonly receipt: Uint8Array;
}

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
    };
  }

  insert(result: StoredResult, output: Uint8Array, now: number): void {
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
      receipt: new Uint8Array(record.receipt),
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
}
