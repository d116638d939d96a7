/**
 * What AITBC's coordinator does with what it is told, its recorded oddities included (protocols/aitbc.md §2.4–2.5).
 * No HTTP here: coordinator-app.ts speaks, this decides.
 */
import { randomBytes } from "node:crypto";
import { MINUTE, SECOND } from "../../shared/durations.ts";
import type { Clock } from "../clock.ts";
import { isPyObject, type PyObject } from "../python-json.ts";
import type { Store } from "../store.ts";
import { formatE8 } from "./amounts.ts";
import type { Chain } from "./chain.ts";
import { type Job, Jobs } from "./jobs.ts";
import { fullConstraints, mayTake } from "./matching.ts";
import { type Miner, Miners } from "./miners.ts";
import type { HasQuirk } from "./quirks.ts";
import { fillDuration, makeReceipt, ReceiptKey } from "./receipts.ts";
import { digestOfResult } from "./result-digest.ts";

const KEEP_BODIES_MS = 10 * MINUTE;

export interface Registration {
  readonly capabilities: PyObject;
  readonly concurrency: number;
  readonly region: string | null;
}

export interface JobRequest {
  readonly client: string;
  readonly payload: PyObject;
  readonly constraints: PyObject;
  readonly ttlSeconds: number;
  /** In 1e-8 AIT; null: unpaid. */
  readonly amountE8: number | null;
  readonly buyer: string | null;
  readonly provider: string | null;
}

export interface Submission {
  readonly jobId: string;
  readonly miner: string;
  readonly result: PyObject;
  readonly metrics: PyObject;
}

/** Answer of the legacy `…/jobs/{job}/complete`: the job when it was RUNNING, else why not. */
export type LegacyCompletion = { readonly job: Job } | { readonly refusal: string };

const newId = () => randomBytes(16).toString("hex");

export class Coordinator {
  readonly #store: Store;
  readonly #chain: Chain;
  readonly #clock: Clock;
  readonly #has: HasQuirk;
  readonly #miners: Miners;
  readonly #jobs: Jobs;
  readonly #receiptKey: ReceiptKey;
  readonly #attestationKey: ReceiptKey;

  constructor(store: Store, chain: Chain, clock: Clock, has: HasQuirk = () => true) {
    this.#has = has;
    this.#store = store;
    this.#chain = chain;
    this.#clock = clock;
    this.#miners = new Miners(store.db);
    this.#jobs = new Jobs(store.db);
    const seed = () => randomBytes(32).toString("hex");
    this.#receiptKey = new ReceiptKey(store.metaOnce("aitbc.receipt-key", seed));
    this.#attestationKey = new ReceiptKey(store.metaOnce("aitbc.attestation-key", seed));
  }

