/**
 * Takes results: upstream's queue/receiver.py. One lease gets one digest for good; the same again is answered as before,
 * another one is refused, and every delivery leaves a line in the log.
 */
import { sha3_256, sha3_512 } from "../../shared/digest.ts";
import type { BlockClock, Clock } from "../clock.ts";
import { zonedUtc } from "../python-time.ts";
import type { Store } from "../store.ts";
import { badRequest, jailed, Refusal } from "./errors.ts";
import type { EventHub } from "./events.ts";
import { isEmbedding, type Job, type Jobs } from "./jobs.ts";
import type { Lease, Leases } from "./leases.ts";
import type { Outputs } from "./outputs.ts";
import { type Holder, held, lostLease, type Queue } from "./queue.ts";
import type { Registry } from "./registry.ts";
import type { ServiceBook } from "./service-book.ts";
import type { Traps } from "./traps.ts";

export interface Completion {
  readonly leaseId: string;
  readonly holder: Holder;
  readonly jobId: string;
  /** Lower-case hex of 32 or 64 bytes, no 0x. */
  readonly outputDigest: string;
  /** null: stored before. */
  readonly output: Uint8Array | null;
  readonly proofRefs: readonly unknown[];
  readonly meta: Readonly<Record<string, unknown>>;
  readonly receipt: string;
}

export interface CompletionAck {
  readonly ok: true;
  readonly job_id: string;
  readonly idempotent?: true;
  readonly output_digest: string;
  readonly proof_refs?: readonly unknown[];
  readonly completed_at: string;
}

export interface ReceiverParts {
  readonly store: Store;
  readonly clock: Clock;
  readonly blocks: BlockClock;
  readonly queue: Queue;
  readonly jobs: Jobs;
  readonly leases: Leases;
  readonly outputs: Outputs;
  readonly events: EventHub;
  readonly registry: Registry;
  readonly book: ServiceBook;
  /** null: this market sets no traps. */
  readonly traps: Traps | null;
}

type Verdict =
  | { readonly kind: "accepted"; readonly ack: CompletionAck; readonly lease: Lease }
  | { readonly kind: "again"; readonly ack: CompletionAck }
  | { readonly kind: "refused"; readonly refusal: Refusal };

/** What a proof reference of each kind keeps; other kinds and members are dropped, as upstream does. */
const PROOF_REFS: Readonly<Record<string, readonly string[]>> = {
  da_commitment: ["commitment", "namespace"],
  onchain_proof: ["height", "nullifier"],
  attestation: ["bundle_digest", "provider_cert_hint"],
  vdf_proof: ["proof_digest"],
};

export class Receiver {
  readonly #parts: ReceiverParts;

  constructor(parts: ReceiverParts) {
    this.#parts = parts;
  }

