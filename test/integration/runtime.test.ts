/** The real runtime process with the real model, from the engine's side. */
import { constants, copyFileSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import type { RunItem } from "../../src/engine/runtime-client/device-runtime.ts";
import type { RuntimeClient } from "../../src/engine/runtime-client/runtime-client.ts";
import { ForkProcessHost } from "../../src/host/fork-host.ts";
import type { ManagedProcess } from "../../src/host/process-host.ts";
import { oneNodeModel } from "../../src/runtime/backends/onnx-file.ts";
import { sha3_256, sha3_512, sha256 } from "../../src/shared/digest.ts";
import type { FromRuntime, ItemResult, ModelSpec, SpecOf } from "../../src/shared/runtime/protocol.ts";
import { eventually, isAlive, nextMessage } from "../fixtures/host/processes.ts";
import {
  CPU,
  DIMENSIONS,
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
import { tempFolder } from "../support/temp-folder.ts";

/** Float results within one precision class (resources/models/catalogue.json). */
const MAX_ABS = 5e-3;
const LONG_DEADLINE = 30_000;

let model: SpecOf<"embed">;
let shared: RuntimeClient;

beforeAll(async () => {
  model = await minilm();
  shared = openRuntime();
});
afterAll(() => shared.stop());

async function embed(
  items: RunItem[],
  runtime = shared,
  deadlineMs = LONG_DEADLINE,
  spec: ModelSpec = model,
): Promise<ItemResult[]> {
  const request = { model: spec, items, deadlineMs, signal: new AbortController().signal };
  return [...(await runtime.run(request)).items];
}

async function embedTexts(texts: string[], runtime = shared): Promise<ItemResult | undefined> {
  return (await embed([embedding("a", texts)], runtime))[0];
}

/** A runtime of this test's own, ended with it. */
function ownRuntime(options: Parameters<typeof openRuntime>[0] = {}): RuntimeClient {
  const runtime = openRuntime(options);
  onTestFinished(() => runtime.stop());
  return runtime;
}

/** Words that the model knows, different from each other and the same every time. */
function words(count: number, seed = 1): string {
  const vocabulary = [
    "river",
    "engine",
    "market",
    "winter",
    "paper",
    "garden",
    "signal",
    "copper",
    "morning",
    "thread",
  ];
  return Array.from(
    { length: count },
    (_, i) => vocabulary[(i * 7 + seed * 3 + (i >> 3)) % vocabulary.length],
  ).join(" ");
}

describe("embedding", () => {
  test("puts the like together and the unlike apart, in unit vectors", async () => {
    const [cat, feline, stocks, password, login, flour] = vectors(
      await embedTexts([
        "The cat sat on the mat.",
        "A feline rested on the rug.",
        "Stock markets fell sharply on Tuesday.",
        "How do I reset my password?",
        "How can I recover my login?",
        "How much flour do I need for bread?",
      ]),
    );
    expect(dot(cat, feline)).toBeCloseTo(0.584, 2);
    expect(dot(cat, stocks)).toBeCloseTo(0.068, 2);
    expect(dot(password, login)).toBeGreaterThan(0.6);
    expect(dot(password, flour)).toBeLessThan(0.2);
    for (const vector of [cat, feline, stocks, password, login, flour])
      expect(dot(vector, vector)).toBeCloseTo(1, 5);
  });

  test("answers with canonical bytes, their digests, shape and token count", async () => {
    const item = good(await embedTexts(["The cat sat on the mat.", ""]));
    expect(item.shape).toEqual([2, DIMENSIONS]);
    expect(item.sha3_512).toBe(sha3_512(item.bytes));
    expect(item.sha3_256).toBe(sha3_256(item.bytes));
    expect(item.tokens).toBe(9 + 2); // [CLS] the cat sat on the mat . [SEP], and [CLS] [SEP]
  });

  test("texts of mixed lengths in one batch get what they get alone", async () => {
    const texts = [1, 200, 3, 45, 8, 130, 2, 60].map((count, i) => words(count, i));
    const together = vectors(await embedTexts(texts));
    for (const [i, text] of texts.entries()) {
      const [alone] = vectors(await embedTexts([text]));
      expect(maxDifference(alone as Float32Array, together[i] as Float32Array)).toBeLessThan(MAX_ABS);
      expect(dot(alone, together[i])).toBeGreaterThan(0.999);
    }
  });

  test("the same input has the same digest, in the same process and in another one", async () => {
    const texts = [words(20), words(100, 2), "x"];
    const digests = new Set<string>();
    for (const runtime of [shared, shared, ownRuntime()])
      digests.add(good(await embedTexts(texts, runtime)).sha3_512);
    expect(digests.size).toBe(1);
  });

  test("a text longer than the model reads is cut, with its closing token kept", async () => {
    const item = good(await embedTexts([words(400)]));
    expect(item.tokens).toBe(model.embed.maxTokens);
    const longer = good(await embedTexts([`${words(400)} and more that is not read`]));
    expect(longer.sha3_512).toBe(item.sha3_512);
    expect(good(await embedTexts([words(100)])).sha3_512).not.toBe(item.sha3_512);
  });

  test("odd texts are texts", async () => {
    const odd = [
      "\ud800",
      "\0\0\0",
      "日本語のテキスト",
      "[CLS] [SEP] [MASK]",
      "🙂".repeat(300),
      " \n\t ",
      "a".repeat(60_000),
    ];
    for (const vector of vectors(await embedTexts(odd))) expect(dot(vector, vector)).toBeCloseTo(1, 5);
  });

  test("items fail one by one: a bad one does not spoil its neighbours", async () => {
    const results = await embed([
      embedding("good", ["hello"]),
      embedding("empty", []),
      embedding("long", ["x".repeat(100_000)]),
      embedding("also good", ["world", "peace"]),
    ]);
    expect(results).toMatchObject([
      { key: "good", ok: true, shape: [1, DIMENSIONS] },
      { key: "empty", ok: false, error: { code: "INPUT_EMPTY", actor: "market" } },
      { key: "long", ok: false, error: { code: "INPUT_TOO_LARGE", actor: "market" } },
      { key: "also good", ok: true, shape: [2, DIMENSIONS] },
    ]);
  });

  test("a job that claims a million texts is refused before it costs anything", async () => {
    await embedTexts(["warm"]);
    const texts = Array<string>(1_000_000).fill("a");
    const startedAt = performance.now();
    const [refused] = await embed([embedding("a", texts)]);
    expect(performance.now() - startedAt).toBeLessThan(1000);
    expect(refused).toMatchObject({ ok: false, error: { code: "INPUT_TOO_LARGE" } });
  });
});

describe("a model that is not what the catalogue says", () => {
  /** A folder with the model's files, to be spoilt by the test. ONNX Runtime refuses weights behind a symbolic link. */
  function copyOfModel(): SpecOf<"embed"> {
    const folder = join(tempFolder(), MINILM);
    mkdirSync(folder);
    for (const file of model.files) {
      const [from, to] = [join(model.folder, file.path), join(folder, file.path)];
      copyFileSync(from, to, constants.COPYFILE_FICLONE);
    }
    return { ...model, id: "copy", folder };
  }

  const load = (spec: ModelSpec) => embed([embedding("a", ["hello"])], shared, LONG_DEADLINE, spec);

  test("is loaded when every file is right", async () => {
    expect(await load(copyOfModel())).toMatchObject([{ ok: true }]);
  });

  test("with the wrong contents is refused: the message names file, found and expected hash, and the cure", async () => {
    const spec = copyOfModel();
    const config = spec.files.find((file) => file.path === "config.json");
    const spoilt = " ".repeat(config?.bytes ?? 0);
    writeFileSync(join(spec.folder, "config.json"), spoilt);
    const message = `The model spoilt is damaged: config.json has sha256 ${sha256(Buffer.from(spoilt))}, expected ${config?.sha256}`;
    const corrupt = {
      code: "MODEL_CORRUPT",
      message,
      actor: "user",
      help: expect.stringContaining("npm run setup"),
    };
    await expect(load({ ...spec, id: "spoilt" })).rejects.toMatchObject(corrupt);
  });

  test("with a missing file is refused", async () => {
    const spec = copyOfModel();
    rmSync(join(spec.folder, "model_q4.onnx_data"));
    await expect(load({ ...spec, id: "incomplete" })).rejects.toMatchObject({
      code: "MODEL_MISSING",
      message: expect.stringContaining("model_q4.onnx_data"),
    });
  });

  test("whose graph reads a file that nobody checked is refused", async () => {
    const files = model.files.filter((file) => file.path !== "model_q4.onnx_data");
    await expect(load({ ...model, id: "sneaky", files })).rejects.toMatchObject({
      code: "MODEL_UNSAFE",
      message: expect.stringContaining("model_q4.onnx_data"),
    });
  });

  test.each([
    ["is no ONNX file", Buffer.from("<html>not found</html>"), "MODEL_UNREADABLE"],
    [
      "is another kind of model",
      oneNodeModel("MatMul", { a: [2, 2], b: [2, 2] }, [2, 2]),
      "MODEL_NOT_LOADABLE",
    ],
    ["has an operator nobody knows", oneNodeModel("Teleport", { a: [2, 2] }, [2, 2]), "MODEL_NOT_LOADABLE"],
  ])("whose graph %s is refused, and the process goes on", async (what, bytes, code) => {
    const spec = copyOfModel();
    writeFileSync(join(spec.folder, "model_q4.onnx"), bytes);
    const files = spec.files.map((file) =>
      file.path === "model_q4.onnx" ? { ...file, bytes: bytes.length, sha256: sha256(bytes) } : file,
    );
    const { pid } = shared.status;
    await expect(load({ ...spec, id: what, files })).rejects.toMatchObject({ code });
    expect(await embed([embedding("a", ["hello"])])).toMatchObject([{ ok: true }]);
    expect(shared.status.pid).toBe(pid);
  });
});

describe("the process", () => {
  test("killed in the middle of a batch costs that batch, and the next one works", async () => {
    const runtime = ownRuntime();
    await embedTexts(["warm"], runtime);
    const batch = embedTexts(Array<string>(500).fill(words(200)), runtime);
    await eventually(() => runtime.status.state === "working");
    process.kill(runtime.status.pid ?? 0, "SIGKILL");
    await expect(batch).rejects.toMatchObject({ code: "RUNTIME_CRASHED", retryable: true });
    expect(await embedTexts(["hello"], runtime)).toMatchObject({ ok: true });
  });

  test("that does not finish by the deadline is killed, although it is blocked, and the next batch works", async () => {
    const runtime = ownRuntime();
    await embedTexts(["warm"], runtime);
    const { pid } = runtime.status;
    const items = [embedding("a", Array<string>(1000).fill(words(200)))];
    await expect(embed(items, runtime, 300)).rejects.toMatchObject({ code: "RUNTIME_HUNG" });
    expect(await embedTexts(["hello"], runtime)).toMatchObject({ ok: true });
    expect(isAlive(pid ?? 0)).toBe(false);
  });

  test("is gone when there was no work for the keep-alive time", async () => {
    const runtime = ownRuntime({ keepAliveMs: 50 });
    await embedTexts(["hello"], runtime);
    const pid = runtime.status.pid ?? 0;
    expect(isAlive(pid)).toBe(true);
    await eventually(() => runtime.status.state === "asleep");
    expect(isAlive(pid)).toBe(false);
  });

  test("of a GPU without CUDA works on the CPU and says why; where CUDA is a must it says so and ends", async () => {
    const gpu = {
      ...CPU,
      id: "GPU-00000000-0000-0000-0000-000000000000",
      kind: "gpu" as const,
      name: "NVIDIA L40S",
    };
    const runtime = ownRuntime({ device: gpu });
    expect(await embedTexts(["hello"], runtime)).toMatchObject({ ok: true });
    expect(runtime.status.runtimeClass).toMatchObject({
      backend: "cpu",
      reason: expect.stringContaining("libonnxruntime_providers_cuda.so is missing"),
      onnxruntime: "1.29.0",
      threads: 2,
    });
    await expect(embedTexts(["hello"], ownRuntime({ device: gpu, backend: "cuda" }))).rejects.toMatchObject({
      code: "CUDA_UNAVAILABLE",
      actor: "user",
    });
  });

  test("knows its own speed after some work", async () => {
    await embedTexts([words(10), words(12)]);
    expect(shared.status.textsPerSecond).toBeGreaterThan(1);
  });
});

describe("the protocol", () => {
  function spawn(): ManagedProcess {
    const child = new ForkProcessHost().spawn({ name: "runtime", entry: RUNTIME_ENTRY });
    onTestFinished(async () => {
      child.kill("SIGKILL");
      await child.exited;
    });
    return child;
  }
  const init = {
    type: "init",
    device: { id: "cpu", kind: "cpu", index: 0 },
    backend: "auto",
    threads: 1,
    memoryBytes: null,
  };

  test("a message it can't read ends the process, with the reason by both ways", async () => {
    const child = spawn();
    child.post({ type: "dance" });
    expect(await nextMessage<FromRuntime>(child)).toMatchObject({
      type: "fatal",
      error: { code: "BAD_MESSAGE", actor: "bug" },
    });
    expect(await child.exited).toEqual({ code: 1, signal: null });
    expect(JSON.parse(child.stderrTail())).toMatchObject({ level: "fatal", code: "BAD_MESSAGE" });
  });

  test("a model that was never loaded fails each item, and loading before init fails", async () => {
    const child = spawn();
    child.post({ type: "load", model });
    expect(await nextMessage<FromRuntime>(child)).toMatchObject({
      type: "load-failed",
      error: { code: "RUNTIME_NOT_INITIALISED" },
    });
    child.post(init);
    expect(await nextMessage<FromRuntime>(child)).toMatchObject({ type: "ready", pid: child.pid });
    child.post({ type: "run", batchId: 7, model: "none", items: [embedding("a", ["x"])] });
    expect(await nextMessage<FromRuntime>(child)).toMatchObject({
      type: "done",
      batchId: 7,
      items: [{ key: "a", ok: false, error: { code: "MODEL_NOT_LOADED" } }],
    });
  });

  test("the process checks the limits itself too", async () => {
    const child = spawn();
    child.post(init);
    child.post({ type: "load", model });
    await nextMessage<FromRuntime>(child, (message) => message.type === "loaded");
    child.post({
      type: "run",
      batchId: 1,
      model: MINILM,
      items: [embedding("a", Array(1_000_000).fill("a"))],
    });
    expect(await nextMessage<FromRuntime>(child)).toMatchObject({
      items: [{ ok: false, error: { code: "INPUT_TOO_LARGE" } }],
    });
  });

  test("shutdown ends it in order after what it has to do, silently", async () => {
    const child = spawn();
    const ready = nextMessage<FromRuntime>(child);
    child.post(init);
    child.post({ type: "shutdown" });
    expect(await ready).toMatchObject({ type: "ready" });
    expect(await child.exited).toEqual({ code: 0, signal: null });
    expect(child.stderrTail()).toBe("");
  });

  test("started by hand, it says that it is not meant to be", async () => {
    const { execFile } = await import("node:child_process");
    const { code, stderr } = await new Promise<{ code: unknown; stderr: string }>((resolve) => {
      execFile(process.execPath, [RUNTIME_ENTRY], (error, _, stderr) =>
        resolve({ code: error?.code, stderr }),
      );
    });
    expect(code).toBe(2);
    expect(JSON.parse(stderr)).toMatchObject({ code: "NO_PARENT", actor: "user" });
  });
});
