/**
 * The coordinator's miner surface and the two chain reads that go with it, one function per call.
 * Every answer is validated; every refusal becomes an AppError with the code the adapter and the engine act upon.
 * Source: protocols/aitbc.md §2.1, §2.2, §5, §8, §12.
 */
import type { AitbcConfig } from "../../../shared/config.ts";
import { SECOND } from "../../../shared/durations.ts";
import { AppError } from "../../../shared/errors.ts";
import type { Money } from "../../../shared/money.ts";
import { createHttpClient, type DebugSink, type HttpAnswer } from "../http.ts";
import { unreadable } from "../http-errors.ts";
import { createMarketClock, observed } from "../market-clock.ts";
import { type Send, send } from "../send.ts";
import { meantStatus, readerOf } from "./answer.ts";
import type { EscrowFinding } from "./payment.ts";
import { receiptIn } from "./receipt-coordinator.ts";
import {
  type AssignedJob,
  AssignedJobSchema,
  EarningsRowSchema,
  EarningsSchema,
  EscrowSchema,
  HealthSchema,
  JobPageSchema,
  type JobView,
  JobViewSchema,
  ResultAnswerSchema,
  readAit,
  readRows,
  type TransactionRow,
  TransactionSchema,
} from "./wire.ts";

/** A stranger's name for itself, in an error. */
const SHOWN_NAME = 60;
/** A result may be megabytes on a slow line. */
const RESULT_TIMEOUT_MS = 60 * SECOND;

/** The coordinator's word on a result. */
export type ResultReply =
  | { readonly kind: "accepted"; readonly answerText: string }
  | { readonly kind: "unknown-job" }
  | { readonly kind: "expired"; readonly message: string }
  | { readonly kind: "refused"; readonly message: string };

export interface CoordinatorClientOptions {
  readonly config: AitbcConfig & { readonly coordinatorUrl: string };
  readonly fetch?: Send | undefined;
  readonly now: () => number;
  readonly onDebug?: DebugSink | undefined;
}

export type CoordinatorClient = ReturnType<typeof createCoordinatorClient>;

