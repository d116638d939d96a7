/** The coordinator's JSON, as recorded (protocols/aitbc-transcripts/coordinator-miner.txt). */
import { dumpPython, type PyObject, type PyValue, pyFloat } from "../python-json.ts";
import { malformedUtc, naiveUtc } from "../python-time.ts";
import { formatE8 } from "./amounts.ts";
import type { EarningsRow, Job } from "./jobs.ts";
import type { Problem } from "./validation.ts";

const E8 = 100_000_000;
const HISTORY_LENGTH = 20;

export function json(
  status: number,
  body: PyValue,
  headers: Readonly<Record<string, string>> = {},
): Response {
  return new Response(dumpPython(body), {
    status,
    headers: { "content-type": "application/json", ...headers },
  });
}

/** What the router answers: `{"detail":"…"}`. */
export const detail = (status: number, text: string): Response => json(status, { detail: text });

/** What the auth middleware answers, with Python's default spacing. */
export function denied(status: 401 | 403, text: string): Response {
  const challenge = text === "Authentication required" ? { "www-authenticate": "Bearer" } : {};
  const body = `{"detail": ${JSON.stringify(text)}}`;
  return new Response(body, { status, headers: { "content-type": "application/json", ...challenge } });
}

export function rateLimited(): Response {
  return json(429, { detail: "Rate limit exceeded" }, { "retry-after": "60" });
}

export function invalid(problems: readonly Problem[], nowMs: number): Response {
  const error = {
    code: "VALIDATION_ERROR",
    message: "Request validation failed",
    status: 422,
    details: problems.map(({ field, message, code }) => ({ field, message, code })),
  };
  return json(422, { error, timestamp: malformedUtc(nowMs), request_id: null });
}

export function internalError(path: string): Response {
  const message = "An internal server error occurred";
  return json(500, { error: { type: "internal_error", message, status_code: 500, path } });
}

export function jobView(job: Job): PyObject {
  return {
    job_id: job.id,
    state: job.state,
    assigned_miner_id: job.assignedMiner,
    requested_at: naiveUtc(job.requestedAt),
    expires_at: naiveUtc(job.expiresAt),
    error: job.error,
    payment_id: job.paymentId,
    payment_status: job.paymentStatus,
    zk_status: job.state === "COMPLETED" ? "not_required" : null,
    payload: job.payload,
    result: job.result,
    zk_proof_id: null,
    tee_status: job.state === "COMPLETED" ? "not_required" : null,
    tee_attestation_id: null,
    auto_reinvest_pct: null,
    reinvest_status: null,
    reinvest_stake_id: null,
  };
}

/** What a poll hands over: no price, no deadline, no payment state. */
export function assignmentView(job: Job): PyObject {
  return { job_id: job.id, payload: job.payload, constraints: job.constraints };
}

/** Gross amounts as floats: the coordinator knows of no fee (protocols/aitbc.md §5). */
export function earningsView(
  miner: string,
  rows: readonly EarningsRow[],
  range: { from: string | null; to: string | null },
): PyObject {
  const sum = (status: string) =>
    pyFloat(
      rows
        .filter((row) => row.paymentStatus === status)
        .reduce((total, row) => total + (row.amountE8 ?? 0), 0) / E8,
    );
  return {
    miner_id: miner,
    total_earnings: sum("released"),
    pending_earnings: sum("escrowed"),
    paid_earnings: sum("released"),
    completed_jobs: rows.length,
    currency: "AITBC",
    from_time: range.from,
    to_time: range.to,
    earnings_history: rows.slice(0, HISTORY_LENGTH).map((row) => ({
      job_id: row.id,
      amount: row.amountE8 === null ? "0" : formatE8(row.amountE8),
      currency: "AITBC",
      payment_status: row.paymentStatus ?? "unknown",
    })),
  };
}
