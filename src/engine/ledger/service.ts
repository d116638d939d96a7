/** What the ledger knows of our service at a market: acknowledged heartbeats, and how leases ended. */
import type { MarketId } from "../../shared/contract/views.ts";
import { HELD_STATES } from "../work/job-machine.ts";
import type { Database } from "./database.ts";
import { COPIED_LEASES } from "./other-machine.ts";

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

interface Beat {
  readonly market: MarketId;
  readonly at: number;
  readonly capacity: number;
}

export class ServiceTable {
  readonly #db: Database;
  readonly #statements;
  /** Heard, and not written down yet. */
  #unwritten: Beat[] = [];

  constructor(db: Database) {
    this.#db = db;
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
           AND +id > ${COPIED_LEASES}
         UNION ALL
         SELECT job_id, 0, finished_at - granted_at, max_runtime_ms FROM leases
         WHERE market = @market AND state IN ('failed', 'expired', 'lost', 'rejected')
           AND accepted_at IS NULL AND finished_at BETWEEN @from AND @to
           AND +id > ${COPIED_LEASES}`,
      ),
      changes: db.prepare<[number, string, number], { at: number; detail: string }>(
        `SELECT at, detail FROM events
         WHERE type = 'guard-acted' AND id > (SELECT max(id) FROM events) - ? AND market = ?
         ORDER BY id DESC LIMIT ?`,
      ),
      lastAccepted: db
        .prepare<[string], number>(
          `SELECT accepted_at FROM leases WHERE market = ? AND accepted_at IS NOT NULL AND +id > ${COPIED_LEASES}
           ORDER BY accepted_at DESC LIMIT 1`,
        )
        .pluck(),
      running: db.prepare<[string], { job_id: string; granted_at: number; max_runtime_ms: number | null }>(
        `SELECT job_id, granted_at, max_runtime_ms FROM leases
         WHERE market = ? AND finished_at IS NULL AND state IN (${HELD})`,
      ),
    };
  }

  /** Durable with the next `writeHeartbeats`: a commit for each would wake the disk of an idle machine all day long. */
  recordHeartbeat(market: MarketId, at: number, capacity: number): void {
    this.#unwritten.push({ market, at, capacity });
  }

  /** Ascending, unix ms; those that are not written down yet too. */
  heartbeats(market: MarketId, since: number): number[] {
    const written = this.#statements.beats.all(market, since);
    const unwritten = this.#unwritten.filter((beat) => beat.market === market && beat.at >= since);
    return [...written, ...unwritten.map(({ at }) => at)].sort((a, b) => a - b);
  }

  /** Once a minute, and before the ledger is closed: kill -9 costs the beats of a minute. Forgets those before `keepFrom`, unix ms. */
  writeHeartbeats(keepFrom = 0): void {
    this.#db.transaction(() => {
      for (const { market, at, capacity } of this.#unwritten) this.#statements.beat.run(market, at, capacity);
      this.#statements.forget.run(keepFrom);
    })();
    this.#unwritten = [];
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
