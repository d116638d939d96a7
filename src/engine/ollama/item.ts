/** One job of a batch, from its work to the canonical bytes of its text. */
import { sha3_256, sha3_512 } from "../../shared/digest.ts";
import { AppError } from "../../shared/errors.ts";
import { encodeResult, shapeOf, type TaskResult } from "../../shared/results.ts";
import { requireWorkInLimits } from "../../shared/runtime/limits.ts";
import type { ItemResult } from "../../shared/runtime/protocol.ts";
import type { GenerateWork, Work } from "../../shared/work.ts";
import type { RunItem } from "../runtime-client/device-runtime.ts";
import { type OpenModel, write } from "./writing.ts";

/** What is the work's own fault is in the answer; what befell Ollama is thrown: it befell the whole batch. */
export async function writeItem(
  open: OpenModel,
  { key, work }: RunItem,
  signal: AbortSignal,
): Promise<ItemResult> {
  signal.throwIfAborted();
  try {
    const { text, tokenIds, promptTokens } = await write(open, textWork(work), signal);
    const result: TaskResult = { kind: "generate", text, tokenIds };
    const bytes = encodeResult(result);
    return {
      key,
      ok: true,
      bytes,
      sha3_512: sha3_512(bytes),
      sha3_256: sha3_256(bytes),
      shape: [...shapeOf(result)],
      tokens: promptTokens + tokenIds.length,
    };
  } catch (thrown) {
    if (!(thrown instanceof AppError) || thrown.actor !== "market") throw thrown;
    return { key, ok: false, error: thrown.toValue() };
  }
}

/** Throws WORK_MISMATCH, INPUT_…: before Ollama is asked. */
function textWork(work: Work): GenerateWork {
  if (work.kind !== "generate") {
    throw new AppError({
      code: "WORK_MISMATCH",
      message: `Ollama writes texts here, the job asks for ${work.kind}`,
      actor: "market",
    });
  }
  requireWorkInLimits(work);
  return work;
}
