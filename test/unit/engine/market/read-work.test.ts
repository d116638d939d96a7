import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { readWork } from "../../../../src/engine/market/read-work.ts";
import { INPUT_LIMITS } from "../../../../src/shared/runtime/limits.ts";
import { WORK_KINDS } from "../../../../src/shared/work.ts";

const floats = (...values: number[]) => Float32Array.from(values);
const packed = (shape: unknown, bytes: number, dtype: unknown = "f32") => ({
  dtype,
  shape,
  data_base64: Buffer.alloc(bytes).toString("base64"),
});
/** The first bytes of a PNG that claims to be so big. */
const png = (width: number, height: number) => {
  const bytes = Buffer.alloc(33);
  bytes.set([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 13, 0x49, 0x48, 0x44, 0x52]);
  bytes.writeUInt32BE(width, 16);
  bytes.writeUInt32BE(height, 20);
  return bytes.toString("base64");
};

describe("work read from a market's payload", () => {
  test("embed: one text or a list of texts", () => {
    expect(readWork("embed", { input: "hello" })).toEqual({ kind: "embed", texts: ["hello"] });
    expect(readWork("embed", { input: ["a", "", "ü"] })).toEqual({ kind: "embed", texts: ["a", "", "ü"] });
  });

  test("rerank, clip and generate, with what a customer may leave out", () => {
    expect(readWork("rerank", { query: "q", documents: ["d"] })).toEqual({
      kind: "rerank",
      query: "q",
      documents: ["d"],
    });
    expect(readWork("clip", { images: [png(2, 3)] })).toMatchObject({
      kind: "clip",
      texts: [],
      images: [{ length: 33 }],
    });
    expect(readWork("generate", { prompt: "Once" })).toEqual({
      kind: "generate",
      prompt: "Once",
      maxTokens: 256,
      temperature: 0,
      seed: 0,
      stop: [],
    });
    const messages = [{ role: "user", content: "hi" }];
    const asked = { messages, max_tokens: 5, temperature: 0.5, seed: 7, stop: "END" };
    expect(readWork("generate", asked)).toEqual({
      kind: "generate",
      prompt: messages,
      maxTokens: 5,
      temperature: 0.5,
      seed: 7,
      stop: ["END"],
    });
  });

  test("vector: a list, rows, or packed little-endian floats are the same tensor", () => {
    const data_base64 = Buffer.from(floats(1, 2, 3, 4).buffer).toString("base64");
    for (const b of [
      [
        [1, 2],
        [3, 4],
      ],
      { dtype: "f32", shape: [2, 2], data_base64 },
    ]) {
      expect(readWork("vector", { op: "topk", a: [1, 2], b, k: 1 })).toEqual({
        kind: "vector",
        op: "topk",
        a: { shape: [2], data: floats(1, 2) },
        b: { shape: [2, 2], data: floats(1, 2, 3, 4) },
        k: 1,
      });
    }
  });
});

