/**
 * The queue: jobs in, leases out, results back. Upstream's assignment, retry, TTL and receiver classes behind profile v1.
 * No HTTP here: queue-app.ts speaks, this decides.
 */
import { randomBytes } from "node:crypto";
import type { BlockClock, Clock } from "../clock.ts";
import type { Store } from "../store.ts";
import { Bell } from "./bell.ts";
import { FREE_RETURN_MS, KEEP_FINISHED_MS, LEASED_GRACE_MS, ORPHAN_OUTPUT_MS } from "./constants.ts";
import { ineligibleReasons, minimumStake } from "./eligibility.ts";
import { jailed, leaseLost, Refusal } from "./errors.ts";
import type { EventHub } from "./events.ts";
import { type Job, type JobInput, type Jobs, textsOf } from "./jobs.ts";
import type { Lease, LeaseState, Leases } from "./leases.ts";
import type { Outputs } from "./outputs.ts";
import type { Registry } from "./registry.ts";
import { isPermanent, MAX_ATTEMPTS, retryDelayMs } from "./retry.ts";
import { taskId } from "./task-id.ts";
import { unitsOf } from "./units.ts";

export interface QueueParts {
  readonly store: Store;
  readonly clock: Clock;
  readonly blocks: BlockClock;
  readonly registry: Registry;
  readonly jobs: Jobs;
  readonly leases: Leases;
  readonly outputs: Outputs;
  readonly events: EventHub;
  readonly chainId: number;
  readonly leaseMs: number;
}

export interface JobRequest {
  readonly model: string;
  readonly input: JobInput;
  readonly params: Readonly<Record<string, unknown>>;
  readonly requester: string | null;
  readonly region: string | null;
  readonly fee: number;
  readonly tier: string;
  readonly ttlMs: number;
  readonly maxRuntimeMs: number;
}

export interface AcquireRequest {
  readonly providerId: string;
  readonly workerId: string;
  readonly max: number;
  readonly waitMs: number;
  /** null: any. */
  readonly models: readonly string[] | null;
}

/** Who calls about a lease. */
export interface Holder {
  readonly providerId: string;
  /** null: not said, so not checked. */
  readonly workerId: string | null;
}

export interface GrantedLease {
  readonly lease: Lease;
  readonly job: Job;
}

export class Queue {
  readonly #parts: QueueParts;
  readonly #bell = new Bell();

  constructor(parts: QueueParts) {
    this.#parts = parts;
  }

  /** Returns the job id. */
  submit(request: JobRequest): string {
    const { store, clock, blocks, jobs, chainId } = this.#parts;
    const now = clock();
    const id = taskId({
      chainId,
      height: blocks.height(),
      txHash: randomBytes(32),
      caller: Buffer.from(request.requester ?? "", "utf8"),
      payload: { model: request.model, input: textsOf(request.input) },
    });
    store.transact(() => {
      jobs.insert({
        id,
        model: request.model,
        input: request.input,
        params: request.params,
        requester: request.requester,
        region: request.region,
        fee: request.fee,
        units: unitsOf(textsOf(request.input)),
        sizeBytes: Buffer.byteLength(JSON.stringify(request.input), "utf8"),
        tier: request.tier,
        createdAt: now,
        expiresAt: now + request.ttlMs,
        maxRuntimeMs: request.maxRuntimeMs,
      });
      const texts = textsOf(request.input).length;
      store.log.record("aicf", {
        event: "job-created",
        jobId: id,
        model: request.model,
        texts,
        payment: String(request.fee),
      });
    });
    this.#bell.ring();
    return id;
  }

  /** Waits up to `waitMs` for work. Empty: none came, or the caller hung up. Throws Refusal while not eligible. */
  async acquire(
    request: AcquireRequest,
    kinds: readonly string[] | null,
    signal: AbortSignal,
  ): Promise<GrantedLease[]> {
    this.#requireEligible(request.providerId);
    const deadline = performance.now() + request.waitMs;
    while (!signal.aborted) {
      const granted = this.#grant(request, kinds);
      const left = deadline - performance.now();
      if (granted.length > 0 || left <= 0) return granted;
      await this.#bell.wait(request.providerId, left, signal);
    }
    return [];
  }

