/**
 * The node's JSON-RPC as far as a provider needs it: balance and claim (protocols/aicf.md §1.1). Named parameters
 * only; errors come with HTTP 200.
 */
import type { z } from "zod";
import { AppError } from "../../../shared/errors.ts";
import { createHttpClient, type DebugSink, type FetchLike } from "../http.ts";
import { statusError, unreadable } from "../http-errors.ts";
import { BalanceSchema, type Claim, ClaimSchema, RpcAnswerSchema } from "./wire.ts";

const METHOD_NOT_FOUND = -32601;
const INVALID_PARAMS = -32602;

export interface NodeRpc {
  balance(providerId: string, signal: AbortSignal): Promise<z.infer<typeof BalanceSchema>>;
  /** Moves everything pending to the balance. What it answers, it answers once. */
  claim(providerId: string, signal: AbortSignal): Promise<Claim>;
}

export function createNodeRpc(options: {
  readonly rpcUrl: string;
  readonly fetch?: FetchLike | undefined;
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

  async function invoke<T>(
    method: string,
    params: unknown,
    schema: z.ZodType<T>,
    signal: AbortSignal,
  ): Promise<T> {
    const id = nextId++;
    const body = { kind: "json", value: { jsonrpc: "2.0", id, method, params } } as const;
    const answer = await http.request({ method: "POST", path: "/rpc", body }, signal);
    const reply = RpcAnswerSchema.safeParse(answer.body);
    if (!reply.success && answer.status !== 200)
      throw statusError(http.host, answer, http.redact, options.now());
    if (!reply.success) throw unreadable(http.host, method, answer.text.slice(0, 120));
    if ("error" in reply.data) throw rpcError(http.host, method, reply.data.error);
    const result = schema.safeParse(reply.data.result);
    if (!result.success) throw unreadable(http.host, method, answer.text.slice(0, 120));
    return result.data;
  }

  return {
    balance: (providerId, signal) => invoke("aicf.getBalance", { providerId }, BalanceSchema, signal),
    claim: (providerId, signal) => invoke("aicf.claimPayout", { providerId }, ClaimSchema, signal),
  };
}

/** Upstream loses the message of most errors ("Internal error"), so anything but a wrong call may pass later. */
function rpcError(host: string, method: string, error: { code: number; message: string }): AppError {
  return new AppError({
    code: "NODE_RPC_ERROR",
    message: `${host} answered ${method} with ${error.code}: ${error.message.slice(0, 200)}`,
    actor: "market",
    retryable: error.code !== METHOD_NOT_FOUND && error.code !== INVALID_PARAMS,
  });
}
