/** Every task in the real runtime process: real models where they can be had, generated ones of the same layout else. */
import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { RuntimeClient } from "../../src/engine/runtime-client/runtime-client.ts";
import { decodeResult } from "../../src/shared/results.ts";
import type { ItemResult, ModelSpec } from "../../src/shared/runtime/protocol.ts";
import type { Work } from "../../src/shared/work.ts";
import { good, minilm, openRuntime } from "../fixtures/runtime/minilm.ts";
import { CLIP, type Word, weightOf, writeClip, writeReranker } from "../support/onnx/models.ts";
import { flatPng } from "../support/png.ts";
import { tempFolder } from "../support/temp-folder.ts";

const fixture = (name: string) => new URL(`../fixtures/images/${name}`, import.meta.url);
const LONG_DEADLINE = 30_000;

let runtime: RuntimeClient;
beforeAll(() => {
  runtime = openRuntime();
});
afterAll(() => runtime.stop());

async function runAll(model: ModelSpec | null, works: readonly Work[]): Promise<readonly ItemResult[]> {
  const items = works.map((work, i) => ({ key: String(i), work }));
  const request = { model, items, deadlineMs: LONG_DEADLINE, signal: new AbortController().signal };
  return (await runtime.run(request)).items;
}

async function run(model: ModelSpec | null, work: Work) {
  const item = good((await runAll(model, [work]))[0]);
  return { item, result: decodeResult(item.bytes) };
}

async function rank(model: ModelSpec, query: string, documents: string[]) {
  const { item, result } = await run(model, { kind: "rerank", query, documents });
  if (result.kind !== "rerank") throw new Error(`A ${result.kind} came back`);
  return { ...item, scores: [...result.tensor.data] };
}

describe("vector", () => {
  test("needs no model, and what was computed is on the CPU", async () => {
    const [a, b] = [
      { shape: [2], data: Float32Array.of(1, 2) },
      { shape: [2, 2], data: Float32Array.of(3, 4, 5, 6) },
    ];
    const { item, result } = await run(null, { kind: "vector", op: "topk", a, b, k: 1 });
    expect(item).toMatchObject({ shape: [1, 1], tokens: 0 });
    expect(result).toEqual({
      kind: "vector",
      tensor: { shape: [1, 1], data: Float32Array.of(17) },
      indices: { shape: [1, 1], data: Int32Array.of(1) },
    });
    expect(runtime.status.runtimeClass?.backend).toBe("cpu");
  });
});

describe("rerank", () => {
  test("by embeddings puts what answers the query first, and says how it was done", async () => {
    const documents = [
      "Flour, water and salt make a simple bread.",
      "To recover your login, click on the link in the mail.",
      "Stock markets fell sharply on Tuesday.",
    ];
    const { scores, method, shape } = await rank(await minilm(), "How do I reset my password?", documents);
    expect(method).toBe("embedding-cosine");
    expect(shape).toEqual([3]);
    expect(scores.indexOf(Math.max(...scores))).toBe(1);
    expect(scores[1]).toBeGreaterThan(0.35);
    for (const score of scores) expect(Math.abs(score)).toBeLessThanOrEqual(1);
  });

  test("shares a batch with embedding work of the same model", async () => {
    const items = await runAll(await minilm(), [
      { kind: "embed", texts: ["one", "two"] },
      { kind: "rerank", query: "one", documents: ["one"] },
    ]);
    expect(items).toMatchObject([
      { ok: true, shape: [2, 384] },
      { ok: true, shape: [1], method: "embedding-cosine" },
    ]);
    const [, ranked] = items.map((item) => decodeResult(good(item).bytes));
    expect(ranked?.kind === "rerank" && ranked.tensor.data[0]).toBeCloseTo(1, 5);
  });

  test("by a cross-encoder scores each pair by both of its texts, whatever the padding", async () => {
    const model = writeReranker(tempFolder());
    const documents = ["dog", "moon moon sun cat", "", "cat cat cat cat cat cat"];
    const { scores, method, tokens } = await rank(model, "cat dog", documents);
    const value = (text: string) =>
      text.split(" ").reduce((sum, word) => sum + (word === "" ? 0 : weightOf(word as Word)), 0);
    expect(scores).toEqual(documents.map((document) => value("cat dog") * value(document)));
    expect(method).toBe("cross-encoder");
    expect(tokens).toBe(documents.reduce((sum, text) => sum + 5 + text.split(" ").filter(Boolean).length, 0));
  });

  test("cuts pairs to what the model reads: half for the query, the rest for the document", async () => {
    const model = writeReranker(tempFolder());
    const long = (word: string) => Array(100).fill(word).join(" ");
    const { scores, tokens } = await rank(model, long("cat"), [long("dog"), "dog"]);
    expect(tokens).toBe(16 + 3 + 6 + 1);
    expect(scores).toEqual([
      6 * weightOf("cat") * 7 * weightOf("dog"),
      6 * weightOf("cat") * weightOf("dog"),
    ]);
  });

  test("work for another task is refused, and its neighbours are not", async () => {
    const items = await runAll(writeReranker(tempFolder()), [
      { kind: "rerank", query: "cat", documents: ["dog"] },
      { kind: "embed", texts: ["cat"] },
    ]);
    expect(items).toMatchObject([
      { ok: true },
      { ok: false, error: { code: "WORK_MISMATCH", actor: "market" } },
    ]);
  });
});

