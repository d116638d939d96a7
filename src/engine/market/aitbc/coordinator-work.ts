/**
 * Work from AITBC's coordinator (protocols/aitbc.md §2, rules of §12): the half of the port that jobs go through.
 *
 * Choices: an unknown miner (404 on heartbeat, 500 on poll) is thrown as NOT_REGISTERED and the engine registers
 * again; a 500 that stays after a registration is an ordinary MARKET_ERROR. A lease is a job: the coordinator knows
 * no lease of its own, so the job id is both. Failing a job does not free its slot, so a heartbeat follows at once.
 */
import { MINUTE, SECOND } from "../../../shared/durations.ts";
import { AppError, isAbort } from "../../../shared/errors.ts";
import { backoffMs, delay, hasPassed } from "../../../shared/wait.ts";
import type { JobCredit, Lease, Load, ProviderProfile, Submission, SubmitOutcome } from "../port.ts";
import { registrationOf } from "./capabilities.ts";
import { createChainCredits } from "./chain-credits.ts";
import type { CoordinatorClient } from "./client.ts";
import { createCoordinatorCredits } from "./coordinator-credits.ts";
import { paymentOf } from "./payment.ts";
import { receiptFromAnswer, verifyCoordinatorReceipt } from "./receipt-coordinator.ts";
import { resultBody } from "./result-wire.ts";
import { type AssignedJob, type JobView, readUtc } from "./wire.ts";
import { readOrder } from "./work.ts";
import type { WorkDeps, WorkHalf } from "./work-half.ts";

const PAGE_SIZE = 100;
/** How far back a job is looked for before it counts as not listed. */
const MAX_PAGES = 20;
const MAX_FAILURE_TEXT = 500;
/** As the market's own miner beats (§12, rule 7). */
const HEARTBEAT_MS = 15 * SECOND;
/** How often an idle poll looks for jobs that are ours without our knowing; after a poll that failed the next one does. */
const AUDIT_EVERY = MINUTE;
const AUDIT_AGAIN = 3 * SECOND;
/** Failed polls in one round after which the round ends with what it has. */
const MAX_STUMBLES = 3;
const FACT_TRIES = 4;
const FACT_PACE = { base: 100, cap: SECOND };
/** Longer than this a read does not wait because a rate limiter asks for it: the job is looked at later instead. */
const LONGEST_FACT_WAIT = 2 * SECOND;

