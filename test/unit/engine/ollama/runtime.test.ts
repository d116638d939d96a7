/** Ollama as a runtime, against a server that keeps to its documented API. */
import { describe, test } from "vitest";
import { OllamaApi } from "../../../../src/engine/ollama/api.ts";
import { OllamaLibrary } from "../../../../src/engine/ollama/library.ts";
import type { OllamaModel } from "../../../../src/engine/ollama/model.ts";
import { OllamaRuntime } from "../../../../src/engine/ollama/runtime.ts";
import type { CatalogueModel } from "../../../../src/shared/catalogue.ts";
import { MINUTE } from "../../../../src/shared/durations.ts";
import type { AppError } from "../../../../src/shared/errors.ts";
import { decodeResult } from "../../../../src/shared/results.ts";
import type { GenerateWork } from "../../../../src/shared/work.ts";
import { textModel, WEIGHTS } from "../../../support/ollama-models.ts";
import { type OllamaServer, serveOllama, tokenIds } from "../../../support/ollama-server.ts";
import { expect, onTestFinished, sideBySide } from "../../../support/side-by-side.ts";

sideBySide();

const NAME = "alphabet:latest";
const GPU = {
  id: "GPU-1",
  kind: "gpu",
  index: 0,
  name: "NVIDIA GeForce RTX 4090",
  memoryTotalMb: 24_576,
  driverVersion: "580.1",
  computeCap: "8.9",
  sensorId: "GPU-1",
} as const;

const ask = (change: Partial<GenerateWork> = {}): GenerateWork => ({
  kind: "generate",
  prompt: "c",
  maxTokens: 5,
  temperature: 0,
  seed: 0,
  stop: [],
  ...change,
});

interface Scene {
  readonly server: OllamaServer;
  readonly library: OllamaLibrary;
  readonly runtime: OllamaRuntime;
  readonly model: OllamaModel;
  run(
    works: GenerateWork | GenerateWork[],
    options?: { deadlineMs?: number; signal?: AbortSignal },
  ): ReturnType<OllamaRuntime["run"]>;
}

async function open(entry: CatalogueModel = textModel(), keepAliveMs = MINUTE): Promise<Scene> {
  const server = await serveOllama({ [NAME]: WEIGHTS });
  const api = new OllamaApi(server.url);
  const library = new OllamaLibrary({
    api,
    models: () => [entry],
    devices: () => [GPU],
    wantedDevice: null,
    mayWork: () => true,
  });
  await library.look(new AbortController().signal);
  const model = library.modelFor(entry);
  if (model === null) throw new Error(`Not offered: ${library.view().text}`);
  const runtime = new OllamaRuntime({ api, library, device: GPU, keepAliveMs });
  onTestFinished(() => runtime.stop());
  return {
    server,
    library,
    runtime,
    model,
    run: (works, { deadlineMs = 10_000, signal = new AbortController().signal } = {}) => {
      const items = [works].flat().map((work, i) => ({ key: String(i), work }));
      return runtime.run({ model, items, deadlineMs, signal });
    },
  };
}

async function written(scene: Scene, change: Partial<GenerateWork> = {}) {
  const { items } = await scene.run(ask(change));
  const [item] = items;
  if (item?.ok !== true) throw new Error(JSON.stringify(item?.error));
  const result = decodeResult(item.bytes);
  if (result.kind !== "generate") throw new Error(`A ${result.kind} came back`);
  return { ...result, shape: item.shape, tokens: item.tokens, sha3_512: item.sha3_512 };
}

const generations = ({ server }: Scene) =>
  server.asked.filter(({ path, body }) => path === "/api/generate" && body?.prompt !== "");
const unloads = ({ server }: Scene) => server.asked.filter(({ raw }) => raw?.keep_alive === 0);

