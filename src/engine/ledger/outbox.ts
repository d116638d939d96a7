/**
 * What the markets have still to hear. A result's row is written in the same transaction that makes its job
 * "computed", so there is never a digest without a promise to deliver it, nor a delivery without a durable digest.
 */
import { type MarketId, MarketIdSchema } from "../../shared/contract/market-id.ts";
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
  /** Of the output; 0: it is no result. */
  readonly bytes: number;
}

interface OutboxRecord {
  lease: number;
  market: MarketId;
  kind: OutboxKind;
  idempotency_key: string;
  message: string | null;
  attempts: number;
  first_sent_at: number | null;
  bytes: number;
}

/** Of a result's output; what is no result has none. `to` is not among them. */
export interface SizeRange {
  readonly from: number;
  readonly to: number;
}

const ANY_SIZE: SizeRange = { from: 0, to: Number.MAX_SAFE_INTEGER };
const COLUMNS = "s.lease, s.market, s.kind, s.idempotency_key, s.message, s.attempts, s.first_sent_at";
/** A list of names, JSON. */
const THESE = "SELECT value FROM json_each(?)";
/** Told by the record's head: the bytes themselves are not read for it. */
const BYTES = "coalesce(length(o.bytes), 0)";

export class Outbox {
  readonly #statements;

  constructor(db: Database) {
    this.#statements = {
      put: db.prepare(
        `INSERT INTO submissions (lease, market, kind, idempotency_key, message, next_at) VALUES (?, ?, ?, ?, ?, ?)
         ON CONFLICT (lease) DO NOTHING`,
      ),
      due: db.prepare<[string, number, number, number, number], OutboxRecord>(
        `SELECT ${COLUMNS}, ${BYTES} AS bytes FROM submissions s LEFT JOIN outputs o ON o.lease = s.lease
         WHERE s.market = ? AND s.next_at <= ? AND ${BYTES} >= ? AND ${BYTES} < ? ORDER BY s.next_at LIMIT ?`,
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
      clear: db.prepare("DELETE FROM submissions"),
      count: db
        .prepare<[string], number>(`SELECT count(*) FROM submissions WHERE market IN (${THESE})`)
        .pluck(),
      oldest: db
        .prepare<[string], number | null>(
          `SELECT min(CASE s.kind WHEN 'result' THEN r.computed_at ELSE l.finished_at END)
           FROM submissions s JOIN leases l ON l.id = s.lease LEFT JOIN receipts r ON r.lease = s.lease
           WHERE s.market IN (${THESE})`,
        )
        .pluck(),
      stranded: db.prepare<[string], { market: MarketId; results: number }>(
        `SELECT market, count(*) AS results FROM submissions
         WHERE kind = 'result' AND market NOT IN (${THESE}) GROUP BY market ORDER BY market`,
      ),
      dropStranded: db.prepare(`DELETE FROM submissions WHERE kind <> 'result' AND market NOT IN (${THESE})`),
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

  due(market: MarketId, now: number, limit: number, { from, to } = ANY_SIZE): OutboxItem[] {
    return this.#statements.due.all(market, now, from, to, limit).map((r) => ({
      row: r.lease,
      market: r.market,
      kind: r.kind,
      idempotencyKey: r.idempotency_key,
      message: r.message,
      attempts: r.attempts,
      firstSentAt: r.first_sent_at,
      bytes: r.bytes,
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

  /** The market answers again, or the clock that a back-off counts on was set back: nobody has to wait it out. */
  retryAllNow(market: MarketId, now: number): void {
    this.#statements.allNow.run(now, market);
  }

  /** It is another machine that has all this to say. */
  clear(): void {
    this.#statements.clear.run();
  }

  remove(row: number): void {
    this.#statements.remove.run(row);
  }

  /** Of these markets. */
  size(markets: readonly MarketId[] = MarketIdSchema.options): number {
    return this.#statements.count.get(JSON.stringify(markets)) ?? 0;
  }

  /** Since when one of these markets has not heard of the oldest, unix ms; null: they have heard of everything. */
  oldestAt(markets: readonly MarketId[] = MarketIdSchema.options): number | null {
    return this.#statements.oldest.get(JSON.stringify(markets)) ?? null;
  }

  /** Results that can't be delivered: their market is none of these, which are all that there are today. */
  stranded(markets: readonly MarketId[]): { market: MarketId; results: number }[] {
    return this.#statements.stranded.all(JSON.stringify(markets));
  }

  /** What else such a market has not heard of (that a job went back, that one failed) is of no use to it any more. */
  forgetStranded(markets: readonly MarketId[]): void {
    this.#statements.dropStranded.run(JSON.stringify(markets));
  }
}