  /** New expiry, unix ms. */
  renew(leaseId: string, holder: Holder, extendMs: number): number {
    return this.#withLiveLease(leaseId, holder, (lease) => {
      const { store, clock, leases } = this.#parts;
      const expiresAt = Math.max(lease.expiresAt, clock()) + extendMs;
      leases.extend(leaseId, expiresAt);
      store.log.record("aicf", { event: "renewed", ...held(lease), expiresAtMs: expiresAt });
      return expiresAt;
    });
  }

  /** True when the job goes back to the queue. */
  fail(
    leaseId: string,
    holder: Holder,
    failure: { code: string; message: string; retryable: boolean },
  ): boolean {
    const { store, clock, blocks, events, leases } = this.#parts;
    const { requeued, jobId } = this.#withLiveLease(leaseId, holder, (lease, job) => {
      leases.end(lease.id, "failed", clock());
      const requeued = failure.retryable && !isPermanent(failure.code) && this.#mayRetry(job);
      if (requeued) this.#requeue(job, retryDelayMs(job.attempts), job.attempts);
      else this.#step(job, "fail");
      const { code, message } = failure;
      store.log.record("aicf", { event: "failed", ...held(lease), code, message, requeued });
      return { requeued, jobId: job.id };
    });
    this.#bell.ring();
    if (!requeued) {
      const told = { jobId, providerId: holder.providerId, success: false, height: blocks.height() };
      events.publish("aicf.jobCompleted", told);
    }
    return requeued;
  }

  /** Back to the queue at once; soon after the grant it does not count as an attempt. */
  giveBack(leaseId: string, holder: Holder, reason: string): void {
    this.#withLiveLease(leaseId, holder, (lease, job) => {
      const { store, clock, leases } = this.#parts;
      leases.end(lease.id, "returned", clock());
      const free = clock() - lease.grantedAt <= FREE_RETURN_MS;
      const attempts = free ? job.attempts - 1 : job.attempts;
      if (attempts < MAX_ATTEMPTS) this.#requeue(job, 0, attempts);
      else this.#step(job, "fail");
      store.log.record("aicf", { event: "returned", ...held(lease), reason });
    });
    this.#bell.ring();
  }

  liveLeases(providerId: string, workerId: string | null): GrantedLease[] {
    const { clock, jobs, leases } = this.#parts;
    return leases
      .live(providerId, workerId)
      .filter((lease) => lease.expiresAt > clock())
      .flatMap((lease) => {
        const job = jobs.get(lease.jobId);
        return job ? [{ lease, job }] : [];
      });
  }

  /**
   * The lease as its holder sees it now, for a completion: expired when overdue. Inside a transaction.
   * Throws Refusal for a lease that is unknown or somebody else's.
   */
  leaseOf(leaseId: string, holder: Holder): Lease {
    const { clock, leases } = this.#parts;
    const lease = leases.get(leaseId);
    if (!lease) throw leaseLost(leaseId, "unknown");
    const sameWorker = holder.workerId === null || holder.workerId === lease.workerId;
    if (lease.providerId !== holder.providerId || !sameWorker) throw leaseLost(leaseId, "not_holder");
    if (lease.state !== "live" || lease.expiresAt > clock()) return lease;
    this.#expireLease(lease);
    return { ...lease, state: "expired" };
  }

  /** Something changed that may let the provider's waiting workers have a job. */
  changed(providerId: string): void {
    this.#bell.ring(providerId);
  }

  /** Ends what is overdue, drops what is old. Call every tick. */
  sweep(): void {
    const { store, clock, jobs, leases, outputs, registry } = this.#parts;
    store.transact(() => {
      const now = clock();
      for (const lease of leases.overdue(now)) this.#expireLease(lease);
      for (const job of jobs.overdue(now, LEASED_GRACE_MS)) this.#expireJob(job);
      registry.tidy();
      jobs.forgetFinishedBefore(now - KEEP_FINISHED_MS);
      outputs.forgetUnnamedBefore(now - ORPHAN_OUTPUT_MS);
    });
    this.#bell.ring();
  }

  #grant(request: AcquireRequest, kinds: readonly string[] | null): GrantedLease[] {
    const { store, clock, jobs, leases, registry, leaseMs } = this.#parts;
    const granted = store.transact(() => {
      const now = clock();
      const provider = registry.get(request.providerId);
      if (ineligibleReasons(registry.standing(provider)).length > 0) return [];
      const free = provider.leasesCapacity - leases.live(provider.id).length;
      /** By the profile's name, or by upstream's. */
      const takes = (...names: string[]) => kinds?.some((kind) => names.includes(kind)) ?? true;
      const wish = {
        models: request.models,
        region: provider.region,
        embed: takes("embed", "AI"),
        generate: takes("generate"),
      };
      return jobs.due(wish, now, Math.max(0, Math.min(request.max, free))).map((job) => {
        const attempt = job.attempts + 1;
        const lease: Lease = {
          id: `lease_${randomBytes(16).toString("hex")}`,
          jobId: job.id,
          providerId: provider.id,
          workerId: request.workerId,
          attempt,
          state: "live",
          grantedAt: now,
          expiresAt: now + leaseMs,
        };
        jobs.step(job, "assign", { now, providerId: provider.id, attempts: attempt });
        leases.insert(lease);
        store.log.record("aicf", { event: "leased", ...held(lease), attempt, expiresAtMs: lease.expiresAt });
        return { lease, job };
      });
    });
    for (const { lease, job } of granted) {
      const height = this.#parts.blocks.height();
      const told = { jobId: job.id, providerId: lease.providerId, leaseId: lease.id, height };
      this.#parts.events.publish("aicf.jobAssigned", told);
    }
    return granted;
  }

  #requireEligible(providerId: string): void {
    const { registry } = this.#parts;
    const provider = registry.get(providerId);
    const standing = registry.standing(provider);
    const reasons = ineligibleReasons(standing);
    if (reasons.includes("insufficient_stake")) {
      throw new Refusal(403, "AICF_INSUFFICIENT_STAKE", "stake is below the minimum", {
        required_nano: minimumStake(provider.capabilities),
        actual_nano: standing.effectiveStake,
      });
    }
    const jailedUntil = registry.jailedUntilMs(providerId);
    if (jailedUntil !== null) throw jailed(providerId, jailedUntil);
    if (reasons.length > 0) {
      const message = `provider ${providerId} is not eligible: ${reasons.join(", ")}`;
      throw new Refusal(409, "AICF_REGISTRY_ERROR", message, { ineligible_reasons: reasons });
    }
  }

  /** Runs `change` on a lease that is live and the holder's. */
  #withLiveLease<T>(leaseId: string, holder: Holder, change: (lease: Lease, job: Job) => T): T {
    // A refusal is a value until the transaction is over: what it found out on the way (an expiry) stays.
    const outcome = this.#parts.store.transact(() => {
      const lease = this.leaseOf(leaseId, holder);
      const job = this.#parts.jobs.get(lease.jobId);
      if (lease.state !== "live" || !job) return { refusal: lostLease(lease, job) };
      return { value: change(lease, job) };
    });
    if ("refusal" in outcome) throw outcome.refusal;
    return outcome.value;
  }

  #expireLease(lease: Lease): void {
    const { store, clock, jobs, leases } = this.#parts;
    leases.end(lease.id, "expired", clock());
    const job = jobs.get(lease.jobId);
    if (job?.state !== "leased") return;
    const again = this.#mayRetry(job);
    if (again) this.#requeue(job, 0, job.attempts);
    else this.#step(job, "fail");
    store.log.record("aicf", { event: "lease-expired", ...held(lease), requeued: again });
  }

  #expireJob(job: Job): void {
    const { store, clock, leases } = this.#parts;
    const lease = leases.liveOfJob(job.id);
    if (lease) leases.end(lease.id, "expired", clock());
    this.#step(job, "expire");
    store.log.record("aicf", { event: "job-expired", jobId: job.id });
  }

  #mayRetry(job: Job): boolean {
    return job.attempts < MAX_ATTEMPTS;
  }

  #requeue(job: Job, delayMs: number, attempts: number): void {
    const now = this.#parts.clock();
    this.#parts.jobs.step(job, "requeue", { now, providerId: null, attempts, readyAt: now + delayMs });
  }

  #step(job: Job, event: "fail" | "expire"): void {
    this.#parts.jobs.step(job, event, { now: this.#parts.clock() });
  }
}

/** Why a lease that is not live can't be used. */
export function lostLease(lease: Lease, job: Job | null): Refusal {
  if (job?.state === "expired") {
    return new Refusal(410, "AICF_JOB_EXPIRED", `job ${job.id} expired`, { job_id: job.id });
  }
  return leaseLost(lease.id, REASONS[lease.state]);
}

const REASONS = {
  live: "unknown",
  completed: "unknown",
  failed: "failed",
  returned: "returned",
  expired: "expired",
} as const satisfies Record<LeaseState, string>;

export function held(lease: Lease) {
  return { jobId: lease.jobId, leaseId: lease.id, providerId: lease.providerId, workerId: lease.workerId };
}