export function createCoordinatorWork(client: CoordinatorClient, deps: WorkDeps): WorkHalf {
  const { config, now } = deps;

  /** What the coordinator should believe we hold: the engine's last word, moved by what happened since. */
  let inflight = 0;
  let profile: ProviderProfile | null = null;
  /** False while we take no work: an ONLINE miner with free slots keeps jobs from others (§2.4). */
  let taking = true;
  /** True from a registration until a poll works: a 500 in between is not about registration. */
  let freshlyRegistered = false;
  /** After a 429 the coordinator is left alone for so long. */
  let quiet = { since: 0, ms: 0 };
  /** When our list of jobs was last compared with the coordinator's, and which of them the engine has. */
  let auditedAt = now();
  const handed = new Set<string>();
  /** The best books there are: the chain's where it is read, else the coordinator's. */
  const chainCredits =
    config.wallet !== null && config.rpcUrl !== null ? createChainCredits(client, config.wallet, now) : null;
  const coordinatorCredits = createCoordinatorCredits({
    client,
    completed: (wanted, signal) => views(wanted, "COMPLETED", signal),
    claims: deps.claims,
    now,
    onDebug: deps.onDebug,
  });

  async function poll(signal: AbortSignal): Promise<AssignedJob | null> {
    try {
      const job = await client.poll(signal);
      freshlyRegistered = false;
      return job;
    } catch (thrown) {
      if (!(thrown instanceof AppError)) throw thrown;
      if (thrown.code === "RATE_LIMITED") quiet = { since: now(), ms: thrown.retryAfterMs ?? 60 * SECOND };
      if (thrown.code === "NOT_REGISTERED" && freshlyRegistered) throw pollBroken(thrown);
      throw thrown;
    }
  }

  async function beat(signal: AbortSignal): Promise<void> {
    const devices =
      profile?.devices.map(({ name, memoryMb, healthy }) => ({ name, memory_mb: memoryMb, healthy })) ?? [];
    await client.heartbeat(
      { inflight, status: taking ? "ONLINE" : "DRAINING", metadata: { devices } },
      signal,
    );
  }

  /** Jobs of this miner by id, newest first, until all of `wanted` are found or the list ends. */
  async function views(
    wanted: ReadonlySet<string>,
    state: string | null,
    signal: AbortSignal,
  ): Promise<Map<string, JobView>> {
    const found = new Map<string, JobView>();
    for await (const view of listed(state, signal)) {
      if (wanted.has(view.job_id)) found.set(view.job_id, view);
      if (found.size === wanted.size) break;
    }
    return found;
  }

  async function* listed(state: string | null, signal: AbortSignal): AsyncGenerator<JobView> {
    const narrow = state === null ? {} : { state };
    let limit = PAGE_SIZE;
    for (let page = 0, offset = 0; page < MAX_PAGES; page += 1) {
      try {
        const { jobs, last } = await client.jobs({ limit, offset, ...narrow }, signal);
        yield* jobs;
        if (last) return;
        offset += limit;
      } catch (thrown) {
        // Each job comes with its payload and its result: of big ones fewer are asked for at once.
        if (!(thrown instanceof AppError) || thrown.code !== "ANSWER_TOO_BIG" || limit === 1) throw thrown;
        limit = Math.ceil(limit / 4);
      }
    }
  }

  /**
   * The poll does not say whether a job is paid. A job of which that can't be learnt just now is not handed over yet:
   * it is in our list of open jobs, which says so and is looked at next. One on which both books are silent for good is.
   */
  async function toLeases(jobs: readonly AssignedJob[], signal: AbortSignal): Promise<Lease[]> {
    const ids = new Set(jobs.map((job) => job.job_id));
    const known = await fact("job list", () => views(ids, "RUNNING", signal), signal);
    const leases = await Promise.all(
      jobs.map((job) => toLease(job, known.value?.get(job.job_id), known.later, signal)),
    );
    return leases.filter((lease) => lease !== null);
  }

  /** null: nobody can say just now whether the job is paid. `unlisted`: that it has no view means nothing. */
  async function toLease(
    job: AssignedJob,
    view: JobView | undefined,
    unlisted: boolean,
    signal: AbortSignal,
  ): Promise<Lease | null> {
    const finding = await fact("escrow", () => client.escrow(job.job_id, signal), signal);
    const paid = paymentOf(view, finding.value, config.wallet);
    if (paid.payment === null && (unlisted || finding.later)) {
      auditedAt = Number.NEGATIVE_INFINITY;
      return null;
    }
    const { model, modelSha256, work } = readOrder(job.payload, job.constraints ?? {});
    handed.add(job.job_id);
    return {
      market: "aitbc",
      leaseId: job.job_id,
      jobId: job.job_id,
      attempt: 1,
      model,
      modelSha256,
      work,
      grantedAt: now(),
      expiresAt: endOf(view),
      maxRuntimeMs: null,
      ...paid,
    };
  }

  /** By the local clock: a machine whose clock is wrong must not take a fresh job for a dead one. */
  function endOf(view: JobView | undefined): number | null {
    const end = readUtc(view?.expires_at);
    return end === null ? null : client.clock.toLocal(end);
  }

  /** A read that is asked for more than once. `later`: it failed in a way that passes. */
  async function fact<T>(
    what: string,
    read: () => Promise<T>,
    signal: AbortSignal,
  ): Promise<{ readonly value: T | null; readonly later: boolean }> {
    try {
      return { value: await insistently(read, signal), later: false };
    } catch (thrown) {
      ignored(what, thrown, null);
      return { value: null, later: isAbort(thrown) || (thrown instanceof AppError && thrown.retryable) };
    }
  }

  /** What the other side did wrong may be done without; a bug and an abort may not. */
  function ignored<T>(what: string, thrown: unknown, instead: T): T {
    if (!(thrown instanceof AppError) && !isAbort(thrown)) throw thrown;
    deps.onDebug?.(`${what} not read`, { reason: thrown instanceof Error ? thrown.message : String(thrown) });
    return instead;
  }

  /** After a try whose answer may be lost: what became of the job. null: the result may still be taken. */
  async function outcomeAlreadyThere(
    submission: Submission,
    signal: AbortSignal,
  ): Promise<SubmitOutcome | null> {
    const view = (await views(new Set([submission.jobId]), null, signal)).get(submission.jobId);
    if (view === undefined) return null;
    if (view.assigned_miner_id != null && view.assigned_miner_id !== config.minerId) {
      return { kind: "lost", message: `The job now belongs to miner ${view.assigned_miner_id}` };
    }
    switch (view.state.toUpperCase()) {
      case "COMPLETED":
        return completedOutcome(view, submission, signal);
      case "EXPIRED":
        // It turns so when somebody looks, as we just did; a late result is taken and paid (§2.5), so the answer decides.
        if (view.assigned_miner_id === config.minerId) return null;
        return { kind: "expired", message: "The job's time was over before the result arrived" };
      case "FAILED":
      case "CANCELED":
        return {
          kind: "lost",
          message: `The job is ${view.state.toLowerCase()}: ${view.error ?? "no reason given"}`,
        };
      default:
        return null;
    }
  }

  async function sendResult(submission: Submission, signal: AbortSignal): Promise<SubmitOutcome> {
    const reply = await client.result(submission.jobId, resultBody(submission), signal);
    switch (reply.kind) {
      case "accepted": {
        return accepted(receiptFromAnswer(reply.answerText));
      }
      case "unknown-job":
        return { kind: "lost", message: "The coordinator no longer knows this job" };
      case "expired":
        return { kind: "expired", message: reply.message };
      case "refused":
        return { kind: "rejected", code: "RESULT_REFUSED", message: reply.message };
    }
  }

  /** The receipt is kept whatever it is worth, with what it is worth. */
  function accepted(marketReceipt: string | null): SubmitOutcome {
    if (marketReceipt === null) return { kind: "accepted", marketReceipt };
    const { ok, detail } = verifyCoordinatorReceipt(marketReceipt, config.receiptKeyId);
    return { kind: "accepted", marketReceipt, receiptCheck: { ok, detail } };
  }

  /** The job is done; the answer that said so, and the receipt in it, were lost: it is asked for once more. */
  async function completedOutcome(
    view: JobView,
    submission: Submission,
    signal: AbortSignal,
  ): Promise<SubmitOutcome> {
    const there = view.result?.output_sha3_512;
    if (typeof there === "string" && there !== submission.sha3_512)
      return { kind: "rejected", code: "OTHER_RESULT", message: "The job was completed with another result" };
    const receipt = await client
      .receipt(submission.jobId, signal)
      .catch((thrown) => ignored("receipt", thrown, null));
    return accepted(receipt);
  }

  async function fail(jobId: string, code: string, message: string, signal: AbortSignal): Promise<void> {
    const body = { error_code: code, error_message: message.slice(0, MAX_FAILURE_TEXT), metrics: {} };
    await client.fail(jobId, body, signal);
    handed.delete(jobId);
    inflight = Math.max(0, inflight - 1);
    await beat(signal).catch((thrown) => ignored("heartbeat after /fail", thrown, undefined));
  }

  /** This miner's running jobs, as the coordinator lists them. Should that fail, it is not long until the next look. */
  async function openJobs(signal: AbortSignal): Promise<JobView[]> {
    auditedAt = now() - AUDIT_EVERY + AUDIT_AGAIN;
    const before = [...handed];
    const open: JobView[] = [];
    for await (const view of listed("RUNNING", signal)) {
      const ours = view.assigned_miner_id === config.minerId && view.state.toUpperCase() === "RUNNING";
      if (ours && view.payload != null) open.push(view);
    }
    // What was handed over while the list was read may not be in it yet.
    const running = new Set(open.map((view) => view.job_id));
    for (const id of before) if (!running.has(id)) handed.delete(id);
    auditedAt = now();
    return open;
  }

  async function leasesOf(views: readonly JobView[], signal: AbortSignal): Promise<Lease[]> {
    const leases = views.map((view) => {
      const job = { job_id: view.job_id, payload: view.payload ?? {}, constraints: null };
      return toLease(job, view, false, signal);
    });
    return (await Promise.all(leases)).filter((lease) => lease !== null);
  }

  /** A job whose assignment never reached us (a doubled request, a lost answer) is ours all the same, and waits. */
  async function overlooked(max: number, signal: AbortSignal): Promise<Lease[]> {
    const open = await openJobs(signal);
    return leasesOf(open.filter((view) => !handed.has(view.job_id)).slice(0, max), signal);
  }

  return {
    probe: (signal) => client.probe(signal),

    async register(about, signal) {
      profile = about;
      await client.register(registrationOf(about, config.region ?? about.region), signal);
      freshlyRegistered = true;
      return { providerId: config.minerId };
    },

    async heartbeat(load: Load, signal) {
      profile = load.profile;
      inflight = load.inflight;
      taking = load.capacity > 0;
      await beat(signal);
      return { intervalMs: HEARTBEAT_MS, health: null };
    },

    async acquire(wish, signal) {
      if (!hasPassed(quiet.ms, quiet.since, now())) throw stillLimited(quiet.since + quiet.ms - now());
      const jobs: AssignedJob[] = [];
      for (let stumbles = 0; jobs.length < wish.max; ) {
        try {
          const job = await poll(signal);
          if (job === null) break;
          jobs.push(job);
        } catch (thrown) {
          // Cut short: the jobs in hand, and one this poll may have brought, are in the list of open jobs.
          if (jobs.length === 0 || signal.aborted) throw thrown;
          // The jobs in hand are ours and must be handed over; and this poll may have brought one that was lost.
          ignored("poll after the first job", thrown, null);
          auditedAt = Number.NEGATIVE_INFINITY;
          stumbles += 1;
          const passing = thrown instanceof AppError && thrown.retryable && thrown.code !== "RATE_LIMITED";
          if (!passing || stumbles >= MAX_STUMBLES) break;
        }
      }
      inflight += jobs.length;
      const leases = jobs.length === 0 ? [] : await toLeases(jobs, signal);
      // Those left out are in that list too; here they would wait until work is taken again.
      if (leases.length < jobs.length) signal.throwIfAborted();
      if (!hasPassed(AUDIT_EVERY, auditedAt, now())) return leases;
      const found = await overlooked(wish.max - leases.length, signal).catch((thrown) => {
        if (signal.aborted && leases.length === 0) throw thrown;
        return ignored("open jobs", thrown, []);
      });
      return [...leases, ...found];
    },

    async submit(submission, signal) {
      if (chainCredits === null) await coordinatorCredits.beforeResult(signal);
      const known = submission.resend ? await outcomeAlreadyThere(submission, signal) : null;
      const outcome = known ?? (await sendResult(submission, signal));
      inflight = Math.max(0, inflight - 1);
      handed.delete(submission.jobId);
      if (outcome.kind === "accepted") coordinatorCredits.noteAccepted();
      return outcome;
    },

    fail: (lease, failure, signal) => fail(lease.jobId, failure.code, failure.message, signal),

    giveBack: (lease, reason, signal) => fail(lease.jobId, "RETURNED", reason, signal),

    openLeases: async (signal) => leasesOf(await openJobs(signal), signal),

    async credits(unsettledJobIds, signal): Promise<readonly JobCredit[]> {
      if (unsettledJobIds.length === 0) return [];
      return (chainCredits ?? coordinatorCredits).of(new Set(unsettledJobIds), signal);
    },
  };
}

/** A read that is worth a few tries. */
async function insistently<T>(read: () => Promise<T>, signal: AbortSignal): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await read();
    } catch (thrown) {
      const wait = thrown instanceof AppError ? (thrown.retryAfterMs ?? 0) : 0;
      const hopeless = !(thrown instanceof AppError) || !thrown.retryable || wait > LONGEST_FACT_WAIT;
      if (signal.aborted || hopeless || attempt >= FACT_TRIES) throw thrown;
      await delay(Math.max(wait, backoffMs(attempt, FACT_PACE)), signal);
    }
  }
}

function pollBroken(cause: AppError): AppError {
  return new AppError({
    code: "MARKET_ERROR",
    message: "The coordinator fails at every poll although it accepted the registration",
    actor: "market",
    retryable: true,
    cause,
  });
}

function stillLimited(waitMs: number): AppError {
  return new AppError({
    code: "RATE_LIMITED",
    message: `The coordinator asked to be left alone for another ${Math.ceil(waitMs / SECOND)} s`,
    actor: "market",
    retryable: true,
    retryAfterMs: waitMs,
  });
}
