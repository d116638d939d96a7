import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import {
  type AskedDevice,
  confineVulkan,
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

  test("one that was seen on another GPU is not tried", () => {
    const without = [{ backend: "vulkan" as const, reason: "it computes on NVIDIA A2 (GPU 1) instead" }];
    const folder = folderWith("cuda", "vulkan");
    expect(obstacleBefore("vulkan", folder, { ...on("auto"), without })).toBe(without[0]?.reason);
    expect(obstacleBefore("cuda", folder, { ...on("auto"), without })).toBeNull();
  });

  describe("Vulkan", () => {
    const uuid = "5c3a9d1e-0000-4000-8000-00000000000a";
    const device = (index: number) =>
      ({ device: { id: `GPU-${uuid.toUpperCase()}`, kind: "gpu", index } }) as const;
    const adapters = [
      { index: 0, name: "Intel", uuid: "868000a0-0000-0000-0000-000000000000" },
      { index: 1, name: "NVIDIA A2", uuid: "5c3a9d1e-0000-4000-8000-00000000000b" },
      { index: 2, name: "NVIDIA A2", uuid },
    ];
    const confine = (index: number, list: () => typeof adapters, env: NodeJS.ProcessEnv = {}) => {
      const obstacle = confineVulkan({ ...device(index), backend: "auto" }, list, env);
      return { obstacle, visible: env.GGML_VK_VISIBLE_DEVICES };
    };

    test("is told of the device alone, by its place in Vulkan's own order", () => {
      for (const index of [0, 1])
        expect(confine(index, () => adapters)).toEqual({ obstacle: null, visible: "2" });
    });

    test("what a person named for all devices gives way to the device's own", () => {
      const env = { GGML_VK_VISIBLE_DEVICES: "0,1" };
      expect(confine(1, () => adapters, env)).toEqual({ obstacle: null, visible: "2" });
    });

    test.each<[string, () => typeof adapters]>([
      ["is not among those Vulkan lists", () => adapters.slice(0, 2)],
      ["is there twice", () => [...adapters, ...adapters]],
      [
        "can't be looked for",
        () => {
          throw new Error("libvulkan.so.1 is missing");
        },
      ],
    ])("a device that %s may be the first one only", (_, list) => {
      expect(confine(0, list)).toEqual({ obstacle: null, visible: undefined });
      expect(confine(1, list)).toEqual({
        obstacle: "it can't choose among several GPUs, and runs on the first one only",
        visible: undefined,
      });
    });
  });

  test("a build that can't be asked for its libraries still has a reason", async () => {
    expect(await obstacleAfter("cuda", folderWith("cuda"))).toMatch(/CUDA 13/);
    expect(await obstacleAfter("vulkan", folderWith("vulkan"))).toMatch(/no GPU/);
  });
});
