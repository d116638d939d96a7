/**
 * Text generation in the real runtime process: real llama.cpp, a generated GGUF that writes the alphabet. Runs where
 * llama.cpp is installed (`npm run llama`).
 */
import { copyFileSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { RuntimeClient } from "../../src/engine/runtime-client/runtime-client.ts";
import { decodeResult } from "../../src/shared/results.ts";
import { LLAMA_FOLDER_VARIABLE } from "../../src/shared/runtime/llama-folder.ts";
import type { ItemResult, ModelSpec } from "../../src/shared/runtime/protocol.ts";
import type { GenerateWork } from "../../src/shared/work.ts";
import { CPU, good, openRuntime } from "../fixtures/runtime/minilm.ts";
import { CONTEXT_TOKENS, letterId, writeAlphabetModel } from "../support/gguf/model.ts";
import { tempFolder } from "../support/temp-folder.ts";

const cache = process.env.BELLOWS_CACHE_DIR ?? fileURLToPath(new URL("../../.cache", import.meta.url));
const FOLDER = process.env[LLAMA_FOLDER_VARIABLE] ?? `${cache}/llama/installed`;
const installed = existsSync(`${FOLDER}/node_modules/node-llama-cpp`);
const hasVulkanBuild = existsSync(`${FOLDER}/node_modules/@node-llama-cpp/linux-x64-vulkan`);
const TEMPLATE = "{% for message in messages %}{{ message.role[:1] }}{{ message.content }}{% endfor %}";

const ask = (change: Partial<GenerateWork>): GenerateWork => ({
  kind: "generate",
  prompt: "c",
  maxTokens: 8,
  temperature: 0,
  seed: 0,
  stop: [],
  ...change,
});

async function run(
  runtime: RuntimeClient,
  model: ModelSpec,
  works: GenerateWork[],
): Promise<readonly ItemResult[]> {
  const items = works.map((work, i) => ({ key: String(i), work }));
  const request = { model, items, deadlineMs: 30_000, signal: new AbortController().signal };
  return (await runtime.run(request)).items;
}

const GPU = { ...CPU, id: "GPU-none", kind: "gpu", name: "A GPU" } as const;

describe.skipIf(!installed)("generate", () => {
  let runtime: RuntimeClient;
  let before: string | undefined;
  beforeAll(() => {
    before = process.env[LLAMA_FOLDER_VARIABLE];
    process.env[LLAMA_FOLDER_VARIABLE] = FOLDER;
    runtime = openRuntime();
  });
  afterAll(async () => {
    await runtime.stop();
    if (before === undefined) delete process.env[LLAMA_FOLDER_VARIABLE];
    else process.env[LLAMA_FOLDER_VARIABLE] = before;
  });

  async function write(change: Partial<GenerateWork>, template?: string, addBos?: boolean) {
    const [item] = await run(runtime, writeAlphabetModel(tempFolder(), template, addBos), [ask(change)]);
    const result = decodeResult(good(item).bytes);
    if (result.kind !== "generate") throw new Error(`A ${result.kind} came back`);
    return { ...good(item), ...result };
  }

  test("writes the likeliest tokens, up to the number asked for", async () => {
    const { text, tokenIds, shape, tokens } = await write({ prompt: "c", maxTokens: 5 });
    expect(text).toBe("defgh");
    expect(tokenIds).toEqual(["d", "e", "f", "g", "h"].map(letterId));
    expect(shape).toEqual([5]);
    expect(tokens, "the opening token, the prompt's one and five written").toBe(7);
    expect(runtime.status.runtimeClass).toMatchObject({
      backend: "cpu",
      reason: null,
      onnxruntime: expect.stringMatching(/node-llama-cpp \d/),
    });
  });

  test("a model that was taught without an opening token is given none", async () => {
    expect(await write({ prompt: "c", maxTokens: 2 }, undefined, false)).toMatchObject({
      text: "de",
      tokens: 3,
    });
    expect(await write({ prompt: "c", maxTokens: 2 }, undefined, true)).toMatchObject({
      text: "de",
      tokens: 4,
    });
  });

  test("ends where the model ends, without the token that says so", async () => {
    expect(await write({ prompt: "w", maxTokens: 50 })).toMatchObject({ text: "xyz", shape: [3] });
  });

  test("ends before the first stop text, which may reach over several tokens", async () => {
    const { text, tokenIds } = await write({ prompt: "a", maxTokens: 20, stop: ["never", "", "gh", "ef"] });
    expect(text).toBe("bcd");
    expect(tokenIds.at(-1)).toBe(letterId("f"));
  });

  test("the same seed draws the same tokens, in this process and in another; another seed draws others", async () => {
    const drawn = (seed: number) => write({ prompt: "a", maxTokens: 20, temperature: 1, seed });
    const [one, again, other] = [await drawn(7), await drawn(7), await drawn(8)];
    expect(again.sha3_512).toBe(one.sha3_512);
    expect(other.tokenIds).not.toEqual(one.tokenIds);
    const second = openRuntime();
    try {
      const model = writeAlphabetModel(tempFolder());
      const [item] = await run(second, model, [ask({ prompt: "a", maxTokens: 20, temperature: 1, seed: 7 })]);
      expect(good(item).sha3_512).toBe(one.sha3_512);
    } finally {
      await second.stop();
    }
  });

  test("puts a conversation by the model's own template, and refuses one where there is none", async () => {
    const prompt = [
      { role: "system" as const, content: "x" },
      { role: "user" as const, content: "m" },
    ];
    expect(await write({ prompt, maxTokens: 3 }, TEMPLATE)).toMatchObject({ text: "nop" });
    const [refused] = await run(runtime, writeAlphabetModel(tempFolder()), [ask({ prompt })]);
    expect(refused).toMatchObject({ ok: false, error: { code: "WORK_MISMATCH", actor: "market" } });
  });

  test("what does not fit the model is refused, and its neighbours are not", async () => {
    const items = await run(runtime, writeAlphabetModel(tempFolder()), [
      ask({ prompt: "a".repeat(CONTEXT_TOKENS) }),
      ask({ maxTokens: CONTEXT_TOKENS }),
      ask({ maxTokens: 3 }),
    ]);
    expect(items).toMatchObject([
      { ok: false, error: { code: "INPUT_TOO_LARGE", actor: "market" } },
      { ok: false, error: { code: "INPUT_TOO_LARGE", actor: "market" } },
      { ok: true, shape: [3] },
    ]);
  });
});

describe.skipIf(!installed)("llama.cpp's way to a GPU", () => {
  let before: string | undefined;
  beforeAll(() => {
    before = process.env[LLAMA_FOLDER_VARIABLE];
    delete process.env[LLAMA_FOLDER_VARIABLE];
  });
  afterAll(() => {
    if (before !== undefined) process.env[LLAMA_FOLDER_VARIABLE] = before;
  });

  async function writeOn(options: Parameters<typeof openRuntime>[0]) {
    const runtime = openRuntime({ env: { [LLAMA_FOLDER_VARIABLE]: FOLDER }, ...options });
    try {
      const items = [{ key: "0", work: ask({ maxTokens: 5 }) }];
      const model = writeAlphabetModel(tempFolder());
      const signal = new AbortController().signal;
      const answer = await runtime.run({ model, items, deadlineMs: 60_000, signal });
      const result = decodeResult(good(answer.items[0]).bytes);
      return { text: result.kind === "generate" ? result.text : null, runtimeClass: answer.runtimeClass };
    } finally {
      await runtime.stop();
    }
  }

  test.runIf(process.platform === "linux")(
    "steps down to the CPU where there is no driver, and keeps each reason",
    async () => {
      const { text, runtimeClass } = await writeOn({ device: GPU });
      expect(text).toBe("defgh");
      expect(runtimeClass.backend).toBe("cpu");
      expect(runtimeClass.skipped).toEqual([
        {
          backend: "cuda",
          reason: expect.stringMatching(/llama install --cuda|libc\w+\.so\.1?3? .*missing/),
        },
        { backend: "vulkan", reason: expect.stringMatching(/libvulkan\.so\.1 is missing|shows no GPU/) },
      ]);
      expect(runtimeClass.reason).toMatch(/^CUDA can't be used: .*; Vulkan can't be used: /);
      expect(runtimeClass.hardware).not.toBe("A GPU");
    },
  );

  test("Vulkan is not used for a second GPU that it does not list", async () => {
    const { runtimeClass } = await writeOn({ device: { ...GPU, index: 1 } });
    expect(runtimeClass.skipped.find(({ backend }) => backend === "vulkan")?.reason).toMatch(
      /first one only/,
    );
  });

  // Opt-in: VK_DRIVER_FILES names a Vulkan driver, a GPU's or Mesa's in software (what Electron brings lacks 16-bit storage).
  test.runIf(process.env.VK_DRIVER_FILES && hasVulkanBuild)(
    "a model runs on Vulkan and writes what the CPU writes",
    async () => {
      // llama.cpp passes a driver in software over, unless it is named.
      const env = { [LLAMA_FOLDER_VARIABLE]: FOLDER, GGML_VK_VISIBLE_DEVICES: "0" };
      const { text, runtimeClass } = await writeOn({ device: GPU, env });
      expect(runtimeClass).toMatchObject({ backend: "vulkan", hardware: "A GPU" });
      expect(runtimeClass.skipped.map(({ backend }) => backend)).toEqual(["cuda"]);
      expect(text).toBe("defgh");
    },
  );

  test.runIf(process.env.VK_DRIVER_FILES && hasVulkanBuild)(
    "a GPU is found in Vulkan's own order by its UUID, whatever number the driver gives it",
    async () => {
      const { listVulkanDevices } = await import("../../src/runtime/backends/vulkan-devices.ts");
      const [adapter] = listVulkanDevices();
      expect(adapter).toMatchObject({ index: 0, name: expect.stringMatching(/\S/) });
      // Named for all devices is one that is not there: the device's own number is what counts.
      const env = { [LLAMA_FOLDER_VARIABLE]: FOLDER, GGML_VK_VISIBLE_DEVICES: "7" };
      const device = { ...GPU, id: `GPU-${adapter?.uuid}`, index: 1 };
      const { text, runtimeClass } = await writeOn({ device, env });
      expect(runtimeClass).toMatchObject({ backend: "vulkan", hardware: "A GPU" });
      expect(text).toBe("defgh");
    },
  );

  test.runIf(process.env.VK_DRIVER_FILES && hasVulkanBuild)(
    "a model is not spread over several GPUs of which none is known to be the device",
    async () => {
      const drivers = `${process.env.VK_DRIVER_FILES}:${anotherDriver()}`;
      const env = {
        [LLAMA_FOLDER_VARIABLE]: FOLDER,
        VK_DRIVER_FILES: drivers,
        GGML_VK_VISIBLE_DEVICES: "0,1",
      };
      const { text, runtimeClass } = await writeOn({ device: GPU, env });
      expect(runtimeClass.skipped.find(({ backend }) => backend === "vulkan")?.reason).toBe(
        "it can't be kept to one GPU, and would spread a model over 2",
      );
      expect(text).toBe("defgh");
    },
  );
});

/** The same driver under another name: Vulkan takes it for a second GPU. */
function anotherDriver(): string {
  const [first = ""] = (process.env.VK_DRIVER_FILES ?? "").split(":");
  const manifest = JSON.parse(readFileSync(first, "utf8"));
  const folder = tempFolder();
  const library = join(folder, "another.so");
  copyFileSync(resolve(dirname(first), manifest.ICD.library_path), library);
  const file = join(folder, "another.json");
  writeFileSync(file, JSON.stringify({ ...manifest, ICD: { ...manifest.ICD, library_path: library } }));
  return file;
}

test("without llama.cpp the model is not loaded, and the error says how to get it", async () => {
  const before = process.env[LLAMA_FOLDER_VARIABLE];
  process.env[LLAMA_FOLDER_VARIABLE] = tempFolder();
  const runtime = openRuntime();
  try {
    await expect(run(runtime, writeAlphabetModel(tempFolder()), [ask({})])).rejects.toMatchObject({
      code: "LLAMA_MISSING",
      actor: "user",
      help: expect.stringContaining("bellows llama install"),
    });
  } finally {
    await runtime.stop();
    if (before === undefined) delete process.env[LLAMA_FOLDER_VARIABLE];
    else process.env[LLAMA_FOLDER_VARIABLE] = before;
  }
});
