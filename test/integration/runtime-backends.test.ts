/** The ladder of back ends in the real runtime process: what this machine has not, and WebGPU on a driver in software. */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { setUpGpu } from "../../src/engine/gpu-pack/gpu-setup.ts";
import { prepareLibraryFolder } from "../../src/engine/gpu-pack/library-folder.ts";
import type { RuntimeClient } from "../../src/engine/runtime-client/runtime-client.ts";
import { ForkProcessHost } from "../../src/host/fork-host.ts";
import type { ProcessHost } from "../../src/host/process-host.ts";
import { type CatalogueModel, CatalogueSchema } from "../../src/shared/catalogue.ts";
import { decodeResult } from "../../src/shared/results.ts";
import type { ModelSpec } from "../../src/shared/runtime/protocol.ts";
import type { Work } from "../../src/shared/work.ts";
import {
  CPU,
  dot,
  embedding,
  good,
  MINILM,
  maxDifference,
  minilm,
  openRuntime,
  RUNTIME_ENTRY,
  vectors,
} from "../fixtures/runtime/minilm.ts";
import { hasSoftwareVulkan, softwareVulkan } from "../fixtures/runtime/software-vulkan.ts";
import { writeClip, writeReranker } from "../support/onnx/models.ts";
import { tempFolder } from "../support/temp-folder.ts";

const GPU = {
  ...CPU,
  id: "GPU-00000000-0000-0000-0000-000000000000",
  kind: "gpu" as const,
  name: "NVIDIA L40S",
  driverVersion: "580.95.05",
};
const RESOURCES = join(import.meta.dirname, "../../resources");
const TEXTS = [
  "The cat sat on the mat.",
  "A feline rested on the rug.",
  "Stock markets fell sharply on Tuesday, and nobody who had been asked before could say why.",
  "",
];

function runtimeOf(options: Parameters<typeof openRuntime>[0] = {}): RuntimeClient {
  const runtime = openRuntime(options);
  onTestFinished(() => runtime.stop());
  return runtime;
}

async function embed(runtime: RuntimeClient, texts = TEXTS) {
  const { items, runtimeClass } = await runtime.run({
    model: await minilm(),
    items: [embedding("a", texts)],
    deadlineMs: 60_000,
    signal: new AbortController().signal,
  });
  return { vectors: vectors(items[0]), runtimeClass };
}

/** Every tensor of one job's result, as numbers. */
async function answer(runtime: RuntimeClient, model: ModelSpec | null, work: Work) {
  const { items, runtimeClass } = await runtime.run({
    model,
    items: [{ key: "a", work }],
    deadlineMs: 60_000,
    signal: new AbortController().signal,
  });
  const result = decodeResult(good(items[0]).bytes);
  const tensors = Object.values(result).filter(
    (part) => typeof part === "object" && part !== null && "data" in part,
  );
  return { numbers: tensors.map(({ data }) => Float32Array.from(data as Float32Array)), runtimeClass };
}

/** Children with these additions to their environment. */
function hostWith(env: Record<string, string>): ProcessHost {
  const host = new ForkProcessHost();
  return { spawn: (spec) => host.spawn({ ...spec, env: { ...spec.env, ...env } }) };
}

const setUp = (gpuPackFolder: string) => () =>
  setUpGpu({ gpuPackFolder, resourcesFolder: RESOURCES, cudaFolders: [], mps: false });

