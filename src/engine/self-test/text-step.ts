/**
 * The self-test's step for texts by Ollama: no known answer can be pinned for a model that only Ollama has, but the
 * likeliest text has to be the same each time, token for token, or a market's check would find another one.
 */
import type { SelfTestStep } from "../../shared/contract/self-test.ts";
import { MINUTE, SECOND } from "../../shared/durations.ts";
import { AppError, toErrorValue } from "../../shared/errors.ts";
import { decodeResult } from "../../shared/results.ts";
import { say, sayError } from "../../shared/words/said.ts";
import type { ResolvedModel } from "../models/store.ts";
import type { DeviceRuntime } from "../runtime-client/device-runtime.ts";

const DEADLINE = MINUTE;
const TOKENS = 16;
const WORK = {
  kind: "generate",
  prompt: "The days of the week are Monday, Tuesday,",
  maxTokens: TOKENS,
  temperature: 0,
  seed: 0,
  stop: [],
} as const;

/** A text that could not be had is no failure of the device. Throws RUNTIME_STOPPED, or the signal's reason. */
export async function textStep(
  runtime: DeviceRuntime,
  model: ResolvedModel,
  signal: AbortSignal,
): Promise<SelfTestStep> {
  const name = "text";
  try {
    const first = await write(runtime, model, signal);
    const startedAt = performance.now();
    const second = await write(runtime, model, signal);
    const pace = (second.length / ((performance.now() - startedAt) / SECOND)).toFixed(0);
    const ok = first.join() === second.join();
    const { id } = model.model;
    const found = ok
      ? say("stepSameText", { tokens: second.length, model: id, pace })
      : say("stepOtherText", { model: id });
    return { name, ok, detail: found.text, said: found.said };
  } catch (thrown) {
    signal.throwIfAborted();
    if (thrown instanceof AppError && thrown.code === "RUNTIME_STOPPED") throw thrown;
    const { text, said } = say("stepNoText", { why: sayError(toErrorValue(thrown)).said });
    return { name, ok: null, detail: text, said };
  }
}

async function write(
  runtime: DeviceRuntime,
  { spec }: ResolvedModel,
  signal: AbortSignal,
): Promise<readonly number[]> {
  const items = [{ key: "self-test", work: WORK }];
  const { items: answers } = await runtime.run({ model: spec, items, deadlineMs: DEADLINE, signal });
  const [item] = answers;
  if (item?.ok !== true) throw AppError.fromValue(item?.error ?? toErrorValue("no answer"));
  const result = decodeResult(item.bytes);
  return result.kind === "generate" ? result.tokenIds : [];
}
