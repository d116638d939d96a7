/**
 * What the markets have still to hear. A result's row is written in the same transaction that makes its job
 * "computed", so there is never a digest without a promise to deliver it, nor a delivery without a durable digest.
 */
import type { MarketId } from "../../shared/contract/views.ts";
import type { Database } from "./database.ts";

export type OutboxKind = "result" | "fail" | "return";

export interface OutboxItem {
  readonly row: number;
  readonly market: MarketId;
  readonly kind: OutboxKind;
  /** Constant over all tries. */
  readonly idempotencyKey: string;
  /** JSON of the failure, or the reason of a return. */
  readonly message: string | null;
  readonly attempts: number;
  /** Set before the first byte leaves: from then on an earlier try may have arrived. */
  readonly firstSentAt: number | null;
}

interface OutboxRecord {
  lease: number;
  market: MarketId;
  kind: OutboxKind;
  idempotency_key: string;
  message: string | null;
  attempts: number;
  first_sent_at: number | null;
}

const COLUMNS = "lease, market, kind, idempotency_key, message, attempts, first_sent_at";

export class Outbox {
  readonly #statements;

  constructor(db: Database) {
    this.#statements = {
      put: db.prepare(
        `INSERT INTO submissions (lease, market, kind, idempotency_key, message, next_at) VALUES (?, ?, ?, ?, ?, ?)
         ON CONFLICT (lease) DO NOTHING`,
      ),
      due: db.prepare<[string, number, number], OutboxRecord>(
        `SELECT ${COLUMNS} FROM submissions WHERE market = ? AND next_at <= ? ORDER BY next_at LIMIT ?`,
      ),
      nextAt: db
        .prepare<[string], number | null>("SELECT min(next_at) FROM submissions WHERE market = ?")
        .pluck(),
      sending: db.prepare(
        "UPDATE submissions SET attempts = attempts + 1, first_sent_at = coalesce(first_sent_at, ?) WHERE lease = ?",
      ),
      later: db.prepare("UPDATE submissions SET next_at = ? WHERE lease = ?"),
      allNow: db.prepare("UPDATE submissions SET next_at = min(next_at, ?) WHERE market = ?"),
      remove: db.prepare("DELETE FROM submissions WHERE lease = ?"),
      count: db.prepare<[], number>("SELECT count(*) FROM submissions").pluck(),
    };
  }

  put(
    item: { row: number; market: MarketId; kind: OutboxKind; idempotencyKey: string; message?: string },
    now: number,
  ): void {
    this.#statements.put.run(
      item.row,
      item.market,
      item.kind,
      item.idempotencyKey,
      item.message ?? null,
      now,
    );
  }

  due(market: MarketId, now: number, limit: number): OutboxItem[] {
    return this.#statements.due.all(market, now, limit).map((r) => ({
      row: r.lease,
      market: r.market,
      kind: r.kind,
      idempotencyKey: r.idempotency_key,
      message: r.message,
      attempts: r.attempts,
      firstSentAt: r.first_sent_at,
    }));
  }

  /** When the market's next try is due, unix ms; null when there is nothing to tell it. */
  nextAt(market: MarketId): number | null {
    return this.#statements.nextAt.get(market) ?? null;
  }

  markSending(row: number, now: number): void {
    this.#statements.sending.run(now, row);
  }

  retryAt(row: number, at: number): void {
    this.#statements.later.run(at, row);
  }

  /** The market answers again: nobody has to wait out a back-off. */
  retryAllNow(market: MarketId, now: number): void {
    this.#statements.allNow.run(now, market);
  }

  remove(row: number): void {
    this.#statements.remove.run(row);
  }

  size(): number {
    return this.#statements.count.get() ?? 0;
  }
}
