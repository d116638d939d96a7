import { describe, expect, test } from "vitest";
import {
  type CudaTrouble,
  diagnoseCuda,
  missingLater,
} from "../../../../src/engine/gpu-pack/cuda-diagnosis.ts";
import { CUDA_LIBRARIES, type CudaSearch } from "../../../../src/engine/gpu-pack/cuda-libraries.ts";

const without = (...sonames: string[]): CudaSearch => ({
  found: new Map(),
  missing: CUDA_LIBRARIES.filter((library) => sonames.includes(library.soname)),
  folders: [],
});

/** ONNX Runtime 1.29 with its real CUDA provider on a machine without CUDA, as it wrote it. */
const LOADER =
  "\u001b[1;31m2026-11-21 22:04:36.988273601 [E:onnxruntime:onnxruntime-node, provider_bridge_ort.cc:2146 Create] /onnxruntime_src/onnxruntime/core/session/provider_bridge_ort.cc:1988 onnxruntime::Provider& onnxruntime::ProviderLibrary::Get() [ONNXRuntimeError] : 1 : FAIL : Failed to load library /data/gpu-pack/x/libonnxruntime_providers_cuda.so with error: libcublasLt.so.13: cannot open shared object file: No such file or directory\n\u001b[m\n";

const trouble = (change: Partial<CudaTrouble>): CudaTrouble => ({
  reason: "Failed to load shared library",
  stderr: LOADER,
  search: without(),
  providerInstalled: true,
  driverVersion: "580.95.05",
  ...change,
});

describe("why CUDA does not start", () => {
  test("an old driver comes first: nothing else helps before it is replaced", () => {
    expect(diagnoseCuda(trouble({ driverVersion: "550.54.14", providerInstalled: false }))).toEqual({
      reason: "the NVIDIA driver 550.54.14 is too old for CUDA 13",
      help: "Install NVIDIA driver 580 or newer.",
    });
  });

  test("a missing provider is what the GPU pack brings", () => {
    const reason = "its provider libonnxruntime_providers_cuda.so is missing";
    expect(diagnoseCuda(trouble({ reason, providerInstalled: false }))).toEqual({
      reason,
      help: "Run `bellows gpu-pack install`.",
    });
  });

  test("every missing library is named, not only the first one that the loader tripped over", () => {
    const search = without("libcublas.so.13", "libcublasLt.so.13", "libcurand.so.10", "libcudnn.so.9");
    expect(diagnoseCuda(trouble({ search }))).toEqual({
      reason: "libcublas.so.13, libcublasLt.so.13 and libcurand.so.10 are missing",
      help: expect.stringContaining("BELLOWS_CUDA_PATH"),
    });
  });

  test("one that is there but can't be opened is named after the loader", () => {
    expect(diagnoseCuda(trouble({})).reason).toBe("libcublasLt.so.13 is missing");
  });

  test("what WebGPU misses is not CUDA's trouble", () => {
    const vulkan =
      "Warning: Couldn't load Vulkan: libvulkan.so.1: cannot open shared object file: No such file or directory\n";
    expect(diagnoseCuda(trouble({ stderr: LOADER + vulkan })).reason).toBe("libcublasLt.so.13 is missing");
  });

  test("without the driver's own library it is the driver that is missing", () => {
    const { reason, help } = diagnoseCuda(trouble({ stderr: "", search: without("libcuda.so.1") }));
    expect(reason).toBe("libcuda.so.1 is missing");
    expect(help).toMatch(/driver 580 or newer; in a container/);
  });

  test.each([
    "CUDA failure 35: CUDA driver version is insufficient for CUDA runtime version ; GPU=-1",
    "cudaErrorInsufficientDriver",
  ])("%j is an old driver", (reason) => {
    expect(diagnoseCuda(trouble({ reason, stderr: "", driverVersion: null })).reason).toBe(
      "the NVIDIA driver is too old for CUDA 13",
    );
  });

  test("anything else is told in the words of the library that failed", () => {
    const stderr =
      "2026-01-01 00:00:00.0 [E:onnxruntime:x, y.cc:1 Create] z.cc:9 F() [ONNXRuntimeError] : 1 : FAIL : CUDA failure 100: no CUDA-capable device is detected\n";
    expect(diagnoseCuda(trouble({ stderr })).reason).toBe(
      "CUDA failure 100: no CUDA-capable device is detected",
    );
    expect(diagnoseCuda(trouble({ stderr: "" })).reason).toBe("Failed to load shared library");
  });
});

test("what only some models need is told apart", () => {
  expect(missingLater(without())).toBeNull();
  expect(missingLater(without("libcudnn.so.9", "libcublas.so.13"))).toBe("libcudnn.so.9 is missing");
});
