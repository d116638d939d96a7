import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { computeVector, runVectorItems } from "../../../src/runtime/tasks/vector.ts";
import type { FloatTensor } from "../../../src/shared/canonical.ts";
import type { VectorWork } from "../../../src/shared/work.ts";

const matrix = (...rows: number[][]): FloatTensor => ({
  shape: [rows.length, rows[0]?.length ?? 0],
  data: Float32Array.from(rows.flat()),
});
const vector = (...values: number[]): FloatTensor => ({
  shape: [values.length],
  data: Float32Array.from(values),
});
const work = (op: VectorWork["op"], a: FloatTensor, b: FloatTensor, k?: number): VectorWork => ({
  kind: "vector",
  op,
  a,
  b,
  ...(k === undefined ? {} : { k }),
});
const compute = (...args: Parameters<typeof work>) => computeVector(work(...args));

describe("vector arithmetic", () => {
  test("dot pairs the rows; a single one goes with every row of the other", () => {
    expect(compute("dot", vector(1, 2), vector(3, 4)).tensor).toEqual(vector(11));
    expect(compute("dot", matrix([1, 2], [3, 4]), matrix([5, 6], [7, 8])).tensor).toEqual(vector(17, 53));
    expect(compute("dot", vector(1, 2), matrix([5, 6], [7, 8])).tensor).toEqual(vector(17, 23));
  });

  test("cosine is 1 along, 0 across, -1 against, and 0 for a vector of zeros", () => {
    const b = matrix([2, 0], [0, 3], [-4, 0], [0, 0]);
    expect([...compute("cosine", vector(1, 0), b).tensor.data]).toEqual([1, 0, -1, 0]);
  });

  test("topk gives the best rows in order, the earlier of equals first, with their places", () => {
    const b = matrix([1, 0], [5, 0], [1, 0], [-9, 0]);
    const { tensor, indices } = compute("topk", matrix([1, 0], [-1, 0]), b, 3);
    expect(tensor).toEqual(matrix([5, 1, 1], [9, -1, -1]));
    expect(indices).toEqual({ shape: [2, 3], data: Int32Array.of(1, 0, 2, 3, 0, 2) });
  });

  test("matmul is the product of matrices", () => {
    const { tensor } = compute("matmul", matrix([1, 2, 3], [4, 5, 6]), matrix([7, 8], [9, 10], [11, 12]));
    expect(tensor).toEqual(matrix([58, 64], [139, 154]));
  });

  test("sums are exact where float32 sums would not be: 2²⁴ + 1 - 2²⁴", () => {
    expect(compute("dot", vector(2 ** 24, 1, -(2 ** 24)), vector(1, 1, 1)).tensor).toEqual(vector(1));
  });

  test("matmul agrees with dot, row by column, to the bit", () => {
    const value = fc.float({ noNaN: true, min: -1000, max: 1000 });
    const rows = (n: number) =>
      fc.array(fc.array(value, { minLength: 3, maxLength: 3 }), { minLength: n, maxLength: n });
    fc.assert(
      fc.property(rows(2), rows(4), (a, b) => {
        const transposed = matrix(...[0, 1, 2].map((c) => b.map((row) => row[c] as number)));
        const product = compute("matmul", matrix(...a), transposed).tensor.data;
        const dots = a.flatMap((row) => [...compute("dot", vector(...row), matrix(...b)).tensor.data]);
        expect([...product]).toEqual(dots);
      }),
    );
  });

  test("a result that float32 can't hold is an error, not Infinity", () => {
    expect(() => compute("dot", vector(3e38, 3e38), vector(3, 3))).toThrow(
      expect.objectContaining({ code: "RESULT_NOT_FINITE" }),
    );
  });

  test("each item gets its own answer: a hostile one does not spoil its neighbours", () => {
    const good = work("dot", vector(1), vector(2));
    const { items } = runVectorItems([
      { key: "good", work: good },
      { key: "nan", work: work("dot", vector(Number.NaN), vector(1)) },
      { key: "lying", work: work("dot", { shape: [1e9], data: new Float32Array(1) }, vector(1)) },
      { key: "other", work: { kind: "embed", texts: ["a"] } },
    ]);
    expect(items).toMatchObject([
      { key: "good", ok: true, shape: [1], tokens: 0 },
      { key: "nan", ok: false, error: { code: "INPUT_NOT_FINITE", actor: "market" } },
      { key: "lying", ok: false, error: { code: "INPUT_TOO_LARGE", actor: "market" } },
      { key: "other", ok: false, error: { code: "WORK_MISMATCH", actor: "market" } },
    ]);
  });
});