  /** Throws Refusal. */
  complete(completion: Completion): CompletionAck {
    const verdict = this.#parts.store.transact(() => {
      const reached = this.#judge(completion);
      this.#log(completion, reached);
      return reached;
    });
    if (verdict.kind === "refused") throw verdict.refusal;
    if (verdict.kind === "accepted") this.#announce(verdict.lease, completion.outputDigest);
    return verdict.ack;
  }

  #judge(completion: Completion): Verdict {
    const { clock, jobs, leases, queue, registry } = this.#parts;
    try {
      const lease = queue.leaseOf(completion.leaseId, completion.holder);
      if (lease.jobId !== completion.jobId)
        throw badRequest(`lease ${lease.id} is not for job ${completion.jobId}`);
      if (lease.state === "completed") return this.#again(lease, completion);
      const job = jobs.get(lease.jobId);
      if (lease.state !== "live" || !job) throw lostLease(lease, job);
      const jailedUntil = registry.jailedUntilMs(lease.providerId);
      if (jailedUntil !== null) throw jailed(lease.providerId, jailedUntil);
      const output = this.#outputOf(completion);
      const now = clock();
      const proofRefs = keptProofRefs(completion.proofRefs);
      jobs.step(job, "complete", { now });
      leases.end(lease.id, "completed", now);
      jobs.saveResult({
        jobId: job.id,
        leaseId: lease.id,
        providerId: lease.providerId,
        outputDigest: completion.outputDigest,
        outputSha3_512: sha3_512(output),
        proofRefs,
        meta: completion.meta,
        receipt: completion.receipt,
        completedAt: now,
        latencyMs: now - lease.grantedAt,
      });
      this.#judgeTrap(job, lease, output, now);
      const ack = {
        ok: true,
        job_id: job.id,
        output_digest: `0x${completion.outputDigest}`,
        proof_refs: proofRefs,
      } as const;
      return { kind: "accepted", lease, ack: { ...ack, completed_at: zonedUtc(now) } };
    } catch (thrown) {
      if (thrown instanceof Refusal) return { kind: "refused", refusal: thrown };
      throw thrown;
    }
  }

  /** Nobody is told: the answer is taken and paid like any other, and counted. */
  #judgeTrap(job: Job, lease: Lease, output: Uint8Array, now: number): void {
    const { traps, book, store } = this.#parts;
    if (traps === null || !isEmbedding(job.input) || !traps.knows(job.model, job.input)) return;
    const { ok, cosine, maxAbs } = traps.judge(job.input, output);
    book.recordTrap(lease.providerId, job.id, ok, now);
    store.log.record("aicf", {
      event: "trap-judged",
      jobId: job.id,
      providerId: lease.providerId,
      ok,
      cosine,
      maxAbs: Number.isFinite(maxAbs) ? maxAbs : null,
    });
  }

  #again(lease: Lease, completion: Completion): Verdict {
    const result = this.#parts.jobs.result(lease.jobId);
    if (!result) throw lostLease(lease, null);
    const output_digest = `0x${result.outputDigest}`;
    if (result.outputDigest !== completion.outputDigest) {
      const message = `job ${lease.jobId} already completed with a different digest`;
      throw new Refusal(409, "AICF_ERROR", message, { reason: "different_digest", output_digest });
    }
    const completed_at = zonedUtc(result.completedAt);
    return {
      kind: "again",
      ack: { ok: true, job_id: lease.jobId, idempotent: true, output_digest, completed_at },
    };
  }

  /** The bytes that the digest names, stored; throws when they are missing or others. */
  #outputOf({ output, outputDigest }: Completion): Uint8Array {
    const { outputs } = this.#parts;
    const bytes = output ?? outputs.get(outputDigest);
    if (bytes === null) throw badRequest("output missing: send it inline or store it first");
    const actual = outputDigest.length === 128 ? sha3_512(bytes) : sha3_256(bytes);
    if (actual !== outputDigest) throw badRequest("output_digest is not the digest of the output");
    if (output) outputs.put(output);
    return bytes;
  }

  #log(completion: Completion, verdict: Verdict): void {
    const lease = this.#parts.leases.get(completion.leaseId);
    const stated = completion.outputDigest.length === 128 ? completion.outputDigest : null;
    const digest = completion.output ? sha3_512(completion.output) : stated;
    const result = this.#parts.jobs.result(completion.jobId);
    this.#parts.store.log.record("aicf", {
      event: "result",
      jobId: completion.jobId,
      leaseId: completion.leaseId,
      providerId: completion.holder.providerId,
      workerId: completion.holder.workerId ?? lease?.workerId ?? null,
      sha3_512: digest,
      claimed: completion.outputDigest,
      mismatch: stated !== null && stated !== digest,
      duplicate: verdict.kind === "again" || (verdict.kind === "refused" && result !== null),
      verdict: verdict.kind === "refused" ? "refused" : "accepted",
      reason: verdict.kind === "refused" ? verdict.refusal.message : null,
    });
  }

  #announce(lease: Lease, digest: string): void {
    const { jobId, providerId } = held(lease);
    const height = this.#parts.blocks.height();
    this.#parts.events.publish("aicf.jobCompleted", {
      jobId,
      providerId,
      success: true,
      height,
      digest: `0x${digest}`,
    });
    this.#parts.queue.changed(providerId);
  }
}

function keptProofRefs(refs: readonly unknown[]): Record<string, unknown>[] {
  return refs.flatMap((ref) => {
    if (typeof ref !== "object" || ref === null || !("kind" in ref) || typeof ref.kind !== "string")
      return [];
    const members = PROOF_REFS[ref.kind];
    if (!members) return [];
    const kept = Object.entries(ref).filter(([name]) => name === "kind" || members.includes(name));
    return [Object.fromEntries(kept)];
  });
}
