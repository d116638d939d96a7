/**
 * The ways from a device to llama.cpp, fastest first, and what stands in one's way. llama.cpp comes in one build for each:
 * node-llama-cpp only says that a build does not work, so why is found out here.
 */
import { execFile } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { SECOND } from "../../shared/durations.ts";
import { LLAMA_BUILD_SCOPE } from "../../shared/runtime/llama-folder.ts";
import type { ToRuntime } from "../../shared/runtime/protocol.ts";
import { say } from "../../shared/words/said.ts";
import { type VulkanDevice, vulkanIndexOf } from "./vulkan-order.ts";

export type LlamaGpu = "cuda" | "vulkan";
export type AskedDevice = Pick<Extract<ToRuntime, { type: "init" }>, "device" | "backend" | "without">;

export interface LlamaWays {
  /** GPU back ends to try, in this order. */
  readonly gpus: readonly LlamaGpu[];
  /** The settings name a GPU back end: then the CPU is no substitute. */
  readonly forced: boolean;
}

/** GPU_BACKEND names back ends of ONNX Runtime: where it has WebGPU or DirectML, llama.cpp's own way to any GPU is Vulkan. */
export function llamaWays({ device, backend }: AskedDevice): LlamaWays {
  switch (backend) {
    case "auto":
      return { gpus: device.kind === "gpu" ? ["cuda", "vulkan"] : [], forced: false };
    case "cuda":
      return { gpus: ["cuda"], forced: true };
    case "webgpu":
    case "dml":
      return { gpus: ["vulkan"], forced: true };
    case "cpu":
      return { gpus: [], forced: false };
  }
}

/** What is known without a try; null: nothing. A clause without a full stop. */
export function obstacleBefore(gpu: LlamaGpu, folder: string, { without }: AskedDevice): string | null {
  const barred = without?.find(({ backend }) => backend === gpu);
  if (barred !== undefined) return barred.reason;
  if (!existsSync(buildFolder(folder, gpu))) {
    return `llama.cpp's build for it is not installed (bellows llama install --${gpu})`;
  }
  return null;
}

/**
 * CUDA is told its GPU by the environment. Vulkan has an order of its own: by the GPU's UUID its number is found there, and
 * llama.cpp told of no other. `list` throws where Vulkan can't be asked. Returns what stands in the way; null: nothing.
 */
export function confineVulkan(
  { device }: AskedDevice,
  list: () => readonly VulkanDevice[],
  env: NodeJS.ProcessEnv = process.env,
): string | null {
  const index = vulkanIndex(device.id, list);
  if (index !== null) env[VISIBLE_TO_VULKAN] = String(index);
  // One that is not found may be the only one, which a person may have named; a second one is not.
  return index === null && device.kind === "gpu" && device.index > 0 ? say("reasonOneOfSeveral").text : null;
}

const VISIBLE_TO_VULKAN = "GGML_VK_VISIBLE_DEVICES";

function vulkanIndex(id: string, list: () => readonly VulkanDevice[]): number | null {
  try {
    return vulkanIndexOf(id, list());
  } catch {
    return null; // Why there is no Vulkan, the try of its build will tell.
  }
}

/** Why a build that is installed did not start. */
export async function obstacleAfter(gpu: LlamaGpu, folder: string): Promise<string> {
  const missing = await missingLibraries(join(buildFolder(folder, gpu), "bins"), gpu);
  if (missing.length > 0) return `${missing.join(" and ")} ${missing.length === 1 ? "is" : "are"} missing`;
  return gpu === "cuda"
    ? "its libraries of CUDA 13 did not load, or the driver shows no GPU"
    : "its libraries did not load, or the driver shows no GPU";
}

function buildFolder(folder: string, gpu: LlamaGpu): string {
  const system = process.platform === "win32" ? "win" : process.platform;
  return join(folder, "node_modules", LLAMA_BUILD_SCOPE, `${system}-${process.arch}-${gpu}`);
}

/** Shared libraries that the system's loader does not find; empty where that can't be asked. */
async function missingLibraries(bins: string, gpu: LlamaGpu): Promise<string[]> {
  if (process.platform !== "linux") return [];
  const [build] = existsSync(bins) ? readdirSync(bins) : [];
  if (build === undefined) return [];
  const library = join(bins, build, `libggml-${gpu}.so`);
  const answer = await promisify(execFile)("ldd", [library], { timeout: 5 * SECOND }).catch(() => null);
  return [...(answer?.stdout ?? "").matchAll(/^\s*(\S+) => not found/gm)].map(([, name]) => name ?? "");
}
