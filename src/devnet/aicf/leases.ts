/** AICF's leases, as rows. A lease belongs to (provider, worker); an ended one keeps its answer. */
import type Database from "better-sqlite3";

export type LeaseState = "live" | "completed" | "failed" | "returned" | "expired";

export interface Lease {
  readonly id: string;
  readonly jobId: string;
  readonly providerId: string;
  readonly workerId: string;
  readonly attempt: number;
  readonly state: LeaseState;
  readonly grantedAt: number;
  readonly expiresAt: number;
}

const COLUMNS = `id, job_id AS jobId, provider_id AS providerId, worker_id AS workerId, attempt, state,
  granted_at AS grantedAt, expires_at AS expiresAt`;

export class Leases {
  readonly #db: Database.Database;

  constructor(db: Database.Database) {
    this.#db = db;
  }

  insert(lease: Lease): void {
    this.#db
      .prepare(
        `INSERT INTO aicf_leases (id, job_id, provider_id, worker_id, attempt, state, granted_at, expires_at)
         VALUES (@id, @jobId, @providerId, @workerId, @attempt, @state, @grantedAt, @expiresAt)`,
      )
      .run(lease);
  }

  get(id: string): Lease | null {
    return (
      this.#db.prepare<[string], Lease>(`SELECT ${COLUMNS} FROM aicf_leases WHERE id = ?`).get(id) ?? null
    );
  }

  live(providerId: string, workerId: string | null = null): Lease[] {
    return this.#db
      .prepare<[{ providerId: string; workerId: string | null }], Lease>(
        `SELECT ${COLUMNS} FROM aicf_leases WHERE state = 'live' AND provider_id = @providerId
           AND (@workerId IS NULL OR worker_id = @workerId) ORDER BY granted_at, id`,
      )
      .all({ providerId, workerId });
  }

  liveOfJob(jobId: string): Lease | null {
    const sql = `SELECT ${COLUMNS} FROM aicf_leases WHERE state = 'live' AND job_id = ?`;
    return this.#db.prepare<[string], Lease>(sql).get(jobId) ?? null;
  }

  countLive(): number {
    const sql = "SELECT COUNT(*) AS n FROM aicf_leases WHERE state = 'live'";
    return this.#db.prepare<[], { n: number }>(sql).get()?.n ?? 0;
  }

  /** Live leases whose time is over: a lease lives while its expiry is in the future. */
  overdue(now: number): Lease[] {
    return this.#db
      .prepare<[number], Lease>(`SELECT ${COLUMNS} FROM aicf_leases WHERE state = 'live' AND expires_at <= ?`)
      .all(now);
  }

  extend(id: string, expiresAt: number): void {
    this.#db.prepare("UPDATE aicf_leases SET expires_at = ? WHERE id = ?").run(expiresAt, id);
  }

  end(id: string, state: Exclude<LeaseState, "live">, now: number): void {
    this.#db.prepare("UPDATE aicf_leases SET state = ?, ended_at = ? WHERE id = ?").run(state, now, id);
  }
}
