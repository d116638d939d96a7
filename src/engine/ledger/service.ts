/** What the ledger knows of our service at a market: acknowledged heartbeats, and how leases ended. */
import type { MarketId } from "../../shared/contract/views.ts";
import type { Database } from "./database.ts";

export interface EndedLease {
  readonly jobId: string;
  /** Accepted by the market, or not. */
  readonly done: boolean;
  /** Grant to end, ms. */
  readonly tookMs: number;
  readonly maxRuntimeMs: number | null;
}

export interface RunningLease {
  readonly jobId: string;
  readonly grantedAt: number;
  readonly maxRuntimeMs: number | null;
}

export class ServiceTable {
  readonly #statements;

  constructor(db: Database) {
    this.#statements = {
      beat: db.prepare("INSERT INTO heartbeats (market, at, capacity) VALUES (?, ?, ?)"),
      beats: db
        .prepare<[string, number], number>(
          "SELECT at FROM heartbeats WHERE market = ? AND at >= ? ORDER BY at",
        )
        .pluck(),
      forget: db.prepare("DELETE FROM heartbeats WHERE at < ?"),
      // What a market takes for a verdict: an accepted result, a failure, a lease that ran out. Returns are none.
      ended: db.prepare<
        [string, number, number],
        { job_id: string; done: number; took: number; max_runtime_ms: number | null }
      >(
        `SELECT job_id, accepted_at IS NOT NULL AS done, coalesce(accepted_at, finished_at) - granted_at AS took,
           max_runtime_ms
         FROM leases WHERE market = ? AND (accepted_at IS NOT NULL OR state IN ('failed', 'expired', 'lost', 'rejected'))
           AND coalesce(accepted_at, finished_at) BETWEEN ? AND ?`,
      ),
      running: db.prepare<[string], { job_id: string; granted_at: number; max_runtime_ms: number | null }>(
        `SELECT job_id, granted_at, max_runtime_ms FROM leases
         WHERE market = ? AND finished_at IS NULL AND accepted_at IS NULL`,
      ),
    };
  }

  recordHeartbeat(market: MarketId, at: number, capacity: number): void {
    this.#statements.beat.run(market, at, capacity);
  }

  /** Ascending, unix ms. */
  heartbeats(market: MarketId, since: number): number[] {
    return this.#statements.beats.all(market, since);
  }

  forgetHeartbeats(before: number): void {
    this.#statements.forget.run(before);
  }

  ended(market: MarketId, from: number, to: number): EndedLease[] {
    return this.#statements.ended.all(market, from, to).map((row) => ({
      jobId: row.job_id,
      done: row.done === 1,
      tookMs: row.took,
      maxRuntimeMs: row.max_runtime_ms,
    }));
  }

  running(market: MarketId): RunningLease[] {
    return this.#statements.running.all(market).map((row) => ({
      jobId: row.job_id,
      grantedAt: row.granted_at,
      maxRuntimeMs: row.max_runtime_ms,
    }));
  }
}
