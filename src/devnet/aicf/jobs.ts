/** AICF's jobs, their results and the priority in which they are handed out, as rows. */
import type Database from "better-sqlite3";
import { type JobEvent, type JobState, nextState } from "./job-state.ts";

/** Texts to embed, or the fields of a text to be generated (profile v1, job kinds). */
export type JobInput = readonly string[] | TextFields;
export type TextFields = { readonly prompt: string } | { readonly messages: readonly ChatMessage[] };
interface ChatMessage {
  readonly role: string;
  readonly content: string;
}

export function isEmbedding(input: JobInput): input is readonly string[] {
  return Array.isArray(input);
}

/** What the job brings to be read. */
export function textsOf(input: JobInput): readonly string[] {
  if (isEmbedding(input)) return input;
  return "prompt" in input ? [input.prompt] : input.messages.map(({ content }) => content);
}

export interface Job {
  readonly id: string;
  readonly state: JobState;
  readonly model: string;
  readonly input: JobInput;
  readonly params: Readonly<Record<string, unknown>>;
  readonly requester: string | null;
  readonly region: string | null;
  /** Nano. */
  readonly fee: number;
  readonly units: number;
  readonly sizeBytes: number;
  readonly tier: string;
  readonly createdAt: number;
  readonly updatedAt: number;
  /** Created + TTL. */
  readonly expiresAt: number;
  readonly maxRuntimeMs: number;
  /** Leases that counted. */
  readonly attempts: number;
  /** Not before this (retry delay). */
  readonly readyAt: number;
  /** Holder, or who completed it. */
  readonly providerId: string | null;
}

export type NewJob = Omit<Job, "state" | "updatedAt" | "attempts" | "readyAt" | "providerId">;

export interface JobFilter {
  readonly status: JobState | null;
  readonly providerId: string | null;
  readonly requester: string | null;
  readonly offset: number;
  readonly limit: number;
}

/** Which queued jobs a worker takes. */
export interface JobWish {
  /** null: any. */
  readonly models: readonly string[] | null;
  readonly region: string | null;
  /** Texts to embed; texts to be generated. */
  readonly embed: boolean;
  readonly generate: boolean;
}

export interface Result {
  readonly jobId: string;
  readonly leaseId: string;
  readonly providerId: string;
  /** As completed: hex of 32 or 64 bytes, no 0x. */
  readonly outputDigest: string;
  readonly outputSha3_512: string;
  readonly proofRefs: readonly unknown[];
  readonly meta: Readonly<Record<string, unknown>>;
  readonly receipt: string;
  readonly completedAt: number;
  readonly latencyMs: number;
}

const COLUMNS = `id, state, model, input, params, requester, region, fee, units, size_bytes AS sizeBytes, tier,
  created_at AS createdAt, updated_at AS updatedAt, expires_at AS expiresAt, max_runtime_ms AS maxRuntimeMs,
  attempts, ready_at AS readyAt, provider_id AS providerId`;
const RESULT_COLUMNS = `job_id AS jobId, lease_id AS leaseId, provider_id AS providerId, output_digest AS outputDigest,
  output_sha3_512 AS outputSha3_512, proof_refs AS proofRefs, meta, receipt, completed_at AS completedAt,
  latency_ms AS latencyMs`;
/** Upstream's queue/priority.py: fee, age, size, tier, id; the index aicf_jobs_by_state is in this order. */
const PRIORITY = `fee DESC, created_at ASC, size_bytes ASC,
  CASE tier WHEN 'gold' THEN 0 WHEN 'premium' THEN 1 ELSE 2 END ASC, id ASC`;

interface DueQuery {
  readonly models: string | null;
  readonly region: string | null;
  readonly embed: 0 | 1;
  readonly generate: 0 | 1;
  readonly now: number;
  readonly limit: number;
}

type JobRow = Omit<Job, "input" | "params"> & { input: string; params: string };
type ResultRow = Omit<Result, "proofRefs" | "meta"> & { proofRefs: string; meta: string };

export class Jobs {
  readonly #db: Database.Database;

  constructor(db: Database.Database) {
    this.#db = db;
  }

  insert(job: NewJob): void {
    this.#db
      .prepare(
        `INSERT INTO aicf_jobs (id, state, model, input, params, requester, region, fee, units, size_bytes, tier,
           created_at, updated_at, expires_at, max_runtime_ms, ready_at)
         VALUES (@id, 'queued', @model, @input, @params, @requester, @region, @fee, @units, @sizeBytes, @tier,
           @createdAt, @createdAt, @expiresAt, @maxRuntimeMs, @createdAt)`,
      )
      .run({ ...job, input: JSON.stringify(job.input), params: JSON.stringify(job.params) });
  }

  get(id: string): Job | null {
    const row = this.#db.prepare<[string], JobRow>(`SELECT ${COLUMNS} FROM aicf_jobs WHERE id = ?`).get(id);
    return row ? fromRow(row) : null;
  }