describe("clip", () => {
  const unit = (values: readonly number[]) => values.map((value) => value / Math.hypot(...values));
  const normalised = (rgb: readonly number[]) =>
    rgb.map((value, i) => (value / 255 - (CLIP.mean[i] as number)) / (CLIP.std[i] as number));

  test("gives texts and images unit vectors of one space, each its own", async () => {
    const [orange, teal] = [
      [200, 100, 0],
      [0, 100, 120],
    ];
    const { item, result } = await run(writeClip(tempFolder()), {
      kind: "clip",
      texts: ["cat cat dog", "moon"],
      images: [flatPng(300, 200, orange), flatPng(64, 64, teal), readFileSync(fixture("gradient.jpg"))],
    });
    if (result.kind !== "clip") throw new Error(`A ${result.kind} came back`);
    expect(item.shape).toEqual([5, 4]);
    expect(result.texts.shape).toEqual([2, 4]);
    expect([...result.texts.data]).toEqual([...unit([2, 1, 0, 0]), 0, 0, 0, 1].map(Math.fround));
    expect(result.images.shape).toEqual([3, 4]);
    for (const [i, colour] of [orange, teal].entries()) {
      const vector = [...result.images.data.subarray(i * 4, i * 4 + 4)];
      for (const [at, value] of unit([...normalised(colour), 1]).entries())
        expect(vector[at]).toBeCloseTo(value, 3);
    }
  });

  test("takes texts alone and images alone; what is not asked for is empty", async () => {
    const model = writeClip(tempFolder());
    const texts = await run(model, { kind: "clip", texts: ["cat"], images: [] });
    expect(texts.result).toMatchObject({ texts: { shape: [1, 4] }, images: { shape: [0, 4] } });
    const images = await run(model, { kind: "clip", texts: [], images: [flatPng(9, 9, [1, 2, 3])] });
    expect(images.result).toMatchObject({ texts: { shape: [0, 4] }, images: { shape: [1, 4] } });
  });

  test("a hundred images are run in several batches, and one that is damaged fails its own job only", async () => {
    const image = flatPng(30, 30, [10, 20, 30]);
    const many: Work = { kind: "clip", texts: ["sun"], images: Array(50).fill(image) };
    const damaged: Work = { kind: "clip", texts: [], images: [image, image.subarray(0, 40)] };
    const items = await runAll(writeClip(tempFolder()), [many, damaged, many]);
    expect(items).toMatchObject([
      { ok: true, shape: [51, 4] },
      { ok: false, error: { code: "IMAGE_UNREADABLE", actor: "market" } },
      { ok: true, shape: [51, 4] },
    ]);
  });
});