export function createCoordinatorClient(options: CoordinatorClientOptions) {
  const { config, now } = options;
  const key = config.coordinatorKey ?? "";
  const transport = { fetch: options.fetch, now, onDebug: options.onDebug, secrets: [key] };
  const clock = createMarketClock(now);
  const coordinator = createHttpClient({
    ...transport,
    fetch: observed(options.fetch ?? send, clock, now),
    baseUrl: config.coordinatorUrl,
    headers: { "x-api-key": key, "x-miner-id": config.minerId },
  });
  const chain = config.rpcUrl === null ? null : createHttpClient({ ...transport, baseUrl: config.rpcUrl });
  const miner = encodeURIComponent(config.minerId);

  function post(path: string, value: unknown, signal: AbortSignal, timeoutMs?: number): Promise<HttpAnswer> {
    const limit = timeoutMs === undefined ? {} : { timeoutMs };
    return coordinator.request({ method: "POST", path, body: { kind: "json", value }, ...limit }, signal);
  }

  const { read, refusal } = readerOf(now);

  async function books(signal: AbortSignal) {
    const path = `/v1/miners/${miner}/earnings`;
    const answer = await coordinator.request({ method: "POST", path }, signal);
    const earnings = read(coordinator, answer, EarningsSchema);
    if (earnings.error != null) throw unreadable(coordinator.host, answer.what, earnings.error);
    return earnings;
  }

  return {
    /** The coordinator's: the chain has one of its own. */
    clock,

    /** Throws WRONG_SERVICE when something else answers at the coordinator's address. */
    async probe(signal: AbortSignal): Promise<void> {
      const answer = await coordinator.request({ method: "GET", path: "/health" }, signal);
      const health = read(coordinator, answer, HealthSchema);
      if (health.service == null && health.status === "ok") return;
      throw wrongService(coordinator.host, health.service ?? null);
    },

    async register(body: unknown, signal: AbortSignal): Promise<void> {
      const answer = await post("/v1/miners/register", body, signal);
      read(coordinator, answer, ResultAnswerSchema);
    },

    /** Throws NOT_REGISTERED when the coordinator does not know this miner. */
    async heartbeat(body: unknown, signal: AbortSignal): Promise<void> {
      const answer = await post("/v1/miners/heartbeat", body, signal);
      const status = meantStatus(answer.status, answer.body);
      if (status === 404) throw notRegistered(coordinator.host, config.minerId);
      if (status !== 200) throw refusal(coordinator, answer);
    },

    /** The next job, or null. Throws NOT_REGISTERED on 500, which is how the coordinator says it (§2.5.9). */
    async poll(signal: AbortSignal): Promise<AssignedJob | null> {
      const answer = await post("/v1/miners/poll", { max_wait_seconds: 0 }, signal);
      const status = meantStatus(answer.status, answer.body);
      if (status === 204 || (status === 200 && answer.body === null)) return null;
      if (status === 500) throw notRegistered(coordinator.host, config.minerId);
      if (status === 501) throw wrongService(coordinator.host, "a service without job dispatch");
      return read(coordinator, answer, AssignedJobSchema);
    },

    /** One page of this miner's jobs, newest first; `state` narrows it. `last`: there is no further page. */
    async jobs(
      page: { limit: number; offset: number; state?: string },
      signal: AbortSignal,
    ): Promise<{ jobs: JobView[]; last: boolean }> {
      const { limit, offset, state } = page;
      const query = { limit, offset, ...(state === undefined ? {} : { job_status: state }) };
      const answer = await coordinator.request(
        { method: "POST", path: `/v1/miners/${miner}/jobs`, query },
        signal,
      );
      const list = read(coordinator, answer, JobPageSchema);
      if (list.error != null) throw unreadable(coordinator.host, answer.what, list.error);
      return { jobs: readRows(JobViewSchema, list.jobs), last: list.jobs.length < limit };
    },

    async result(jobId: string, body: unknown, signal: AbortSignal): Promise<ResultReply> {
      const answer = await post(
        `/v1/miners/${encodeURIComponent(jobId)}/result`,
        body,
        signal,
        RESULT_TIMEOUT_MS,
      );
      const status = meantStatus(answer.status, answer.body);
      switch (status) {
        case 404:
          return { kind: "unknown-job" };
        case 410:
          return { kind: "expired", message: refusal(coordinator, answer).message };
        case 400:
        case 409:
        case 413:
        case 422:
          return { kind: "refused", message: refusal(coordinator, answer).message };
        default:
          read(coordinator, answer, ResultAnswerSchema);
          return { kind: "accepted", answerText: answer.text };
      }
    },

    /**
     * The receipt of a finished job as it was sent; null where there is none, or the coordinator shows it to the job's
     * client only, as upstream's does (protocols/aitbc.md §4).
     */
    async receipt(jobId: string, signal: AbortSignal): Promise<string | null> {
      const path = `/v1/jobs/${encodeURIComponent(jobId)}/receipt`;
      const answer = await coordinator.request({ method: "GET", path }, signal);
      if (meantStatus(answer.status, answer.body) !== 200) return null;
      const receipt = receiptIn(answer.text);
      return receipt !== null && receipt.jobId === jobId ? receipt.text : null;
    },

    /** A job the coordinator no longer knows counts as failed: there is nothing left to tell. */
    async fail(jobId: string, body: unknown, signal: AbortSignal): Promise<void> {
      const answer = await post(`/v1/miners/${encodeURIComponent(jobId)}/fail`, body, signal);
      const status = meantStatus(answer.status, answer.body);
      if (status !== 200 && status !== 404) throw refusal(coordinator, answer);
    },

    /**
     * Acts on the authenticated miner, whatever id the path names; what `body` leaves out falls back to its default, so
     * it is always the whole registration (§12.7).
     */
    async capabilities(body: unknown, signal: AbortSignal): Promise<void> {
      const path = `/v1/miners/${miner}/capabilities`;
      const answer = await coordinator.request(
        { method: "PUT", path, body: { kind: "json", value: body } },
        signal,
      );
      read(coordinator, answer, ResultAnswerSchema);
    },

    /** False: the coordinator did not know this miner. It is only marked, and given jobs if it goes on polling. */
    async deregister(signal: AbortSignal): Promise<boolean> {
      const answer = await coordinator.request({ method: "DELETE", path: `/v1/miners/${miner}` }, signal);
      if (meantStatus(answer.status, answer.body) === 404) return false;
      read(coordinator, answer, ResultAnswerSchema);
      return true;
    },

    /** The newest earnings rows (the coordinator sends 20), gross. `length`: of the list, unreadable rows among it. */
    async earnings(signal: AbortSignal) {
      const history = (await books(signal)).earnings_history;
      return { rows: readRows(EarningsRowSchema, history), length: history.length };
    },

    /** Gross of what is done and still in escrow; null: not told, or not readable. */
    async pendingEarnings(signal: AbortSignal): Promise<Money | null> {
      const { pending_earnings: pending } = await books(signal);
      return pending == null ? null : readAit(pending);
    },

    /** The job's escrow on the chain; null without a chain RPC. */
    async escrow(jobId: string, signal: AbortSignal): Promise<EscrowFinding> {
      if (chain === null) return null;
      const answer = await chain.request(
        { method: "GET", path: `/rpc/escrow/${encodeURIComponent(jobId)}` },
        signal,
      );
      if (meantStatus(answer.status, answer.body) === 404) return { kind: "absent" };
      return { kind: "found", escrow: read(chain, answer, EscrowSchema) };
    },

    /**
     * Up to `limit` ESCROW_RELEASE rows of a wallet, in the node's order; none without a chain RPC. `length`: of the
     * list, unreadable rows among it.
     */
    async releases(
      wallet: string,
      limit: number,
      signal: AbortSignal,
    ): Promise<{ rows: TransactionRow[]; length: number }> {
      if (chain === null) return { rows: [], length: 0 };
      const query = { address: wallet, transaction_type: "ESCROW_RELEASE", limit };
      const answer = await chain.request({ method: "GET", path: "/rpc/transactions", query }, signal);
      if (answer.status !== 200 || !Array.isArray(answer.body)) throw refusal(chain, answer);
      return { rows: readRows(TransactionSchema, answer.body), length: answer.body.length };
    },
  };
}

export function notRegistered(host: string, minerId: string): AppError {
  return new AppError({
    code: "NOT_REGISTERED",
    message: `${host} does not know miner ${minerId}`,
    actor: "market",
    help: "It is registered again by itself.",
    retryable: true,
  });
}

function wrongService(host: string, found: string | null): AppError {
  return new AppError({
    code: "WRONG_SERVICE",
    message: `${host} is not an AITBC coordinator${found === null ? "" : ` but ${found.slice(0, SHOWN_NAME)}`}`,
    actor: "user",
    help: "Jobs come from the coordinator (port 8203); the gpu service (port 8101) only lists GPUs.",
  });
}
