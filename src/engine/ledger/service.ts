/** What the ledger knows of our service at a market: acknowledged heartbeats, and how leases ended. */
import type { MarketId } from "../../shared/contract/views.ts";
import { HELD_STATES } from "../work/job-machine.ts";
import type { Database } from "./database.ts";

const HELD = HELD_STATES.map((state) => `'${state}'`).join(",");

const EVENTS_LOOKED_AT = 20_000;

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
        [{ market: string; from: number; to: number }],
        { job_id: string; done: number; took: number; max_runtime_ms: number | null }
      >(
        `SELECT job_id, 1 AS done, accepted_at - granted_at AS took, max_runtime_ms FROM leases
         WHERE market = @market AND accepted_at IS NOT NULL AND accepted_at BETWEEN @from AND @to
         UNION ALL
         SELECT job_id, 0, finished_at - granted_at, max_runtime_ms FROM leases
         WHERE market = @market AND state IN ('failed', 'expired', 'lost', 'rejected')
           AND accepted_at IS NULL AND finished_at BETWEEN @from AND @to`,
      ),
      changes: db.prepare<[number, string, number], { at: number; detail: string }>(
        `SELECT at, detail FROM events
         WHERE type = 'guard-acted' AND id > (SELECT max(id) FROM events) - ? AND market = ?
         ORDER BY id DESC LIMIT ?`,
      ),
      lastAccepted: db
        .prepare<[string], number | null>(
          "SELECT max(accepted_at) FROM leases WHERE market = ? AND accepted_at IS NOT NULL",
        )
        .pluck(),
      running: db.prepare<[string], { job_id: string; granted_at: number; max_runtime_ms: number | null }>(
        `SELECT job_id, granted_at, max_runtime_ms FROM leases
         WHERE market = ? AND finished_at IS NULL AND state IN (${HELD})`,
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

  /** Of any start, unix ms; null: the market has accepted nothing yet. */
  lastAcceptedAt(market: MarketId): number | null {
    return this.#statements.lastAccepted.get(market) ?? null;
  }

  ended(market: MarketId, from: number, to: number): EndedLease[] {
    return this.#statements.ended.all({ market, from, to }).map((row) => ({
      jobId: row.job_id,
      done: row.done === 1,
      tookMs: row.took,
      maxRuntimeMs: row.max_runtime_ms,
    }));
  }

  /** What the guard did at a market, newest first: each change as it was written down. */
  guardActs(market: MarketId, limit: number): { at: number; detail: unknown }[] {
    return this.#statements.changes
      .all(EVENTS_LOOKED_AT, market, limit)
      .map(({ at, detail }) => ({ at, detail: JSON.parse(detail) as unknown }));
  }

  running(market: MarketId): RunningLease[] {
    return this.#statements.running.all(market).map((row) => ({
      jobId: row.job_id,
      grantedAt: row.granted_at,
      maxRuntimeMs: row.max_runtime_ms,
    }));
  }
}
