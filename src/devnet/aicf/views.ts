/** The queue's JSON: upstream's JobView, and the profile's Lease and result. */
import { zonedUtc } from "../python-time.ts";
import { isEmbedding, type Job, type Result } from "./jobs.ts";
import type { GrantedLease } from "./queue.ts";

export function jobView(job: Job) {
  return {
    id: job.id,
    kind: "AI",
    status: job.state,
    requester: job.requester,
    provider_id: job.providerId,
    fee: job.fee,
    units: job.units,
    created_at: Math.floor(job.createdAt / 1000),
    updated_at: Math.floor(job.updatedAt / 1000),
  };
}

export function leaseView({ lease, job }: GrantedLease) {
  return {
    lease_id: lease.id,
    job_id: job.id,
    attempt: lease.attempt,
    kind: isEmbedding(job.input) ? "embed" : "generate",
    model: job.model,
    model_version: null,
    model_sha256: null,
    input: job.input,
    params: job.params,
    fee: job.fee,
    units: job.units,
    tier: job.tier,
    granted_at_ms: lease.grantedAt,
    expires_at_ms: lease.expiresAt,
    max_runtime_ms: job.maxRuntimeMs,
    worker_id: lease.workerId,
  };
}

export function resultView(result: Result, output: Uint8Array) {
  return {
    job_id: result.jobId,
    provider_id: result.providerId,
    output_digest: `0x${result.outputDigest}`,
    proof_refs: result.proofRefs,
    receipt: `0x${result.receipt}`,
    meta: result.meta,
    completed_at: zonedUtc(result.completedAt),
    output: Buffer.from(output).toString("base64"),
  };
}
