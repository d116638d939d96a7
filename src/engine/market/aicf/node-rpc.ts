/**
 * The node's six methods (protocols/aicf.md §1.1): JSON-RPC with named parameters where it is served, upstream's REST
 * routes (§1.2) where it is not. The repository's node mounts neither by itself, so either may be missing.
 *
 * Errors of the JSON-RPC come with HTTP 200, and every refusal of a method is -32603 without its message: what it was
 * can't be known here, so it counts as one that may pass.
 */
import type { z } from "zod";
import { SECOND } from "../../../shared/durations.ts";
import { AppError } from "../../../shared/errors.ts";
import { createHttpClient, type DebugSink, type HttpAnswer } from "../http.ts";
import { statusError, unreadable } from "../http-errors.ts";
import type { Send } from "../send.ts";
import {
  type Balance,
  BalanceSchema,
  type Claim,
  ClaimSchema,
  HeadSchema,
  type JobView,
  JobViewSchema,
  PageSchema,
  type ProviderView,
  ProviderViewSchema,
  RpcAnswerSchema,
  readRows,
} from "./wire.ts";

const METHOD_NOT_FOUND = -32601;
const INVALID_PARAMS = -32602;
const PAGE = 100;
/** Its answer comes once, and is as long as there are jobs: nobody hangs up on it early. */
const CLAIM_TIMEOUT = 25 * SECOND;
/** What the framework under upstream's REST says of a path it does not serve. */
const NO_ROUTE = "Not Found";

export interface JobFilter {
  readonly status?: string | undefined;
  readonly providerId?: string | undefined;
  readonly offset?: number | undefined;
  readonly limit?: number | undefined;
}

export interface NodeRpc {
  listProviders(page: { offset?: number; limit?: number }, signal: AbortSignal): Promise<ProviderView[]>;
  provider(providerId: string, signal: AbortSignal): Promise<ProviderView>;
  listJobs(filter: JobFilter, signal: AbortSignal): Promise<JobView[]>;
  job(jobId: string, signal: AbortSignal): Promise<JobView>;
  balance(providerId: string, signal: AbortSignal): Promise<Balance>;
  /** Moves everything pending to the balance. What it answers, it answers once. */
  claim(providerId: string, signal: AbortSignal): Promise<Claim>;
  /** The chain's height; null where this node does not say. */
  height(signal: AbortSignal): Promise<number | null>;
}

/** One call, in both of upstream's spellings. */
interface NodeCall<T> {
  readonly method: string;
  readonly params: Readonly<Record<string, unknown>>;
  /** null: REST has no such route. */
  readonly rest: {
    readonly verb: "GET" | "POST";
    readonly path: string;
    readonly query?: Record<string, string | number>;
  } | null;
  readonly schema: z.ZodType<T>;
  readonly timeoutMs?: number;
}

