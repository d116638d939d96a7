/** How far two results may be apart: by the model's tolerance, by tokens, by exact places. */
import { expect, test } from "vitest";
import { compareResults } from "../../../../src/engine/receipt/compare.ts";
import type { TaskResult } from "../../../../src/shared/results.ts";

const TOLERANCE = { cosine: 0.999, maxAbs: 5e-3 };
const tensor = (shape: number[], ...values: number[]) => ({ shape, data: Float32Array.from(values) });
const embed = (...values: number[]): TaskResult => ({ kind: "embed", tensor: tensor([2, 2], ...values) });

test("embeddings are compared row by row within the tolerance", () => {
  const kept = embed(1, 0, 0, 1);
  const same = compareResults(kept, embed(1, 0, 0, 1), TOLERANCE);
  expect(same).toMatchObject({ ok: true });
  expect(same.detail.text).toContain("cosine 1.000000, largest difference 0");
  expect(same.detail.text).not.toContain("e+0");
  expect(compareResults(kept, embed(0.998, 0.004, 0, 1), TOLERANCE)).toMatchObject({ ok: true });
  const off = compareResults(kept, embed(0.9, 0.2, 0, 1), TOLERANCE);
  expect(off).toMatchObject({ ok: false, difference: { maxAbs: expect.closeTo(0.2, 5) } });
  expect(off.detail.text).toContain("allowed are 0.999 and 0.005");
  expect(compareResults(kept, embed(0, 1, 1, 0), TOLERANCE).ok, "rows that changed places").toBe(false);
  expect(compareResults(kept, embed(Number.NaN, 0, 0, 1), TOLERANCE).ok).toBe(false);
});

test("another shape or kind is another result", () => {
  const wide: TaskResult = { kind: "embed", tensor: tensor([1, 4], 1, 0, 0, 1) };
  expect(compareResults(embed(1, 0, 0, 1), wide, TOLERANCE)).toMatchObject({ ok: false, difference: null });
  const scores: TaskResult = { kind: "rerank", tensor: tensor([2], 1, 0) };
  expect(compareResults(embed(1, 0, 0, 1), scores, TOLERANCE).ok).toBe(false);
});

test("both halves of a picture and text job count", () => {
  const clip = (x: number): TaskResult => ({
    kind: "clip",
    texts: tensor([1, 2], 1, 0),
    images: tensor([1, 2], x, Math.sqrt(1 - x * x)),
  });
  expect(compareResults(clip(0.6), clip(0.6), TOLERANCE).ok).toBe(true);
  expect(compareResults(clip(0.6), clip(0.8), TOLERANCE).ok).toBe(false);
});

test("plain arithmetic may differ by its order of sums only, and finds the same places", () => {
  const found = (score: number, place: number): TaskResult => ({
    kind: "vector",
    tensor: tensor([1, 1], score),
    indices: { shape: [1, 1], data: Int32Array.of(place) },
  });
  expect(compareResults(found(1000, 3), found(1000.001, 3), null).ok).toBe(true);
  expect(compareResults(found(1000, 3), found(1001, 3), null).ok).toBe(false);
  expect(compareResults(found(1000, 3), found(1000, 4), null).ok).toBe(false);
});

test("generated text is the same tokens or another result", () => {
  const text = (...tokenIds: number[]): TaskResult => ({ kind: "generate", text: "t", tokenIds });
  expect(compareResults(text(1, 2), text(1, 2), TOLERANCE).ok).toBe(true);
  expect(compareResults(text(1, 2), text(1, 3), TOLERANCE).ok).toBe(false);
});
