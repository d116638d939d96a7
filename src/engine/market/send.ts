/**
 * One HTTP exchange over Node's own client, in the shape of `fetch`, whose place a test's can take. `fetch` itself
 * brings a second HTTP implementation: several MB in an engine that mostly waits, and twice the work for each poll.
 */
import { request as askHttp, type IncomingMessage, type RequestOptions } from "node:http";
import { request as askHttps } from "node:https";
import { type Agents, agentFor, agents } from "./agents.ts";

export interface Outgoing {
  readonly method: string;
  readonly headers: Record<string, string>;
  readonly body?: string | Uint8Array<ArrayBuffer>;
  /** Never followed here. */
  readonly redirect: "manual";
  readonly signal: AbortSignal;
}

export interface Incoming {
  readonly status: number;
  /** `get`: by its name in any case; null: it was not sent. */
  readonly headers: { get(name: string): string | null };
  /** Left before its end, it closes the connection. */
  readonly body: AsyncIterable<Uint8Array> | null;
}

export type Send = (url: string, outgoing: Outgoing) => Promise<Incoming>;

/** Resolves with the head of the answer. Rejects with what Node says, or with the signal's abort. */
export const sendThrough =
  (through: Agents): Send =>
  (url, { method, headers, body, signal }) =>
    new Promise((resolve, reject) => {
      const options: RequestOptions = { method, headers, signal, agent: agentFor(through, url) };
      const asking = url.startsWith("https:") ? askHttps(url, options) : askHttp(url, options);
      asking.once("response", (answer) => resolve(incoming(answer)));
      // Stays: a connection that breaks later says so here as well as in the body.
      asking.on("error", reject);
      asking.end(body);
    });

export const send: Send = sendThrough(agents);

function incoming(answer: IncomingMessage): Incoming {
  return {
    status: answer.statusCode ?? 0,
    headers: {
      get(name) {
        const value = answer.headers[name.toLowerCase()];
        return value === undefined ? null : String(value);
      },
    },
    body: answer,
  };
}
