import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import {
  type AskedDevice,
  type LlamaGpu,
  llamaWays,
  obstacleAfter,
  obstacleBefore,
} from "../../../../src/runtime/backends/llama-steps.ts";
import { tempFolder } from "../../../support/temp-folder.ts";

const on = (backend: AskedDevice["backend"], kind: "gpu" | "cpu" = "gpu", index = 0): AskedDevice => ({
  device: { id: "a", kind, index },
  backend,
});

/** An installation with these builds, empty. */
function folderWith(...gpus: LlamaGpu[]): string {
  const folder = tempFolder();
  const system = process.platform === "win32" ? "win" : process.platform;
  for (const gpu of gpus)
    mkdirSync(join(folder, "node_modules/@node-llama-cpp", `${system}-${process.arch}-${gpu}`), {
      recursive: true,
    });
  return folder;
}

describe("llama.cpp's ways to a device", () => {
  test.each([
    ["auto", "gpu", ["cuda", "vulkan"], false],
    ["auto", "cpu", [], false],
    ["cuda", "gpu", ["cuda"], true],
    ["webgpu", "gpu", ["vulkan"], true],
    ["dml", "gpu", ["vulkan"], true],
    ["cpu", "gpu", [], false],
  ] as const)("GPU_BACKEND=%s on a %s tries %j", (backend, kind, gpus, forced) => {
    expect(llamaWays(on(backend, kind))).toEqual({ gpus, forced });
  });

  test("a build that is not here is named, with the way to get it", () => {
    expect(obstacleBefore("cuda", folderWith("vulkan"), on("auto"))).toMatch(/bellows llama install --cuda/);
    expect(obstacleBefore("vulkan", folderWith("vulkan"), on("auto"))).toBeNull();
  });

  test("CUDA is told its GPU; Vulkan is left alone on a second one", () => {
    const folder = folderWith("cuda", "vulkan");
    expect(obstacleBefore("cuda", folder, on("auto", "gpu", 1))).toBeNull();
    expect(obstacleBefore("vulkan", folder, on("auto", "gpu", 1))).toMatch(/first one only/);
  });

  test("a build that can't be asked for its libraries still has a reason", async () => {
    expect(await obstacleAfter("cuda", folderWith("cuda"))).toMatch(/CUDA 13/);
    expect(await obstacleAfter("vulkan", folderWith("vulkan"))).toMatch(/no GPU/);
  });
});
