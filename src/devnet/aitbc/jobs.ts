/** The coordinator's jobs, as rows: QUEUED → RUNNING (at poll) → COMPLETED | FAILED | CANCELED | EXPIRED. */
import type Database from "better-sqlite3";
import { dumpPython, isPyObject, type PyObject, parsePython } from "../python-json.ts";

export const JOB_STATES = ["QUEUED", "RUNNING", "COMPLETED", "FAILED", "CANCELED", "EXPIRED"] as const;
export type JobState = (typeof JOB_STATES)[number];

export interface Job {
  readonly id: string;
  readonly client: string;
  readonly state: JobState;
  readonly payload: PyObject;
  readonly constraints: PyObject;
  readonly requestedAt: number;
  readonly expiresAt: number;
  readonly assignedMiner: string | null;
  readonly error: string | null;
  readonly result: PyObject | null;
  readonly receipt: PyObject | null;
  readonly paymentId: string | null;
  readonly paymentStatus: "escrowed" | "released" | null;
  /** Gross, in 1e-8 AIT. */
  readonly amountE8: number | null;
}

export type NewJob = Pick<
  Job,
  | "id"
  | "client"
  | "payload"
  | "constraints"
  | "requestedAt"
  | "expiresAt"
  | "paymentId"
  | "paymentStatus"
  | "amountE8"
>;

interface JobRow {
  id: string;
  client: string;
  state: JobState;
  payload: string;
  constraints: string;
  requested_at: number;
  expires_at: number;
  assigned_miner: string | null;
  error: string | null;
  result: string | null;
  receipt: string | null;
  payment_id: string | null;
  payment_status: "escrowed" | "released" | null;
  amount_e8: number | null;
}

export interface EarningsRow {
  readonly id: string;
  readonly amountE8: number | null;
  readonly paymentStatus: string | null;
}

export class Jobs {
  readonly #db: Database.Database;

  constructor(db: Database.Database) {
    this.#db = db;
  }

  insert(job: NewJob): void {
    this.#db
      .prepare(
        `INSERT INTO aitbc_jobs (id, client, state, payload, constraints, requested_at, expires_at, payment_id, payment_status, amount_e8)
         VALUES (@id, @client, 'QUEUED', @payload, @constraints, @requestedAt, @expiresAt, @paymentId, @paymentStatus, @amountE8)`,
      )
      .run({ ...job, payload: dumpPython(job.payload), constraints: dumpPython(job.constraints) });
  }

  get(id: string): Job | null {
    const row = this.#db.prepare<[string], JobRow>("SELECT * FROM aitbc_jobs WHERE id = ?").get(id);
    return row ? fromRow(row) : null;
  }

  /** Oldest first; read lazily, because the first match usually stands at the front. */
  *queued(): Generator<Job> {
    const page = this.#db.prepare<[number], JobRow & { seq: number }>(
      "SELECT * FROM aitbc_jobs WHERE state = 'QUEUED' AND seq > ? ORDER BY seq LIMIT 20",
    );
    for (let after = 0; ; ) {
      const rows = page.all(after);
      for (const row of rows) yield fromRow(row);
      const last = rows.at(-1);
      if (!last) return;
      after = last.seq;
    }
  }

  countQueued(): number {
    return this.#count("SELECT COUNT(*) AS n FROM aitbc_jobs WHERE state = 'QUEUED'");
  }

  assign(id: string, miner: string): void {
    this.#db
      .prepare("UPDATE aitbc_jobs SET state = 'RUNNING', assigned_miner = ? WHERE id = ?")
      .run(miner, id);
  }

  complete(id: string, outcome: { result: PyObject; receipt: PyObject | null }, now: number): void {
    this.#db
      .prepare(
        "UPDATE aitbc_jobs SET state = 'COMPLETED', result = ?, receipt = ?, error = NULL, finished_at = ? WHERE id = ?",
      )
      .run(
        dumpPython(outcome.result),
        outcome.receipt === null ? null : dumpPython(outcome.receipt),
        now,
        id,
      );
  }

  end(id: string, state: "FAILED" | "EXPIRED", error: string | null, now: number): void {
    this.#db
      .prepare("UPDATE aitbc_jobs SET state = ?, error = COALESCE(?, error), finished_at = ? WHERE id = ?")
      .run(state, error, now, id);
  }

  paymentReleased(id: string): void {
    this.#db.prepare("UPDATE aitbc_jobs SET payment_status = 'released' WHERE id = ?").run(id);
  }

  /** Jobs that were given to a miner, newest first. */
  ofMiner(miner: string): Job[] {
    return this.#db
      .prepare<[string], JobRow>("SELECT * FROM aitbc_jobs WHERE assigned_miner = ? ORDER BY seq DESC")
      .all(miner)
      .map(fromRow);
  }

  /** Completed jobs of a miner, newest first. */
  completedOf(miner: string): EarningsRow[] {
    return this.#db
      .prepare<[string], EarningsRow>(
        `SELECT id, amount_e8 AS amountE8, payment_status AS paymentStatus FROM aitbc_jobs
         WHERE assigned_miner = ? AND state = 'COMPLETED' ORDER BY seq DESC`,
      )
      .all(miner);
  }

  /** Bodies of finished jobs are dropped once they are old, so that a demo left alone does not fill the disk. */
  trim(finishedBefore: number): void {
    this.#db
      .prepare(
        `UPDATE aitbc_jobs SET payload = '{}', result = NULL, receipt = NULL, finished_at = NULL
         WHERE finished_at IS NOT NULL AND finished_at < ?`,
      )
      .run(finishedBefore);
  }

  #count(sql: string): number {
    return this.#db.prepare<[], { n: number }>(sql).get()?.n ?? 0;
  }
}

function fromRow(row: JobRow): Job {
  return {
    id: row.id,
    client: row.client,
    state: row.state,
    payload: object(row.payload) ?? {},
    constraints: object(row.constraints) ?? {},
    requestedAt: row.requested_at,
    expiresAt: row.expires_at,
    assignedMiner: row.assigned_miner,
    error: row.error,
    result: object(row.result),
    receipt: object(row.receipt),
    paymentId: row.payment_id,
    paymentStatus: row.payment_status,
    amountE8: row.amount_e8,
  };
}

function object(text: string | null): PyObject | null {
  if (text === null) return null;
  const value = parsePython(text);
  return isPyObject(value) ? value : null;
}