export function createNodeRpc(options: {
  readonly rpcUrl: string;
  readonly fetch?: Send | undefined;
  readonly now: () => number;
  readonly onDebug?: DebugSink | undefined;
}): NodeRpc {
  const http = createHttpClient({
    baseUrl: options.rpcUrl,
    fetch: options.fetch,
    now: options.now,
    onDebug: options.onDebug,
  });
  let nextId = 1;
  /** What this node turned out to speak; JSON-RPC is asked first. */
  let dialect: "json-rpc" | "rest" = "json-rpc";

  async function invoke<T>(call: NodeCall<T>, signal: AbortSignal): Promise<T> {
    if (dialect === "rest" && call.rest !== null) return viaRest(call, call.rest, signal);
    try {
      return await viaJsonRpc(call, signal);
    } catch (thrown) {
      if (call.rest === null || !lacksJsonRpc(thrown)) throw thrown;
      return await firstRest(call, call.rest, thrown, signal);
    }
  }

  /** Whether there is REST where JSON-RPC is missing; if not, the JSON-RPC's own answer is what to tell. */
  async function firstRest<T>(
    call: NodeCall<T>,
    rest: NonNullable<NodeCall<T>["rest"]>,
    refusal: unknown,
    signal: AbortSignal,
  ): Promise<T> {
    try {
      const value = await viaRest(call, rest, signal);
      dialect = "rest";
      return value;
    } catch (thrown) {
      if (thrown instanceof AppError && thrown.code !== "NODE_REST_ERROR") throw refusal;
      dialect = "rest";
      throw thrown;
    }
  }

  async function viaJsonRpc<T>(
    { method, params, schema, timeoutMs }: NodeCall<T>,
    signal: AbortSignal,
  ): Promise<T> {
    const body = { kind: "json", value: { jsonrpc: "2.0", id: nextId++, method, params } } as const;
    const limit = timeoutMs === undefined ? {} : { timeoutMs };
    const answer = await http.request({ method: "POST", path: "/rpc", body, ...limit }, signal);
    const reply = RpcAnswerSchema.safeParse(answer.body);
    if (!reply.success && (answer.status === 404 || answer.status === 405)) throw notServed(http.host);
    if (!reply.success && answer.status !== 200)
      throw statusError(http.host, answer, http.redact, options.now());
    if (!reply.success) throw unreadable(http.host, method, answer.text.slice(0, 120));
    if ("error" in reply.data) throw rpcError(http.host, method, reply.data.error);
    return parse(schema, reply.data.result, method, answer);
  }

  async function viaRest<T>(
    call: NodeCall<T>,
    rest: NonNullable<NodeCall<T>["rest"]>,
    signal: AbortSignal,
  ): Promise<T> {
    const { verb, path, query } = rest;
    const limit = call.timeoutMs === undefined ? {} : { timeoutMs: call.timeoutMs };
    const answer = await http.request({ method: verb, path, ...(query ? { query } : {}), ...limit }, signal);
    if (answer.status === 200) return parse(call.schema, answer.body, path, answer);
    const detail = detailOf(answer);
    if (detail === null) throw statusError(http.host, answer, http.redact, options.now());
    throw new AppError({
      code: "NODE_REST_ERROR",
      message: `${http.host} answered ${answer.what} with ${answer.status}: ${detail}`,
      actor: "market",
    });
  }

  function parse<T>(schema: z.ZodType<T>, value: unknown, what: string, answer: HttpAnswer): T {
    const result = schema.safeParse(value);
    if (!result.success) throw unreadable(http.host, what, answer.text.slice(0, 120));
    return result.data;
  }

  const provider = (id: string) => `/aicf/providers/${encodeURIComponent(id)}`;

  return {
    async listProviders({ offset = 0, limit = PAGE }, signal) {
      const params = { offset, limit };
      const rest = { verb: "GET", path: "/aicf/providers", query: params } as const;
      const page = await invoke({ method: "aicf.listProviders", params, rest, schema: PageSchema }, signal);
      return readRows(ProviderViewSchema, page.items);
    },
    provider: (providerId, signal) =>
      invoke(
        {
          method: "aicf.getProvider",
          params: { providerId },
          rest: { verb: "GET", path: provider(providerId) },
          schema: ProviderViewSchema,
        },
        signal,
      ),
    async listJobs({ status, providerId, offset = 0, limit = PAGE }, signal) {
      const params = {
        kind: "AI",
        ...(status === undefined ? {} : { status }),
        ...(providerId === undefined ? {} : { providerId }),
        offset,
        limit,
      };
      const rest = { verb: "GET", path: "/aicf/jobs", query: params } as const;
      const page = await invoke({ method: "aicf.listJobs", params, rest, schema: PageSchema }, signal);
      return readRows(JobViewSchema, page.items);
    },
    job: (jobId, signal) =>
      invoke(
        {
          method: "aicf.getJob",
          params: { jobId },
          rest: { verb: "GET", path: `/aicf/jobs/${encodeURIComponent(jobId)}` },
          schema: JobViewSchema,
        },
        signal,
      ),
    balance: (providerId, signal) =>
      invoke(
        {
          method: "aicf.getBalance",
          params: { providerId },
          rest: { verb: "GET", path: `${provider(providerId)}/balance` },
          schema: BalanceSchema,
        },
        signal,
      ),
    claim: (providerId, signal) =>
      invoke(
        {
          method: "aicf.claimPayout",
          params: { providerId },
          rest: { verb: "POST", path: `${provider(providerId)}/claim` },
          schema: ClaimSchema,
          timeoutMs: CLAIM_TIMEOUT,
        },
        signal,
      ),
    async height(signal) {
      try {
        const call = { method: "chain.getHead", params: {}, rest: null, schema: HeadSchema };
        return (await invoke(call, signal)).height;
      } catch (thrown) {
        if (thrown instanceof AppError && thrown.actor === "market") return null;
        throw thrown;
      }
    },
  };
}

/** Upstream loses the message of most errors ("Internal error"), so anything but a wrong call may pass later. */
function rpcError(host: string, method: string, error: { code: number; message: string }): AppError {
  const unknown = error.code === METHOD_NOT_FOUND;
  return new AppError({
    code: unknown ? "NODE_METHOD_MISSING" : "NODE_RPC_ERROR",
    message: unknown
      ? `The node at ${host} has no ${method}: its AICF module is not mounted`
      : `${host} answered ${method} with ${error.code}: ${error.message.slice(0, 200)}`,
    actor: "market",
    retryable: !unknown && error.code !== INVALID_PARAMS,
  });
}

function notServed(host: string): AppError {
  return new AppError({
    code: "NODE_WITHOUT_RPC",
    message: `${host} serves no JSON-RPC at /rpc`,
    actor: "market",
  });
}

function lacksJsonRpc(thrown: unknown): boolean {
  return (
    thrown instanceof AppError &&
    (thrown.code === "NODE_WITHOUT_RPC" || thrown.code === "NODE_METHOD_MISSING")
  );
}

/** `{"detail":"CODE: message"}` or the validator's list; null: not an answer of upstream's REST, which has no such route. */
function detailOf(answer: HttpAnswer): string | null {
  if (typeof answer.body !== "object" || answer.body === null || !("detail" in answer.body)) return null;
  const { detail } = answer.body;
  if (answer.status === 404 && detail === NO_ROUTE) return null;
  return (typeof detail === "string" ? detail : JSON.stringify(detail)).slice(0, 200);
}
