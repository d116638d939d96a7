/**
 * Faults on purpose, between the network and a market's surface: calls that wait, never arrive, find the market busy,
 * or are acted upon without anybody hearing of it. What is true of a market on a bad day.
 */
import type { ServerResponse } from "node:http";
import type { Mischief } from "../shared/config.ts";
import { delay } from "../shared/wait.ts";
import { randomOf } from "./demand-jobs.ts";

/** As @hono/node-server calls it: the second argument carries Node's own pair. */
type Serve = (request: Request, env?: { outgoing?: ServerResponse }) => Response | Promise<Response>;

export function withMischief(serve: Serve, mischief: Mischief, name: string): Serve {
  const random = randomOf(`mischief/${name}/${mischief.seed}`);
  return async (request, env) => {
    // Drawn in one go, so that the sequence depends on the calls' order alone.
    const [wait, drop, busy, lose] = [random(), random(), random(), random()];
    if (mischief.latencyMs > 0) await delay(wait * mischief.latencyMs, request.signal).catch(() => undefined);
    if (drop < mischief.dropShare) return hangUp(env);
    if (busy < mischief.busyShare) {
      return new Response('{"code":"AICF_ERROR","message":"busy","details":{}}', {
        status: 503,
        headers: { "retry-after": "0", "content-type": "application/json" },
      });
    }
    const answer = await serve(request, env);
    return lose < mischief.loseAnswerShare ? hangUp(env) : answer;
  };
}

/** The caller sees a connection that ends; the answer that has to be returned goes nowhere. */
function hangUp(env: { outgoing?: ServerResponse } | undefined): Response {
  env?.outgoing?.socket?.destroy();
  return new Response(null, { status: 500 });
}