describe.concurrent("a text", () => {
  test("is the likeliest one, with the number of every token and of those that were read", async () => {
    const scene = await open();
    const { text, tokenIds: ids, shape, tokens } = await written(scene, { prompt: "abc" });
    expect(text).toBe("defgh");
    expect(ids).toEqual(tokenIds("defgh"));
    expect(shape).toEqual([5]);
    expect(tokens).toBe(8);
  });

  test("ends where the model ends", async () => {
    expect(await written(await open(), { prompt: "w", maxTokens: 50 })).toMatchObject({
      text: "xyz",
      shape: [3],
    });
    expect(await written(await open(), { prompt: "z" })).toMatchObject({
      text: "",
      tokenIds: [],
      shape: [0],
    });
  });

  test("ends before the first stop text, whose tokens count; Ollama is not asked for more", async () => {
    const scene = await open();
    scene.server.beforeToken = (count) => (count > 8 ? new Promise(() => undefined) : undefined);
    const { text, tokenIds: ids } = await written(scene, {
      prompt: "a",
      maxTokens: 20,
      stop: ["never", "", "gh", "ef"],
    });
    expect(text).toBe("bcd");
    expect(ids).toEqual(tokenIds("bcdef"));
  });

  test("is asked for as the job wants it, whatever the Modelfile says", async () => {
    const scene = await open();
    await written(scene, { prompt: "abc", maxTokens: 3, seed: 4_294_967_295, temperature: 0 });
    const [first, second, ...others] = generations(scene);
    expect(others).toEqual([]);
    expect(first?.body?.options.num_predict, "the prompt is counted first").toBe(1);
    expect(second?.raw).toEqual({
      model: NAME,
      prompt: "abc",
      raw: true,
      stream: true,
      logprobs: true,
      truncate: false,
      shift: false,
      keep_alive: "90s",
      options: {
        seed: 4_294_967_295,
        temperature: 0,
        num_predict: 3,
        top_k: 0,
        top_p: 1,
        min_p: 0,
        typical_p: 1,
        repeat_last_n: 0,
        repeat_penalty: 1,
        presence_penalty: 0,
        frequency_penalty: 0,
        mirostat: 0,
        stop: [],
        num_ctx: 64,
      },
    });
  });

  test("drawn with a seed is the same again, with another seed another", async () => {
    const scene = await open();
    const drawn = (seed: number) => written(scene, { prompt: "a", maxTokens: 20, temperature: 1, seed });
    const [one, again, other] = [await drawn(7), await drawn(7), await drawn(8)];
    expect(again.sha3_512).toBe(one.sha3_512);
    expect(other.tokenIds).not.toEqual(one.tokenIds);
  });

  test("answers a conversation as the catalogue says it is put", async () => {
    const scene = await open(textModel({ contextTokens: 200 }));
    const prompt = [{ role: "user" as const, content: "m" }];
    await written(scene, { prompt });
    expect(generations(scene).at(-1)?.body?.prompt).toBe(
      "<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\nm<|im_end|>\n<|im_start|>assistant\n",
    );
  });

  test("whose characters span tokens comes out whole, and what is cut off at the end is marked", async () => {
    const scene = await open();
    scene.server.answer = [[0xc3], [0xa9], [0xe2], [0x82], [0xac], [0xf0], [0x9f]];
    const { text, tokenIds: ids } = await written(scene, { maxTokens: 7 });
    expect(text).toBe("é€\uFFFD");
    expect(ids).toEqual([0xc3, 0xa9, 0xe2, 0x82, 0xac, 0xf0, 0x9f]);
  });
});

describe.concurrent("what can't be kept is refused, and its neighbours are not", () => {
  test("a prompt that does not fit, one that spells a special token, work out of its limits", async () => {
    const scene = await open();
    const { items } = await scene.run([
      ask({ prompt: "a".repeat(65) }),
      ask({ prompt: "a".repeat(60), maxTokens: 5 }),
      ask({ prompt: "so <|im_end|> it ends" }),
      ask({ maxTokens: 100_000 }),
      ask({ maxTokens: 2 }),
    ]);
    expect(items).toMatchObject([
      { ok: false, error: { code: "INPUT_TOO_LARGE", actor: "market" } },
      { ok: false, error: { code: "INPUT_TOO_LARGE", actor: "market" } },
      { ok: false, error: { code: "WORK_MISMATCH", actor: "market" } },
      { ok: false, error: { code: "INPUT_TOO_LARGE", actor: "market" } },
      { ok: true, shape: [2] },
    ]);
  });

  test("a conversation where the catalogue does not say how it is put", async () => {
    const entry = textModel();
    if (entry.task !== "generate") throw new Error("not a text model");
    const scene = await open({ ...entry, generate: { file: entry.generate.file, contextTokens: 64 } });
    const { items } = await scene.run(ask({ prompt: [{ role: "user", content: "m" }] }));
    expect(items).toMatchObject([{ ok: false, error: { code: "WORK_MISMATCH", actor: "market" } }]);
  });
});

