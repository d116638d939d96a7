/** The ladder of back ends: which ones an operating system has, fastest first, and what they are called for people. */
import type { ComputedBy } from "./backend.ts";
import type { Backend, SkippedBackend } from "./protocol.ts";

/** CoreML is not on it: no Mac has an NVIDIA GPU, and there is none to try it on. */
const LADDERS: Readonly<Partial<Record<NodeJS.Platform, readonly Backend[]>>> = {
  linux: ["cuda", "webgpu", "cpu"],
  win32: ["dml", "webgpu", "cpu"],
  darwin: ["webgpu", "cpu"],
};

export function ladderOf(platform: NodeJS.Platform): readonly Backend[] {
  return LADDERS[platform] ?? ["cpu"];
}

export const BACKEND_NAMES: Readonly<Record<ComputedBy, string>> = {
  cuda: "CUDA",
  webgpu: "WebGPU",
  dml: "DirectML",
  vulkan: "Vulkan",
  cpu: "the CPU",
  ollama: "Ollama",
};

/** "CUDA can't be used (…), WebGPU can't be used (…)": one sentence, or null when nothing was skipped. */
export function describeSkipped(skipped: readonly SkippedBackend[]): string | null {
  if (skipped.length === 0) return null;
  return skipped
    .map(({ backend, reason }) => `${BACKEND_NAMES[backend]} can't be used: ${reason}`)
    .join("; ");
}
