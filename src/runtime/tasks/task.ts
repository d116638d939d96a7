/** What every task has in common: items in, one answer for each out, digested here and nowhere else. */
import { sha3_256, sha3_512 } from "../../shared/digest.ts";
import { AppError, toErrorValue } from "../../shared/errors.ts";
import { encodeResult, shapeOf, type TaskResult } from "../../shared/results.ts";
import type { ItemResult, RuntimeClass } from "../../shared/runtime/protocol.ts";
import type { Work, WorkKind } from "../../shared/work.ts";
import { isOutOfMemory, loadFailure } from "../backends/failure.ts";

export interface TaskItem {
  readonly key: string;
  readonly work: Work;
}

export interface TaskOutcome {
  /** One per item, in the order given. */
  readonly items: ItemResult[];
  /** Milliseconds in the model alone. */
  readonly inferMs: number;
}

/** A model on its device, ready to run the work of its task. */
export interface TaskModel {
  readonly runtimeClass: RuntimeClass;
  /** Every item gets its own answer: one bad item does not spoil the others. */
  run(items: readonly TaskItem[]): Promise<TaskOutcome>;
  /** Gives the device's memory back. */
  release(): Promise<void>;
}

export interface Finished {
  readonly result: TaskResult;
  /** Read and written. */
  readonly tokens: number;
  readonly method?: "cross-encoder" | "embedding-cosine";
}

export function itemDone(key: string, { result, ...facts }: Finished): ItemResult {
  // A copy with a buffer of its own: cloning a view into a bigger buffer would send all of that buffer.
  const bytes = new Uint8Array(encodeResult(result));
  const digests = { sha3_512: sha3_512(bytes), sha3_256: sha3_256(bytes) };
  return { key, ok: true, bytes, ...digests, shape: [...shapeOf(result)], ...facts };
}

export function itemFailed(key: string, thrown: unknown): ItemResult {
  const error = toErrorValue(thrown);
  const retryable = thrown instanceof AppError && thrown.retryable;
  return retryable ? { key, ok: false, error, retryable } : { key, ok: false, error };
}

/** The work is not what this model does: a mistake of whoever sent it here. */
export function wrongTask(kind: WorkKind, task: string): AppError {
  return new AppError({
    code: "WORK_MISMATCH",
    message: `Work of kind "${kind}" can't be done by a model for ${task}`,
    actor: "market",
  });
}

/** OUT_OF_MEMORY or INFERENCE_FAILED. */
export { inferenceFailure as inferenceFailed } from "../backends/failure.ts";

/** It loads, but its first run shows that it is another kind of model, or broken. */
export function notRunnable(thrown: unknown): AppError {
  if (isOutOfMemory(thrown)) return loadFailure(thrown);
  return new AppError({
    code: "MODEL_NOT_LOADABLE",
    message: `The model loads, but does not run: ${wordsOf(thrown)}`.slice(0, 500),
    actor: "machine",
    cause: thrown,
  });
}

export function resultNotFinite(): AppError {
  return new AppError({
    code: "RESULT_NOT_FINITE",
    message: "The model returned values that are not finite numbers",
    actor: "machine",
    retryable: true,
  });
}

function wordsOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
