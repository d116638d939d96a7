import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { decodeCanonical, encodeCanonical } from "../../../src/shared/canonical.ts";
import { sha3_256 } from "../../../src/shared/digest.ts";
import { decodeResult, encodeResult, shapeOf, type TaskResult } from "../../../src/shared/results.ts";
import { decodeWork, encodeWork, unitsOf, type Work } from "../../../src/shared/work.ts";
import { workDigest } from "../../../src/shared/work-digest.ts";

const tensor = fc
  .tuple(fc.nat(4), fc.nat(4))
  .chain(([rows, columns]) =>
    fc
      .float32Array({ noNaN: true, minLength: rows * columns, maxLength: rows * columns })
      .map((data) => ({ shape: [rows, columns], data })),
  );
const texts = fc.array(fc.string({ unit: "grapheme" }), { maxLength: 4 });
const message = fc.record({ role: fc.constantFrom("system", "user", "assistant"), content: fc.string() });

const anyWork: fc.Arbitrary<Work> = fc.oneof(
  fc.record({ kind: fc.constant("embed"), texts }),
  fc.record({ kind: fc.constant("rerank"), query: fc.string(), documents: texts }),
  fc.record({ kind: fc.constant("clip"), texts, images: fc.array(fc.uint8Array(), { maxLength: 2 }) }),
  fc.record(
    {
      kind: fc.constant("vector"),
      op: fc.constantFrom("dot", "cosine", "topk", "matmul"),
      a: tensor,
      b: tensor,
      k: fc.integer({ min: 1, max: 9 }),
    },
    { requiredKeys: ["kind", "op", "a", "b"] },
  ),
  fc.record({
    kind: fc.constant("generate"),
    prompt: fc.oneof(fc.string(), fc.array(message, { maxLength: 3 })),
    maxTokens: fc.integer({ min: 1, max: 4096 }),
    temperature: fc.double({ min: 0, max: 2, noNaN: true }),
    seed: fc.nat(),
    stop: texts,
  }),
) as fc.Arbitrary<Work>;

const anyResult: fc.Arbitrary<TaskResult> = fc.oneof(
  fc.record({ kind: fc.constant("embed" as const), tensor }),
  fc.record({ kind: fc.constant("rerank" as const), tensor }),
  fc.record({ kind: fc.constant("vector" as const), tensor }),
  tensor.map((scores) => ({
    kind: "vector" as const,
    tensor: scores,
    indices: { shape: scores.shape, data: Int32Array.from(scores.data, (_, i) => i * 7 - 3) },
  })),
  fc.record({ kind: fc.constant("clip" as const), texts: tensor, images: tensor }),
  fc.record({
    kind: fc.constant("generate" as const),
    text: fc.string({ unit: "grapheme" }),
    tokenIds: fc.array(fc.nat(), { maxLength: 9 }),
  }),
);

describe("work in canonical bytes", () => {
  test("comes back as it was, whatever its kind", () => {
    fc.assert(
      fc.property(anyWork, (work) => {
        expect(decodeWork(encodeWork(work))).toEqual(work);
      }),
    );
  });

  test("is the documented map, and its digest is over those bytes", () => {
    const embed: Work = { kind: "embed", texts: ["a"] };
    expect(decodeCanonical(encodeWork(embed))).toEqual({ kind: "embed", texts: ["a"] });
    expect(workDigest(embed)).toBe(sha3_256(encodeWork(embed)));
    const generate: Work = { kind: "generate", prompt: "x", maxTokens: 1, temperature: 0, seed: 2, stop: [] };
    expect(decodeCanonical(encodeWork(generate))).toEqual({
      kind: "generate",
      prompt: "x",
      max_tokens: 1,
      temperature: 0,
      seed: 2,
      stop: [],
    });
  });

  test.each([
    ["another kind", { kind: "mine" }],
    ["a text for texts", { kind: "embed", texts: "a" }],
    ["no map", [1, 2]],
    ["no tokens", { kind: "generate", prompt: "x", max_tokens: 0, temperature: 0, seed: 0, stop: [] }],
  ])("%s is refused", (_, value) => {
    expect(() => decodeWork(encodeCanonical(value))).toThrow(expect.objectContaining({ code: "BAD_WORK" }));
  });

  test("a tensor that does not hold what it claims is refused", () => {
    const bad = { dtype: "f32", shape: [3], data: new Uint8Array(4) };
    expect(() => decodeWork(encodeCanonical({ kind: "vector", op: "dot", a: bad, b: bad }))).toThrow(
      expect.objectContaining({ code: "BAD_RESULT" }),
    );
  });

  test("is counted in its own units", () => {
    const matrix = (rows: number) => ({ shape: [rows, 1], data: new Float32Array(rows) });
    expect(unitsOf({ kind: "embed", texts: ["a", "b"] })).toBe(2);
    expect(unitsOf({ kind: "rerank", query: "q", documents: ["a", "b", "c"] })).toBe(3);
    expect(unitsOf({ kind: "clip", texts: ["a"], images: [new Uint8Array(1)] })).toBe(2);
    expect(unitsOf({ kind: "vector", op: "dot", a: matrix(4), b: matrix(4) })).toBe(4);
    expect(unitsOf({ kind: "generate", prompt: "x", maxTokens: 9, temperature: 0, seed: 0, stop: [] })).toBe(
      9,
    );
  });
});

describe("results in canonical bytes", () => {
  test("come back as they were, whatever their kind", () => {
    fc.assert(
      fc.property(anyResult, (result) => {
        expect(decodeResult(encodeResult(result))).toEqual(result);
      }),
    );
  });

  test("equal results are equal bytes", () => {
    fc.assert(
      fc.property(anyResult, (result) => {
        expect(encodeResult(decodeResult(encodeResult(result)))).toEqual(encodeResult(result));
      }),
    );
  });

  test("say their size", () => {
    const of = (rows: number, columns: number) => ({
      shape: [rows, columns],
      data: new Float32Array(rows * columns),
    });
    expect(shapeOf({ kind: "clip", texts: of(1, 4), images: of(2, 4) })).toEqual([3, 4]);
    expect(shapeOf({ kind: "generate", text: "ab", tokenIds: [5, 6] })).toEqual([2]);
    expect(shapeOf({ kind: "embed", tensor: of(2, 3) })).toEqual([2, 3]);
  });

  test.each([
    ["another kind", { kind: "mine" }],
    ["a text for token ids", { kind: "generate", text: "a", token_ids: "1" }],
    ["negative token ids", { kind: "generate", text: "a", token_ids: [-1] }],
    [
      "a tensor of another type",
      { kind: "rerank", tensor: { dtype: "f64", shape: [1], data: new Uint8Array(8) } },
    ],
    ["no map", []],
  ])("%s is refused", (_, value) => {
    expect(() => decodeResult(encodeCanonical(value))).toThrow(
      expect.objectContaining({ code: "BAD_RESULT" }),
    );
  });
});
