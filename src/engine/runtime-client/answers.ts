/** What a runtime's answers say of the runtime itself. */
import { AppError, type ErrorValue, foreignCode } from "../../shared/errors.ts";
import type { ItemResult } from "../../shared/runtime/protocol.ts";
import type { ComputeClass } from "./device-runtime.ts";

/** The runtime lives, but can't load this model: a matter of this model on this device. */
export class ModelNotLoaded extends AppError {
  constructor(error: ErrorValue) {
    // Memory may be free later or elsewhere; a model that is broken stays broken.
    super({ ...error, code: foreignCode(error.code), retryable: error.code === "OUT_OF_MEMORY" });
  }
}

/** After some CUDA errors every later call in that process fails too: only a new process helps. */
export function isPoisoned({ backend }: ComputeClass, items: readonly ItemResult[]): boolean {
  return backend !== "cpu" && items.length > 0 && items.every((item) => codeOf(item) === "INFERENCE_FAILED");
}

/** No item came out, and the device is what failed: not the items' own limits, and not memory that may be free later. */
export function failedOnDevice({ backend }: ComputeClass, items: readonly ItemResult[]): boolean {
  // What runs on the processor or in another program says nothing of a GPU.
  if (backend === "cpu" || backend === "ollama" || items.length === 0) return false;
  return items.every((item) => ["INFERENCE_FAILED", "RESULT_NOT_FINITE"].includes(codeOf(item) ?? ""));
}

/** A matter of this model here: it does not load, or the other program that has it does not do its part. */
export function isModelTrouble(error: AppError): boolean {
  return error instanceof ModelNotLoaded || error.code.startsWith("OLLAMA_");
}

/** The error of an item that failed, as it may be told and judged. */
export function errorOf(item: Extract<ItemResult, { ok: false }>): AppError {
  return AppError.fromValue(item.error, { retryable: item.retryable ?? false });
}

function codeOf(item: ItemResult): string | null {
  return item.ok ? null : item.error.code;
}