  /** Returns the session token, which nobody ever checks. */
  register(id: string, registration: Registration): string {
    const sessionToken = newId();
    this.#store.transact(() => {
      const created = this.#miners.get(id) === null;
      this.#miners.upsert({ id, ...registration, sessionToken }, this.#clock());
      this.#store.log.record("aitbc", { event: "registered", providerId: id, created });
    });
    return sessionToken;
  }

  /** False for a miner that is not registered. Overwrites inflight with whatever it says. */
  heartbeat(id: string, beat: { inflight: number; status: string; metadata: PyObject }): boolean {
    return this.#store.transact(() => {
      const miner = this.#miners.get(id);
      if (!miner) return false;
      this.#miners.heartbeat(id, beat, this.#clock());
      const { concurrency: capacity } = miner;
      this.#store.log.record("aitbc", {
        event: "heartbeat",
        providerId: id,
        inflight: beat.inflight,
        capacity,
      });
      return true;
    });
  }

  /** False for an unknown miner. A deregistered miner may still poll: it is only marked. */
  deregister(id: string): boolean {
    return this.#store.transact(() => {
      if (!this.#miners.get(id)) return false;
      this.#miners.setStatus(id, "OFFLINE");
      this.#store.log.record("aitbc", { event: "deregistered", providerId: id });
      return true;
    });
  }

  /** The oldest job this miner may have, now RUNNING. */
  poll(
    id: string,
  ):
    | { readonly kind: "unregistered" }
    | { readonly kind: "nothing" }
    | { readonly kind: "job"; readonly job: Job } {
    return this.#store.transact(() => {
      const miner = this.#miners.get(id);
      if (!miner) return { kind: "unregistered" };
      const job = this.#nextFor(miner);
      if (!job) return { kind: "nothing" };
      this.#jobs.assign(job.id, id);
      this.#miners.tookJob(id);
      this.#store.log.record("aitbc", {
        event: "leased",
        jobId: job.id,
        providerId: id,
        leaseId: null,
        workerId: null,
        attempt: 1,
        expiresAtMs: job.expiresAt,
      });
      return { kind: "job", job };
    });
  }

  /** The new receipt; null for an unknown job. Accepted from anyone, in any state, as often as it comes. */
  submitResult({ jobId, miner, result, metrics }: Submission): PyObject | null {
    return this.#store.transact(() => {
      const job = this.#jobs.get(jobId);
      if (!job) {
        this.#logResult(
          { jobId, miner, result, metrics },
          {},
          { duplicate: false, refusal: "job not found" },
        );
        return null;
      }
      const now = this.#clock();
      const filled = fillDuration(metrics, result, now - job.requestedAt);
      const receipt = makeReceipt(
        { job, miner, result, metrics: filled, completedAtMs: now },
        this.#receiptKey,
        this.#attestationKey,
      );
      this.#jobs.complete(jobId, { result, receipt }, now);
      this.#miners.completedJob(miner);
      this.#logResult({ jobId, miner, result, metrics }, job.payload, {
        duplicate: job.state === "COMPLETED",
        refusal: null,
      });
      if (this.#chain.releaseEscrow(jobId, now)) this.#jobs.paymentReleased(jobId);
      return receipt;
    });
  }

  /** False for an unknown job. No refund, no requeue, and the miner's slot stays taken. */
  fail(jobId: string, miner: string, failure: { code: string; message: string }): boolean {
    return this.#store.transact(() => {
      const job = this.#jobs.get(jobId);
      if (!job) return false;
      if (job.state === "QUEUED" || job.state === "RUNNING") {
        this.#jobs.end(jobId, "FAILED", failure.message, this.#clock());
        this.#miners.failedJob(miner, { keepsSlot: this.#has("fail-keeps-slot") });
      }
      const held = { jobId, providerId: miner, leaseId: null, workerId: null };
      this.#store.log.record("aitbc", { event: "failed", ...held, ...failure, requeued: false });
      return true;
    });
  }

  /** The route nobody should call: it pays nothing and turns every job that is not RUNNING into a FAILED one. */
  completeLegacy(jobId: string, miner: string, output: PyObject): LegacyCompletion {
    return this.#store.transact(() => {
      const job = this.#jobs.get(jobId);
      if (!job) return { refusal: `Job ${jobId} not found` };
      if (job.state !== "RUNNING") {
        const refusal = `Job ${jobId} is not in running state`;
        this.#jobs.end(jobId, "FAILED", refusal, this.#clock());
        return { refusal };
      }
      this.#jobs.complete(jobId, { result: output, receipt: null }, this.#clock());
      this.#miners.completedJob(miner);
      this.#logResult({ jobId, miner, result: output, metrics: {} }, job.payload, {
        duplicate: false,
        refusal: null,
      });
      return { job: this.#jobs.get(jobId) ?? job };
    });
  }

  submitJob(request: JobRequest): Job {
    const id = newId();
    const now = this.#clock();
    const { amountE8 } = request;
    this.#store.transact(() => {
      this.#jobs.insert({
        id,
        client: request.client,
        payload: request.payload,
        constraints: fullConstraints(request.constraints),
        requestedAt: now,
        expiresAt: now + request.ttlSeconds * SECOND,
        paymentId: amountE8 === null ? null : newId(),
        paymentStatus: amountE8 === null ? null : "escrowed",
        amountE8,
      });
      if (amountE8 !== null) {
        const buyer = request.buyer ?? request.client;
        // Without a named payee upstream pays the buyer itself (protocols/aitbc.md §5).
        this.#chain.fundEscrow({ jobId: id, buyer, provider: request.provider ?? buyer, amountE8 }, now);
      }
      this.#store.log.record("aitbc", {
        event: "job-created",
        jobId: id,
        model: typeof request.payload.model === "string" ? request.payload.model : null,
        texts: Array.isArray(request.payload.input) ? request.payload.input.length : null,
        payment: amountE8 === null ? null : formatE8(amountE8),
      });
    });
    return this.#jobs.get(id) as Job;
  }

  /** Reading is what turns an overdue job EXPIRED (protocols/aitbc.md §2.5.7). */
  readJob(id: string): Job | null {
    const job = this.#jobs.get(id);
    return job ? this.#expireIfOverdue(job) : null;
  }

  /** Newest first. */
  jobsOf(miner: string): Job[] {
    return this.#jobs.ofMiner(miner).map((job) => this.#expireIfOverdue(job));
  }

  completedOf(miner: string) {
    return this.#jobs.completedOf(miner);
  }

  countQueued(): number {
    return this.#jobs.countQueued();
  }

  /** Call now and then. */
  tidy(): void {
    this.#store.transact(() => this.#jobs.trim(this.#clock() - KEEP_BODIES_MS));
  }

  #nextFor(miner: Miner): Job | null {
    if (miner.inflight >= miner.concurrency) return null;
    for (const job of this.#jobs.queued()) {
      if (this.#expireIfOverdue(job).state === "QUEUED" && mayTake(job, miner)) return job;
    }
    return null;
  }

  #expireIfOverdue(job: Job): Job {
    const open = job.state === "QUEUED" || job.state === "RUNNING";
    if (!open || this.#clock() <= job.expiresAt) return job;
    this.#store.transact(() => {
      this.#jobs.end(job.id, "EXPIRED", "job expired", this.#clock());
      this.#store.log.record("aitbc", { event: "job-expired", jobId: job.id });
    });
    return { ...job, state: "EXPIRED", error: "job expired" };
  }

  #logResult(from: Submission, payload: PyObject, how: { duplicate: boolean; refusal: string | null }): void {
    const digest = digestOfResult(isPyObject(payload) ? payload : {}, from.result);
    this.#store.log.record("aitbc", {
      event: "result",
      jobId: from.jobId,
      leaseId: null,
      providerId: from.miner,
      workerId: null,
      sha3_512: digest.sha3_512,
      claimed: digest.claimed,
      mismatch: digest.mismatch,
      duplicate: how.duplicate,
      verdict: how.refusal === null ? "accepted" : "refused",
      reason: how.refusal,
    });
  }
}