  list(filter: JobFilter): Job[] {
    return this.#db
      .prepare<[JobFilter], JobRow>(
        `SELECT ${COLUMNS} FROM aicf_jobs
         WHERE (@status IS NULL OR state = @status) AND (@providerId IS NULL OR provider_id = @providerId)
           AND (@requester IS NULL OR requester = @requester)
         ORDER BY seq LIMIT @limit OFFSET @offset`,
      )
      .all(filter)
      .map(fromRow);
  }

  /** The best queued jobs that are due now, in order of priority. */
  due(wish: JobWish, now: number, limit: number): Job[] {
    if (limit <= 0) return [];
    const models = wish.models === null ? null : JSON.stringify(wish.models);
    return this.#db
      .prepare<[DueQuery], JobRow>(
        `SELECT ${COLUMNS} FROM aicf_jobs
         WHERE state = 'queued' AND ready_at <= @now AND expires_at >= @now
           AND (region IS NULL OR region = @region)
           AND iif(json_type(input) = 'array', @embed, @generate)
           AND (@models IS NULL OR model IN (SELECT value FROM json_each(@models)))
         ORDER BY ${PRIORITY} LIMIT @limit`,
      )
      .all({
        models,
        region: wish.region,
        embed: wish.embed ? 1 : 0,
        generate: wish.generate ? 1 : 0,
        now,
        limit,
      })
      .map(fromRow);
  }

  /** Jobs past their TTL: queued ones at once, leased ones after a grace. */
  overdue(now: number, leasedGraceMs: number): Job[] {
    return this.#db
      .prepare<[number, number], JobRow>(
        `SELECT ${COLUMNS} FROM aicf_jobs
         WHERE (state = 'queued' AND expires_at < ?) OR (state = 'leased' AND expires_at < ?)`,
      )
      .all(now, now - leasedGraceMs)
      .map(fromRow);
  }

  countQueued(): number {
    const sql = "SELECT COUNT(*) AS n FROM aicf_jobs WHERE state = 'queued'";
    return this.#db.prepare<[], { n: number }>(sql).get()?.n ?? 0;
  }

  /** One step of the job's life; `providerId` is who holds or held it. */
  step(
    job: Job,
    event: JobEvent,
    change: { now: number; providerId?: string | null; attempts?: number; readyAt?: number },
  ): JobState {
    const state = nextState(job.state, event);
    this.#db
      .prepare(
        "UPDATE aicf_jobs SET state = ?, provider_id = ?, attempts = ?, ready_at = ?, updated_at = ? WHERE id = ?",
      )
      .run(
        state,
        change.providerId === undefined ? job.providerId : change.providerId,
        change.attempts ?? job.attempts,
        change.readyAt ?? job.readyAt,
        change.now,
        job.id,
      );
    return state;
  }

  saveResult(result: Result): void {
    this.#db
      .prepare(
        `INSERT INTO aicf_results VALUES (@jobId, @leaseId, @providerId, @outputDigest, @outputSha3_512, @proofRefs,
           @meta, @receipt, @completedAt, @latencyMs)`,
      )
      .run({ ...result, proofRefs: JSON.stringify(result.proofRefs), meta: JSON.stringify(result.meta) });
  }

  result(jobId: string): Result | null {
    const row = this.#db
      .prepare<[string], ResultRow>(`SELECT ${RESULT_COLUMNS} FROM aicf_results WHERE job_id = ?`)
      .get(jobId);
    if (!row) return null;
    return {
      ...row,
      proofRefs: JSON.parse(row.proofRefs) as unknown[],
      meta: JSON.parse(row.meta) as Record<string, unknown>,
    };
  }

  /** Completed jobs that no epoch has paid yet, oldest first. */
  unsettled(providerId: string | null = null): Job[] {
    return this.#db
      .prepare<[{ providerId: string | null }], JobRow>(
        `SELECT ${COLUMNS} FROM aicf_jobs WHERE state = 'completed' AND epoch IS NULL
           AND (@providerId IS NULL OR provider_id = @providerId) ORDER BY seq`,
      )
      .all({ providerId })
      .map(fromRow);
  }

  markSettled(jobId: string, epoch: number): void {
    this.#db.prepare("UPDATE aicf_jobs SET epoch = ? WHERE id = ?").run(epoch, jobId);
  }

  /** Finished and (where there is something to pay) settled jobs disappear with their leases and outputs. */
  forgetFinishedBefore(at: number): void {
    const old = `SELECT id FROM aicf_jobs WHERE updated_at < @at
      AND (state IN ('expired', 'failed') OR (state = 'completed' AND epoch IS NOT NULL))`;
    for (const sql of [
      `DELETE FROM aicf_results WHERE job_id IN (${old})`,
      `DELETE FROM aicf_leases WHERE job_id IN (${old})`,
      `DELETE FROM aicf_jobs WHERE id IN (${old})`,
    ]) {
      this.#db.prepare(sql).run({ at });
    }
  }
}

function fromRow(row: JobRow): Job {
  return {
    ...row,
    input: JSON.parse(row.input) as string[],
    params: JSON.parse(row.params) as Record<string, unknown>,
  };
}
