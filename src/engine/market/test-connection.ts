/** Does anything answer at this address, and is it what it should be? Asked without keys: nothing is signed or changed. */
import type { z } from "zod";
import type { TestConnectionAnswer, TestConnectionInput } from "../../shared/contract/settings.ts";
import { SECOND } from "../../shared/durations.ts";
import { toErrorValue } from "../../shared/errors.ts";
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
    return { ok: false, text: `The address ${thrown.message}. ${thrown.fix}.`, ms: null };
  }
  const started = performance.now();
  try {
    const http = createHttpClient({ baseUrl });
    const within = AbortSignal.any([signal, AbortSignal.timeout(ANSWER_WITHIN)]);
    const answer = await http.request(QUESTIONS[surface], within);
    const ms = Math.round(performance.now() - started);
    if (answer.status >= 500)
      return { ok: false, text: `It answers with an error (HTTP ${answer.status}).`, ms };
    return { ...judge(surface, answer.status, answer.text), ms };
  } catch (thrown) {
    const { message, help } = toErrorValue(thrown);
    return { ok: false, text: help === undefined ? `${message}.` : `${message}. ${help}`, ms: null };
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

function judge(surface: Surface, status: number, body: string): { ok: boolean; text: string } {
  if (surface === "aitbc.gpu_url" || surface === "aitbc.coordinator_url") {
    if (status !== 200)
      return { ok: false, text: `Something answers there, but not to /health (HTTP ${status}).` };
    const isGpuService = /"service"\s*:\s*"[^"]*gpu/i.test(body);
    if (isGpuService !== (surface === "aitbc.gpu_url"))
      return {
        ok: false,
        text: isGpuService
          ? "That is AITBC's gpu service, not its coordinator."
          : "That is AITBC's coordinator, not its gpu service.",
      };
    return { ok: true, text: "It answers, and is what it should be." };
  }
  if (surface === "aicf.rpc_url" && !/"jsonrpc"/.test(body))
    return { ok: false, text: "Something answers there, but it is no JSON-RPC node." };
  return { ok: true, text: "It answers." };
}
