/**
 * The connections to markets: kept for the next question, and through a proxy where Node was told to use one. Node's own
 * switch is NODE_USE_ENV_PROXY; its clients see it by themselves, agents that somebody else makes do not.
 */
import { Agent } from "node:http";
import { Agent as SecureAgent } from "node:https";
import { SECOND } from "../../shared/durations.ts";

/** A connection is kept for the next question; servers close idle ones after 5 s. */
const KEPT = { keepAlive: true, timeout: 4 * SECOND };
/** A market on this machine is no proxy's business. */
const HERE = ["localhost", "127.0.0.1", "::1"];

export interface Agents {
  readonly http: Agent;
  readonly https: SecureAgent;
}

/** `env`: HTTP_PROXY, HTTPS_PROXY and NO_PROXY in either case count where NODE_USE_ENV_PROXY is 1. */
export function agentsFor(env: NodeJS.ProcessEnv): Agents {
  const options = { ...KEPT, ...(env.NODE_USE_ENV_PROXY === "1" ? { proxyEnv: withoutLoopback(env) } : {}) };
  return { http: new Agent(options), https: new SecureAgent(options) };
}

function withoutLoopback(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const { no_proxy: small, NO_PROXY: great, ...rest } = env;
  return { ...rest, NO_PROXY: [...HERE, small ?? great ?? ""].filter(Boolean).join(",") };
}

/** Those of this process. */
export const agents = agentsFor(process.env);

export function agentFor({ http, https }: Agents, url: string): Agent {
  return /^(https|wss):/.test(url) ? https : http;
}
