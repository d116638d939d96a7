/**
 * What a native library's complaint means for the work: memory that ran out is worth another try with less at once or
 * on another device; anything else is told as it is. The libraries give no codes, so their words are recognised.
 */
import { AppError } from "../../shared/errors.ts";

/**
 * CUDA (cudaMalloc, cuBLAS, cuDNN), ONNX Runtime's arena and CPU allocator, Direct3D 12, Dawn.
 * Each phrase is one those libraries print; "memory" alone would also match messages about memory layout.
 */
const OUT_OF_MEMORY = new RegExp(
  [
    "out of memory",
    "failed to allocate memory",
    "not enough memory",
    "available memory of \\d+ is smaller than requested bytes",
    "CUDA(?:_ERROR| failure| error) ?2\\b",
    "cudaErrorMemoryAllocation",
    "CUDA_ERROR_OUT_OF_MEMORY",
    "CU(?:BLAS|DNN|FFT|RAND)_STATUS_(?:ALLOC_FAILED|ALLOCATION_FAILED)",
    "std::bad_alloc|bad allocation",
    "8007000E|E_OUTOFMEMORY",
  ].join("|"),
  "i",
);

export function isOutOfMemory(thrown: unknown): boolean {
  return OUT_OF_MEMORY.test(messageOf(thrown));
}

/** OUT_OF_MEMORY (retryable: with less at once, or elsewhere) or INFERENCE_FAILED. */
export function inferenceFailure(thrown: unknown): AppError {
  if (isOutOfMemory(thrown)) return outOfMemory("run this job", thrown);
  return new AppError({
    code: "INFERENCE_FAILED",
    message: `The model could not run: ${describeFailure(thrown)}`,
    actor: "machine",
    retryable: true,
    cause: thrown,
  });
}

/** Of a back end's proof that ran out of memory: OUT_OF_MEMORY, and nothing is said of the back end. */
export function startFailure(thrown: unknown): AppError {
  return outOfMemory("start", thrown);
}

/** OUT_OF_MEMORY or MODEL_NOT_LOADABLE. */
export function loadFailure(thrown: unknown, where = ""): AppError {
  if (isOutOfMemory(thrown)) return outOfMemory("load this model", thrown);
  return new AppError({
    code: "MODEL_NOT_LOADABLE",
    message: `ONNX Runtime can't load the model${where}: ${describeFailure(thrown)}`,
    actor: "machine",
    cause: thrown,
  });
}

/** ONNX Runtime's own stamps: where in its source it happened and under which number. */
const STAMPS = /^(\[ONNXRuntimeError\] : \d+ : \w+ : )?(\/onnxruntime_src\/.* was false\. )?/;

/** The message on one line, without ONNX Runtime's stamps, at most 500 characters. */
export function describeFailure(thrown: unknown): string {
  return messageOf(thrown).replaceAll(/\s+/g, " ").trim().replace(STAMPS, "").slice(0, 500);
}

function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}

function outOfMemory(what: string, cause: unknown): AppError {
  return new AppError({
    code: "OUT_OF_MEMORY",
    message: `The device has not enough memory to ${what}: ${describeFailure(cause)}`.slice(0, 500),
    actor: "machine",
    help: "Close what else uses this device, or set a smaller BATCH_SIZE.",
    retryable: true,
    cause,
  });
}