describe.concurrent("its memory", () => {
  test("is loaded once, held while there is work, and let go when there was none for a while", async () => {
    const scene = await open(textModel(), 300);
    await scene.run(ask());
    await scene.run(ask());
    expect(scene.server.asked.filter(({ body }) => body?.verbose)).toHaveLength(1);
    expect(scene.runtime.status.state).toBe("ready");
    expect(scene.runtime.holdsDevice).toBe(true);
    expect(scene.runtime.holds("alphabet")).toBe(true);
    await expect.poll(() => scene.server.running.size).toBe(0);
    await expect.poll(() => scene.runtime.status.state).toBe("asleep");
    expect(scene.runtime.holds("alphabet")).toBe(false);
    expect(unloads(scene)).toHaveLength(1);
  });

  test("is free once it is stopped in the middle of a text, which ends", async () => {
    const scene = await open();
    const reached = Promise.withResolvers<void>();
    scene.server.beforeToken = (count) => {
      if (count < 2) return;
      reached.resolve();
      return new Promise(() => undefined);
    };
    const run = scene.run(ask({ prompt: "a", maxTokens: 20 }));
    const ended = expect(run).rejects.toMatchObject({ code: "RUNTIME_STOPPED", retryable: true });
    await reached.promise;
    expect(scene.runtime.status.state).toBe("working");
    await scene.runtime.stop();
    await ended;
    expect(scene.server.running.size).toBe(0);
    expect(unloads(scene)).toHaveLength(1);
    await expect.poll(() => scene.server.abandoned).toEqual(["a"]);
    expect(scene.runtime.status.state).toBe("asleep");
    scene.server.beforeToken = () => undefined;
    expect((await written(scene)).text, "and it works again").toBe("defgh");
  });

  test("is free when it is stopped while the model loads", async () => {
    const scene = await open();
    scene.server.loading = new Promise(() => undefined);
    const run = scene.run(ask());
    const ended = expect(run).rejects.toMatchObject({ code: "RUNTIME_STOPPED" });
    await expect.poll(() => scene.runtime.status.state).toBe("starting");
    await expect.poll(() => scene.server.asked.some(({ raw }) => raw?.keep_alive === "90s")).toBe(true);
    await scene.runtime.stop();
    await ended;
    expect(scene.runtime.status.state).toBe("asleep");
  });

  test("that Ollama does not let go of is told", async () => {
    const scene = await open();
    await scene.run(ask());
    scene.server.keepsInMemory = true;
    await scene.runtime.stop();
    expect(scene.runtime.status).toMatchObject({
      state: "failed",
      reason: expect.stringContaining("not let go of"),
    });
  });

  test("is not taken from its person: what they have loaded stays, and their model goes before ours", async () => {
    const scene = await open();
    scene.server.running.set("their-own:7b", { size: 10, onGpu: 10 });
    await expect(scene.run(ask())).rejects.toMatchObject({ code: "OLLAMA_IN_USE", retryable: false });
    expect(scene.library.view().state).toBe("in-use");
    expect(scene.library.modelFor(textModel())).toBeNull();
    expect(unloads(scene)).toEqual([]);

    scene.server.running.clear();
    await scene.library.look(new AbortController().signal);
    await scene.run(ask());
    scene.server.running.set("their-own:7b", { size: 10, onGpu: 10 });
    await scene.library.look(new AbortController().signal);
    await expect.poll(() => [...scene.server.running.keys()]).toEqual(["their-own:7b"]);
  });

  test("of one model is given up for another", async () => {
    const scene = await open();
    scene.server.models.set("other:1", "cd".repeat(32));
    await scene.run(ask());
    const other = {
      ...scene.model,
      id: "other",
      ollama: { name: "other:1", weightsSha256: "cd".repeat(32) },
    };
    const request = {
      model: other,
      items: [{ key: "a", work: ask() }],
      deadlineMs: 10_000,
      signal: new AbortController().signal,
    };
    await scene.runtime.run(request);
    expect([...scene.server.running.keys()]).toEqual(["other:1"]);
  });
});

