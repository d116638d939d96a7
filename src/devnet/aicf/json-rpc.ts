/**
 * Upstream's JSON-RPC dispatcher as recorded (protocols/aicf-wire.txt): named parameters only, Python's own words in
 * -32602, and every refusal of a method flattened to -32603 with no data.
 */
import { Refusal } from "./errors.ts";
import type { AicfMarket } from "./market.ts";
import { claimPayout, getBalance, getJob, getProvider, listJobs, listProviders } from "./reads.ts";

interface Method {
  /** Upstream's function, whose name its error messages show. */
  readonly python: string;
  readonly required: readonly string[];
  readonly optional: Readonly<Record<string, unknown>>;
  call(market: AicfMarket, params: Readonly<Record<string, unknown>>): unknown;
}

const METHODS: Readonly<Record<string, Method>> = {
  "aicf.listProviders": {
    python: "aicf_list_providers",
    required: [],
    optional: { offset: 0, limit: 100 },
    call: (market, { offset, limit }) => listProviders(market, { offset, limit }),
  },
  "aicf.getProvider": {
    python: "aicf_get_provider",
    required: ["providerId"],
    optional: {},
    call: (market, { providerId }) => getProvider(market, providerId),
  },
  "aicf.listJobs": {
    python: "aicf_list_jobs",
    required: [],
    optional: { kind: null, status: null, providerId: null, requester: null, offset: 0, limit: 100 },
    call: (market, { kind, status, providerId, requester, offset, limit }) =>
      listJobs(market, { kind, status, providerId, requester, offset, limit }),
  },
  "aicf.getJob": {
    python: "aicf_get_job",
    required: ["jobId"],
    optional: {},
    call: (market, { jobId }) => getJob(market, jobId),
  },
  "aicf.claimPayout": {
    python: "aicf_claim_payout",
    required: ["providerId"],
    optional: { uptoEpoch: null },
    call: (market, { providerId, uptoEpoch }) => claimPayout(market, providerId, uptoEpoch),
  },
  "aicf.getBalance": {
    python: "aicf_get_balance",
    required: ["providerId"],
    optional: {},
    call: (market, { providerId }) => getBalance(market, providerId),
  },
  "chain.getHead": {
    python: "chain_get_head",
    required: [],
    optional: {},
    call: (market) => {
      const { height, hash, timeMs } = market.blocks.head();
      return { height, hash, timestamp: Math.floor(timeMs / 1000), chainId: market.chainId };
    },
  },
};

type Outcome = { readonly result: unknown } | { readonly error: RpcError };
interface RpcError {
  readonly code: number;
  readonly message: string;
  readonly data?: unknown;
}

/** Status and body of a POST /rpc; a null body is a 204 (only notifications). */
export function answerRpc(
  market: AicfMarket,
  text: string,
  onBug: (error: unknown) => void,
): { status: 200 | 204 | 400; body: unknown } {
  let request: unknown;
  try {
    request = JSON.parse(text);
  } catch {
    return { status: 400, body: failure(null, { code: -32600, message: "malformed JSON" }) };
  }
  if (!Array.isArray(request)) {
    const answer = answerOne(market, request, onBug);
    return answer === null ? { status: 204, body: null } : { status: 200, body: answer };
  }
  if (request.length === 0)
    return { status: 200, body: failure(null, { code: -32600, message: "empty batch" }) };
  const answers = request.map((one) => answerOne(market, one, onBug)).filter((answer) => answer !== null);
  return answers.length === 0 ? { status: 204, body: null } : { status: 200, body: answers };
}

/** null for a notification: it is carried out and not answered. */
function answerOne(market: AicfMarket, request: unknown, onBug: (error: unknown) => void): unknown {
  if (!isRecord(request) || request.jsonrpc !== "2.0" || typeof request.method !== "string") {
    const id = isRecord(request) ? (request.id ?? null) : null;
    return failure(id, { code: -32600, message: "Invalid Request" });
  }
  const outcome = call(market, request.method, request.params ?? {}, onBug);
  if (!("id" in request)) return null;
  return { jsonrpc: "2.0", id: request.id, ...outcome };
}

function call(market: AicfMarket, name: string, params: unknown, onBug: (error: unknown) => void): Outcome {
  const method = Object.hasOwn(METHODS, name) ? METHODS[name] : undefined;
  if (!method) return { error: { code: -32601, message: "Method not found" } };
  const problem = bindProblem(method, params);
  if (problem !== null)
    return { error: { code: -32602, message: "Invalid params", data: { detail: problem } } };
  try {
    const named = isRecord(params) ? params : {};
    return { result: method.call(market, { ...method.optional, ...named }) };
  } catch (thrown) {
    if (!(thrown instanceof Refusal)) onBug(thrown);
    return { error: { code: -32603, message: "Internal error", data: null } };
  }
}

/** What Python says when these parameters can't be bound to keyword-only ones; null when they can. */
function bindProblem(method: Method, params: unknown): string | null {
  if (Array.isArray(params) && params.length > 0) return "too many positional arguments";
  const given = Object.keys(isRecord(params) ? params : {});
  const unknown = given.find((name) => !method.required.includes(name) && !(name in method.optional));
  if (unknown !== undefined) return `got an unexpected keyword argument '${unknown}'`;
  const missing = method.required.find((name) => !given.includes(name));
  if (missing === undefined) return null;
  return `make_methods.<locals>.${method.python}() missing 1 required keyword-only argument: '${missing}'`;
}

function failure(id: unknown, error: RpcError) {
  return { jsonrpc: "2.0", id, error };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
