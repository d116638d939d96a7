/** What the market has on record of each provider's service: heartbeats, ended leases, trap answers, penalties. */
import type Database from "better-sqlite3";
import type { Measured, SlashReason } from "./penalties.ts";
import { availability, mean, percentile } from "./sla.ts";

export interface Slash {
  readonly reason: SlashReason;
  readonly amount: number;
  readonly height: number;
  readonly at: number;
  readonly jobId: string | null;
}

interface LeaseCounts {
  readonly ended: number;
  readonly ok: number;
}

export class ServiceBook {
  readonly #db: Database.Database;

  constructor(db: Database.Database) {
    this.#db = db;
  }

  /** The provider's service in [from, to], unix ms. */
  measure(providerId: string, from: number, to: number): Measured {
    const beats = this.#db
      .prepare<[string, number, number], { at: number; qos: number | null }>(
        "SELECT at, qos FROM aicf_heartbeats WHERE provider_id = ? AND at >= ? AND at <= ? ORDER BY at",
      )
      .all(providerId, from, to);
    const latencies = this.#latencies(providerId, from, to);
    const traps = this.#traps(providerId, from, to);
    const leases = this.#leases(providerId, from, to);
    return {
      jobs: latencies.length,
      trapsTotal: traps.total,
      traps: traps.total === 0 ? null : traps.ok / traps.total,
      qos:
        leases.ended > 0
          ? leases.ok / leases.ended
          : mean(beats.flatMap((beat) => (beat.qos === null ? [] : [beat.qos]))),
      latencyP95Ms: percentile(latencies, 0.95),
      availability: availability(
        beats.map((beat) => beat.at),
        from,
        to,
      ),
    };
  }

  /** Did it offer capacity from the window's begin (a heartbeat's worth of time) to its end? */
  wasOnDuty(providerId: string, from: number, to: number, aliveMs: number): boolean {
    const sql = `SELECT MIN(at) FILTER (WHERE capacity > 0) AS first, COUNT(*) FILTER (WHERE capacity = 0) AS pauses
      FROM aicf_heartbeats WHERE provider_id = ? AND at >= ? AND at <= ?`;
    const row = this.#db
      .prepare<[string, number, number], { first: number | null; pauses: number }>(sql)
      .get(providerId, from - aliveMs, to);
    return row !== undefined && row.first !== null && row.first <= from + aliveMs && row.pauses === 0;
  }

  recordTrap(providerId: string, jobId: string, ok: boolean, at: number): void {
    this.#db
      .prepare("INSERT INTO aicf_trap_results VALUES (?, ?, ?, ?) ON CONFLICT (job_id) DO NOTHING")
      .run(jobId, providerId, ok ? 1 : 0, at);
  }

  recordSlash(providerId: string, slash: Slash): void {
    this.#db
      .prepare(
        "INSERT INTO aicf_slashes (provider_id, reason, amount, height, at, job_id) VALUES (?, ?, ?, ?, ?, ?)",
      )
      .run(providerId, slash.reason, slash.amount, slash.height, slash.at, slash.jobId);
  }

  /** Newest first. */
  slashes(providerId: string, since = 0): Slash[] {
    return this.#db
      .prepare<[string, number], Slash>(
        `SELECT reason, amount, height, at, job_id AS jobId FROM aicf_slashes
         WHERE provider_id = ? AND at >= ? ORDER BY seq DESC LIMIT 100`,
      )
      .all(providerId, since);
  }

  /** The last trap answered wrongly in the window: what a penalty is told to be about. */
  lastFailedTrap(providerId: string, from: number, to: number): string | null {
    const sql = `SELECT job_id AS id FROM aicf_trap_results
      WHERE provider_id = ? AND ok = 0 AND at >= ? AND at <= ? ORDER BY at DESC LIMIT 1`;
    return (
      this.#db.prepare<[string, number, number], { id: string }>(sql).get(providerId, from, to)?.id ?? null
    );
  }

  forgetBefore(at: number): void {
    this.#db.prepare("DELETE FROM aicf_trap_results WHERE at < ?").run(at);
  }

  /** Grant-to-completion times, ms, ascending. */
  #latencies(providerId: string, from: number, to: number): number[] {
    return this.#db
      .prepare<[string, number, number], { ms: number }>(
        `SELECT latency_ms AS ms FROM aicf_results
         WHERE provider_id = ? AND completed_at >= ? AND completed_at <= ? ORDER BY latency_ms`,
      )
      .all(providerId, from, to)
      .map((row) => row.ms);
  }

  #traps(providerId: string, from: number, to: number): { total: number; ok: number } {
    const sql = `SELECT COUNT(*) AS total, COALESCE(SUM(ok), 0) AS ok FROM aicf_trap_results
      WHERE provider_id = ? AND at >= ? AND at <= ?`;
    const row = this.#db
      .prepare<[string, number, number], { total: number; ok: number }>(sql)
      .get(providerId, from, to);
    return row ?? { total: 0, ok: 0 };
  }

  /** Leases that ended with a verdict; `ok`: completed within the job's own runtime limit. Returns don't count. */
  #leases(providerId: string, from: number, to: number): LeaseCounts {
    const sql = `SELECT COUNT(*) AS ended,
        COALESCE(SUM(l.state = 'completed' AND l.ended_at - l.granted_at <= j.max_runtime_ms), 0) AS ok
      FROM aicf_leases l JOIN aicf_jobs j ON j.id = l.job_id
      WHERE l.provider_id = ? AND l.state IN ('completed', 'failed', 'expired')
        AND l.ended_at >= ? AND l.ended_at <= ?`;
    const row = this.#db.prepare<[string, number, number], LeaseCounts>(sql).get(providerId, from, to);
    return row ?? { ended: 0, ok: 0 };
  }
}
