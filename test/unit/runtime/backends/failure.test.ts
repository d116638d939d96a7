import { describe, expect, test } from "vitest";
import {
  describeFailure,
  inferenceFailure,
  isOutOfMemory,
  loadFailure,
} from "../../../../src/runtime/backends/failure.ts";

/** As the libraries print them. */
const OUT_OF_MEMORY = [
  "Non-zero status code returned while running MatMul node. Status Message: CUDA failure 2: out of memory ; GPU=0",
  "[ONNXRuntimeError] : 6 : RUNTIME_EXCEPTION : /onnxruntime_src/bfc_arena.cc:376 void* onnxruntime::BFCArena::AllocateRawInternal(size_t, bool) Failed to allocate memory for requested buffer of size 4294967296",
  "Available memory of 1024 is smaller than requested bytes of 4096",
  "CUBLAS failure 3: CUBLAS_STATUS_ALLOC_FAILED ; GPU=0 ; hostname=box",
  "CUDNN failure 2: CUDNN_STATUS_ALLOC_FAILED",
  "cudaErrorMemoryAllocation",
  "CUDA_ERROR_OUT_OF_MEMORY",
  "std::bad_alloc",
  "Exception(3) tid(1) 8007000E Not enough memory resources are available to complete this operation.",
];
const OTHER = [
  "CUDA failure 719: unspecified launch failure",
  "CUDA failure 209: no kernel image is available for execution on the device",
  "CUDA error 20: something",
  "Got invalid dimensions for input: input_ids",
  "Memory pattern can't be used with this provider",
  "Failed to load shared library",
];

describe("memory that ran out", () => {
  test.each(OUT_OF_MEMORY)("is recognised in %j", (message) => {
    expect(isOutOfMemory(new Error(message))).toBe(true);
    expect(inferenceFailure(new Error(message))).toMatchObject({
      code: "OUT_OF_MEMORY",
      actor: "machine",
      retryable: true,
      help: expect.stringContaining("BATCH_SIZE"),
    });
    expect(loadFailure(new Error(message)).code).toBe("OUT_OF_MEMORY");
  });

  test.each(OTHER)("is not seen in %j", (message) => {
    expect(isOutOfMemory(new Error(message))).toBe(false);
    expect(inferenceFailure(new Error(message))).toMatchObject({ code: "INFERENCE_FAILED", retryable: true });
    expect(loadFailure(message, " on CUDA")).toMatchObject({ code: "MODEL_NOT_LOADABLE", retryable: false });
  });
});

test("a failure is told on one line of bounded length", () => {
  expect(describeFailure(new Error("a\n\n   b\t c "))).toBe("a b c");
  const stamped =
    "/onnxruntime_src/onnxruntime/core/providers/webgpu/webgpu_context.cc:100 Initialize(const X&)::<lambda()> adapter_result.status == Success was false. Failed to get a WebGPU adapter: No supported adapters\n";
  expect(describeFailure(new Error(stamped))).toBe("Failed to get a WebGPU adapter: No supported adapters");
  expect(describeFailure("[ONNXRuntimeError] : 1 : FAIL : no such file")).toBe("no such file");
  expect(describeFailure("x".repeat(9999))).toHaveLength(500);
});