describe.concurrent("what goes wrong", () => {
  const failure = async (scene: Scene, deadlineMs?: number): Promise<AppError> =>
    scene.run(ask(), deadlineMs === undefined ? {} : { deadlineMs }).then(
      () => Promise.reject(new Error("It went well")),
      (thrown: AppError) => thrown,
    );

  test("the model is gone: its jobs are for somebody else, and nothing is offered", async () => {
    const scene = await open();
    scene.server.models.clear();
    expect(await failure(scene)).toMatchObject({
      code: "OLLAMA_MODEL_GONE",
      retryable: false,
      name: "AppError",
    });
    expect(scene.library.modelFor(textModel())).toBeNull();
  });

  test("another model has taken its name", async () => {
    const scene = await open();
    scene.server.models.set(NAME, "ef".repeat(32));
    expect(await failure(scene)).toMatchObject({ code: "OLLAMA_MODEL_GONE" });
    expect(scene.server.running.size, "it is not even loaded").toBe(0);
  });

  test("nothing answers any more", async () => {
    const scene = await open();
    await scene.server.close();
    expect(await failure(scene)).toMatchObject({ code: "OLLAMA_UNREACHABLE", actor: "user" });
    expect(scene.library.modelFor(textModel())).toBeNull();
  });

  test("it redirects, which is not followed", async () => {
    const elsewhere = await serveOllama({ [NAME]: WEIGHTS });
    const scene = await open();
    scene.server.always = { status: 307, headers: { location: `${elsewhere.url}/api/generate` } };
    expect(await failure(scene)).toMatchObject({ code: "OLLAMA_REDIRECTS" });
    expect(elsewhere.asked).toEqual([]);
  });

  test("the model does not fit: that may change", async () => {
    const scene = await open();
    scene.server.loadError = "model requires more system memory (9.1 GiB) than is available (2.0 GiB)";
    expect(await failure(scene)).toMatchObject({ code: "OUT_OF_MEMORY", retryable: true });
    scene.server.loadError = "llama runner process has terminated: cudaMalloc failed: out of memory";
    expect(await failure(scene)).toMatchObject({ code: "OUT_OF_MEMORY", retryable: true });
  });

  test("it dies in the middle of a text: the job runs again", async () => {
    const scene = await open();
    scene.server.diesAfter = 2;
    expect(await failure(scene)).toMatchObject({ code: "OLLAMA_BROKE_OFF", retryable: true });
  });

  test("it takes too long: the text is ended and the memory free", async () => {
    const scene = await open();
    scene.server.beforeToken = () => new Promise(() => undefined);
    expect(await failure(scene, 300)).toMatchObject({ code: "OLLAMA_HUNG", retryable: true });
    await expect.poll(() => scene.server.running.size).toBe(0);
  });

  test("it writes without end, or more than was asked for", async () => {
    const scene = await open();
    scene.server.always = { status: 200, body: "x".repeat(5 * 1024 * 1024) };
    expect(await failure(scene)).toMatchObject({ code: "OLLAMA_UNREADABLE" });
    expect(await failure(await ignoring())).toMatchObject({ code: "OLLAMA_UNREADABLE" });
  });

  test("it tells bytes that no token has, or tokens that spell another text", async () => {
    const scene = await open();
    scene.server.answer = [[97, 98]];
    expect(await failure(scene)).toMatchObject({
      code: "OLLAMA_UNREADABLE",
      message: expect.stringContaining("no one token"),
    });
  });

  test("its tokens can't be told: it is no byte-level vocabulary", async () => {
    const scene = await open();
    scene.server.tokenizer = "llama";
    expect(await failure(scene)).toMatchObject({ code: "OLLAMA_VOCABULARY", retryable: false });
  });
});

/** One that writes on past what it was asked for. */
async function ignoring(): Promise<Scene> {
  const scene = await open();
  const lines = Array.from({ length: 9 }, () =>
    JSON.stringify({ response: "a", done: false, logprobs: [{ token: "a", bytes: [97] }] }),
  );
  const done = JSON.stringify({ response: "", done: true, done_reason: "length", prompt_eval_count: 1 });
  await scene.run(ask());
  const body = `${lines.join("\n")}\n${done}\n`;
  const { server } = scene;
  const running = { models: [{ name: NAME, digest: "", size: 1, size_vram: 1 }] };
  Object.defineProperty(server, "always", {
    get: () =>
      server.asked.at(-1)?.path === "/api/ps"
        ? { status: 200, body: JSON.stringify(running) }
        : { status: 200, body },
  });
  return scene;
}
