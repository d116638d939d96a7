/** Does anything answer at this address, and is it what it should be? Asked without keys: nothing is signed or changed. */
import type { z } from "zod";
import type { TestConnectionAnswer, TestConnectionInput } from "../../shared/contract/settings.ts";
import { SECOND } from "../../shared/durations.ts";
import { toErrorValue } from "../../shared/errors.ts";
import { type Sentence, say, sayError, sayRemedy } from "../../shared/words/said.ts";
import { httpUrl } from "../config/parsers.ts";
import { Refusal } from "../config/refusal.ts";
import { createHttpClient } from "./http.ts";

const ANSWER_WITHIN = 8 * SECOND;

type Surface = z.infer<typeof TestConnectionInput>["surface"];

export async function testConnection(
  { surface, url }: z.infer<typeof TestConnectionInput>,
  signal: AbortSignal,
): Promise<TestConnectionAnswer> {
  let baseUrl: string;
  try {
    baseUrl = httpUrl(url.trim());
  } catch (thrown) {
    if (!(thrown instanceof Refusal)) throw thrown;
    const bad = say("addressBad", { why: thrown.message, fix: thrown.fix });
    return { ok: false, ...bad, ms: null };
  }
  const started = performance.now();
  try {
    const http = createHttpClient({ baseUrl });
    const within = AbortSignal.any([signal, AbortSignal.timeout(ANSWER_WITHIN)]);
    const answer = await http.request(QUESTIONS[surface], within);
    const ms = Math.round(performance.now() - started);
    if (answer.status >= 500)
      return { ok: false, ...say("answersError", { status: String(answer.status) }), ms };
    return { ...judge(surface, answer.status, answer.text), ms };
  } catch (thrown) {
    const error = toErrorValue(thrown);
    const what = sayError(error).said;
    const help = sayRemedy(error);
    const told = help === null ? say("fullStop", { what }) : say("errorAndHelp", { what, help: help.said });
    return { ok: false, ...told, ms: null };
  }
}

const HEAD = { jsonrpc: "2.0", id: 1, method: "chain.getHead", params: {} };

const QUESTIONS: Readonly<Record<Surface, Parameters<ReturnType<typeof createHttpClient>["request"]>[0]>> = {
  "aitbc.gpu_url": { method: "GET", path: "/health" },
  "aitbc.coordinator_url": { method: "GET", path: "/health" },
  "aitbc.rpc_url": { method: "GET", path: "/rpc/head" },
  "aicf.queue_url": { method: "GET", path: "/v1/health" },
  "aicf.rpc_url": { method: "POST", path: "/rpc", body: { kind: "json", value: HEAD } },
};

function judge(surface: Surface, status: number, body: string): { ok: boolean } & Sentence {
  if (surface === "aitbc.gpu_url" || surface === "aitbc.coordinator_url") {
    if (status !== 200) return { ok: false, ...say("answersNotHealth", { status: String(status) }) };
    const isGpuService = /"service"\s*:\s*"[^"]*gpu/i.test(body);
    if (isGpuService !== (surface === "aitbc.gpu_url"))
      return { ok: false, ...say(isGpuService ? "isGpuService" : "isCoordinator") };
    return { ok: true, ...say("answersRightly") };
  }
  if (surface === "aicf.rpc_url" && !/"jsonrpc"/.test(body)) return { ok: false, ...say("answersNoNode") };
  return { ok: true, ...say("answers") };
}