/** Runtime processes that this one has started, from the process table. */
function runtimeChildren(): string[] {
  return readdirSync("/proc")
    .filter((entry) => /^\d+$/.test(entry))
    .filter((pid) => {
      try {
        const parent = /^PPid:\t(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
        return (
          Number(parent) === process.pid &&
          readFileSync(`/proc/${pid}/cmdline`, "utf8").includes(RUNTIME_ENTRY)
        );
      } catch {
        return false; // It ended between the two looks.
      }
    });
}

test.runIf(process.platform === "linux")(
  "after the keep-alive no process of ours is left to hold a device",
  async () => {
    const runtime = runtimeOf({ keepAliveMs: 100 });
    await embed(runtime);
    expect(runtimeChildren()).toEqual([String(runtime.status.pid)]);
    await expect.poll(() => runtime.status.state, { timeout: 10_000 }).toBe("asleep");
    expect(runtimeChildren()).toEqual([]);
  },
);

describe.runIf(process.platform === "linux")("on a machine without a GPU driver", () => {
  test("a GPU's work steps down to the CPU; each step and its reason are kept, and what would help is said", async () => {
    const { runtimeClass } = await embed(runtimeOf({ device: GPU, gpuSetup: setUp(tempFolder()) }));
    expect(runtimeClass.backend).toBe("cpu");
    expect(runtimeClass.skipped).toEqual([
      { backend: "cuda", reason: expect.stringContaining("libonnxruntime_providers_cuda.so is missing") },
      { backend: "webgpu", reason: expect.stringMatching(/adapter/i) },
    ]);
    expect(runtimeClass.reason).toMatch(
      /^CUDA can't be used: .*; WebGPU can't be used: .*bellows gpu-pack install/,
    );
  });

  test.each([
    ["cuda", "CUDA_UNAVAILABLE"],
    ["webgpu", "WEBGPU_UNAVAILABLE"],
    ["dml", "DML_UNAVAILABLE"],
  ] as const)("GPU_BACKEND=%s is an error instead", async (backend, code) => {
    await expect(embed(runtimeOf({ device: GPU, backend }))).rejects.toMatchObject({ code, actor: "user" });
  });

  test("GPU_BACKEND=cpu on a GPU says that it was asked for; on the CPU there is nothing to say", async () => {
    const { runtimeClass } = await embed(runtimeOf({ device: GPU, backend: "cpu" }));
    expect(runtimeClass).toMatchObject({
      backend: "cpu",
      reason: expect.stringContaining("GPU_BACKEND=cpu"),
    });
    expect((await embed(runtimeOf())).runtimeClass).toMatchObject({
      backend: "cpu",
      reason: null,
      skipped: [],
    });
  });
});

describe.runIf(process.platform === "linux")(
  "with the provider's files in a folder of the person's own",
  () => {
    test("ONNX Runtime is loaded from there, and works on the CPU when CUDA does not", async () => {
      const folder = tempFolder();
      prepareLibraryFolder(folder);
      for (const name of ["cuda", "shared"]) {
        writeFileSync(join(folder, `libonnxruntime_providers_${name}.so`), "not CUDA code, but here");
      }
      const runtime = runtimeOf({ host: hostWith({ BELLOWS_ONNXRUNTIME_DIR: folder }), device: GPU });
      const { runtimeClass, vectors: rows } = await embed(runtime);
      expect(rows).toHaveLength(TEXTS.length);
      expect(runtimeClass.skipped[0]).toEqual({
        backend: "cuda",
        reason: expect.stringContaining("Failed to load shared library"),
      });
      const loaded = readFileSync(`/proc/${runtime.status.pid}/maps`, "utf8");
      expect(loaded).toContain(join(folder, "onnxruntime_binding.node"));
      expect(loaded).not.toMatch(/node_modules.*onnxruntime_binding\.node/);
    });

    test("a folder that can't be loaded costs a sentence, not the work", async () => {
      const folder = join(tempFolder(), "broken");
      mkdirSync(folder);
      writeFileSync(join(folder, "onnxruntime_binding.node"), "not a library");
      const runtime = runtimeOf({ host: hostWith({ BELLOWS_ONNXRUNTIME_DIR: folder }), device: GPU });
      const { runtimeClass } = await embed(runtime);
      expect(runtimeClass.backend).toBe("cpu");
      expect(runtimeClass.skipped[0]?.reason).toMatch(/the GPU pack could not be loaded: .*broken/);
    });
  },
);

// The driver is in software: some 15 s for the whole group.
describe.runIf(hasSoftwareVulkan)("with WebGPU on a Vulkan driver in software", () => {
  test("the same jobs give the same answers, within the model's tolerance", async () => {
    const host = hostWith(softwareVulkan(tempFolder()));
    const [cpu, webgpu] = [await embed(runtimeOf()), await embed(runtimeOf({ host, backend: "webgpu" }))];
    expect(webgpu.runtimeClass).toMatchObject({ backend: "webgpu", reason: null });
    const { tolerance } = CatalogueSchema.parse(
      JSON.parse(readFileSync(join(RESOURCES, "models/catalogue.json"), "utf8")),
    ).models.find(({ id }) => id === MINILM) as CatalogueModel;
    for (const [i, vector] of webgpu.vectors.entries()) {
      const expected = cpu.vectors[i] as Float32Array;
      expect(dot(vector, expected)).toBeGreaterThan(tolerance.cosine);
      expect(maxDifference(vector, expected)).toBeLessThan(tolerance.maxAbs);
    }
  });

  test("every other task gives the same answers too", async () => {
    const models = tempFolder();
    const [clip, reranker] = [writeClip(join(models, "clip")), writeReranker(join(models, "reranker"))];
    const photo = new Uint8Array(readFileSync(new URL("../fixtures/images/photo.png", import.meta.url)));
    const numbers = Float32Array.from({ length: 64 }, (_, i) => Math.sin(i));
    const jobs: { model: ModelSpec | null; work: Work }[] = [
      { model: clip, work: { kind: "clip", texts: ["a cat", "moon sun moon"], images: [photo] } },
      { model: reranker, work: { kind: "rerank", query: "a cat", documents: ["dog", "moon and sun", ""] } },
      {
        model: null,
        work: {
          kind: "vector",
          op: "matmul",
          a: { shape: [8, 8], data: numbers },
          b: { shape: [8, 8], data: numbers.toReversed() },
        },
      },
    ];
    const host = hostWith(softwareVulkan(tempFolder()));
    const [cpu, webgpu] = [runtimeOf(), runtimeOf({ host, backend: "webgpu" })];
    for (const { model, work } of jobs) {
      const [expected, found] = [await answer(cpu, model, work), await answer(webgpu, model, work)];
      // What needs no model is plain arithmetic, on the CPU whatever the device is.
      expect(found.runtimeClass.backend, work.kind).toBe(model === null ? "cpu" : "webgpu");
      expect(found.numbers.map(({ length }) => length)).toEqual(expected.numbers.map(({ length }) => length));
      for (const [i, tensor] of expected.numbers.entries())
        expect(maxDifference(found.numbers[i] as Float32Array, tensor), work.kind).toBeLessThan(5e-3);
    }
  });

  test("left to choose, the runtime finds it slower than the CPU and says so", async () => {
    const host = hostWith(softwareVulkan(tempFolder()));
    const { runtimeClass } = await embed(runtimeOf({ host, device: GPU }));
    expect(runtimeClass.backend).toBe("cpu");
    expect(runtimeClass.skipped[1]).toEqual({
      backend: "webgpu",
      reason: expect.stringMatching(/times slower than the CPU, so its driver works in software/),
    });
  });

  test("it is not taken for a second GPU, because it can't be told which one to use", async () => {
    const host = hostWith(softwareVulkan(tempFolder()));
    const { runtimeClass } = await embed(runtimeOf({ host, device: { ...GPU, index: 1 } }));
    expect(runtimeClass.skipped[1]?.reason).toMatch(/several GPUs/);
  });
});