describe("what is declined, and by which rule", () => {
  const { textsPerItem, charactersPerText } = INPUT_LIMITS;
  const row = (length: number) => Array<number>(length).fill(1);

  test.each<[string, string, Record<string, unknown>, string]>([
    ["nothing", "embed", {}, "INPUT_MALFORMED"],
    ["an object for texts", "embed", { input: { text: "a" } }, "INPUT_MALFORMED"],
    ["an empty list", "embed", { input: [] }, "INPUT_EMPTY"],
    ["a number among texts", "embed", { input: ["a", 1] }, "INPUT_MALFORMED"],
    ["too many texts", "embed", { input: Array(textsPerItem + 1).fill("a") }, "INPUT_TOO_LARGE"],
    ["a text too long", "embed", { input: ["x".repeat(charactersPerText + 1)] }, "INPUT_TOO_LARGE"],
    ["too much text", "embed", { input: Array(100).fill("x".repeat(charactersPerText)) }, "INPUT_TOO_LARGE"],
    ["200 MB of text", "embed", { input: "x".repeat(200_000_000) }, "INPUT_TOO_LARGE"],
    ["no documents", "rerank", { query: "q", documents: [] }, "INPUT_EMPTY"],
    ["no query", "rerank", { documents: ["d"] }, "INPUT_MALFORMED"],
    [
      "an image that is none",
      "clip",
      { images: [Buffer.from("<svg/>").toString("base64")] },
      "IMAGE_UNREADABLE",
    ],
    ["an image that is not base64", "clip", { images: ["%%%%"] }, "INPUT_MALFORMED"],
    ["an image of gigapixels", "clip", { images: [png(60_000, 60_000)] }, "INPUT_TOO_LARGE"],
    ["an image of no pixels", "clip", { images: [png(0, 9)] }, "IMAGE_UNREADABLE"],
    ["neither text nor image", "clip", {}, "INPUT_EMPTY"],
    ["no prompt", "generate", {}, "INPUT_MALFORMED"],
    ["an empty prompt", "generate", { prompt: "" }, "INPUT_EMPTY"],
    ["a role nobody knows", "generate", { messages: [{ role: "root", content: "x" }] }, "INPUT_MALFORMED"],
    ["a million tokens", "generate", { prompt: "x", max_tokens: 1e6 }, "INPUT_TOO_LARGE"],
    ["no tokens", "generate", { prompt: "x", max_tokens: 0 }, "INPUT_MALFORMED"],
    ["a temperature that is NaN", "generate", { prompt: "x", temperature: Number.NaN }, "INPUT_MALFORMED"],
    ["a fire", "generate", { prompt: "x", temperature: 1000 }, "INPUT_TOO_LARGE"],
    ["an unknown operation", "vector", { op: "pow", a: [1], b: [1] }, "INPUT_MALFORMED"],
    ["NaN", "vector", { op: "dot", a: [Number.NaN], b: [1] }, "INPUT_NOT_FINITE"],
    ["more than float32 holds", "vector", { op: "dot", a: [1e300], b: [1] }, "INPUT_NOT_FINITE"],
    ["vectors of two lengths", "vector", { op: "dot", a: [1], b: [1, 2] }, "INPUT_MISMATCH"],
    ["rows of two lengths", "vector", { op: "dot", a: [[1, 2], [3]], b: [1, 2] }, "INPUT_MALFORMED"],
    ["deep nesting", "vector", { op: "dot", a: [[[[[[1]]]]]], b: [1] }, "INPUT_MALFORMED"],
    ["another dtype", "vector", { op: "dot", a: packed([1], 8, "f64"), b: [1] }, "INPUT_DTYPE"],
    ["a claim of 10⁹ elements", "vector", { op: "dot", a: packed([1e9], 4), b: [1] }, "INPUT_TOO_LARGE"],
    [
      "a claim of 10¹⁸ elements",
      "vector",
      { op: "dot", a: packed([1e9, 1e9], 4), b: [1] },
      "INPUT_TOO_LARGE",
    ],
    ["fewer bytes than claimed", "vector", { op: "dot", a: packed([3], 8), b: [1] }, "INPUT_MALFORMED"],
    ["a product too big to hold", "vector", { op: "matmul", a: [row(1)], b: [row(5e6)] }, "INPUT_TOO_LARGE"],
    ["more k than rows", "vector", { op: "topk", a: [1], b: [[1], [2]], k: 3 }, "INPUT_MISMATCH"],
  ])("%s (%s)", (_what, kind, fields, code) => {
    expect(readWork(kind, fields)).toMatchObject({
      kind: "unsupported",
      code,
      reason: expect.stringMatching(/./),
    });
  });

  test("a kind that nobody knows", () => {
    expect(readWork("mine bitcoin", {})).toEqual({
      kind: "unsupported",
      reason: 'Jobs of kind "mine bitcoin" are not run here',
    });
  });

  test("anything a stranger sends is either work of that kind or declined", () => {
    const fields = [
      "input",
      "query",
      "documents",
      "texts",
      "images",
      "prompt",
      "messages",
      "max_tokens",
      "op",
      "a",
      "b",
    ];
    const payload = fc.dictionary(fc.constantFrom(...fields), fc.anything());
    fc.assert(
      fc.property(fc.constantFrom(...WORK_KINDS), payload, (kind, some) => {
        const work = readWork(kind, some);
        if (work.kind === "unsupported") expect(work.reason).not.toBe("");
        else expect(work.kind).toBe(kind);
      }),
    );
  });
});
