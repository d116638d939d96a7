/**
 * The vector task: arithmetic on float32 vectors and matrices, without a model and the same on every machine.
 *
 *   dot, cosine  row i of `a` with row i of `b` (a single row goes with every row of the other) → [rows]
 *   topk         for each row of `a` the k rows of `b` with the largest dot product → scores and places [rows, k];
 *                of equal scores the earlier row comes first
 *   matmul       [m,k] × [k,n] → [m,n]
 *
 * Every product and sum is an IEEE double, taken in the order of the indices, and each result is rounded to float32
 * once at the end: two machines that follow this get the same bits. The cosine with a vector of zeros is 0.
 */
import { elementsOf, type FloatTensor, type IndexTensor } from "../../shared/canonical.ts";
import { AppError, unreachable } from "../../shared/errors.ts";
import { requireWorkInLimits } from "../../shared/runtime/limits.ts";
import type { VectorWork } from "../../shared/work.ts";
import { itemDone, itemFailed, type TaskItem, type TaskOutcome, wrongTask } from "./task.ts";

export interface VectorResult {
  readonly kind: "vector";
  readonly tensor: FloatTensor;
  readonly indices?: IndexTensor;
}

interface Matrix {
  readonly data: Float32Array;
  readonly rows: number;
  readonly columns: number;
}

export function runVectorItems(items: readonly TaskItem[]): TaskOutcome {
  const startedAt = performance.now();
  const answers = items.map(({ key, work }) => {
    try {
      if (work.kind !== "vector") throw wrongTask(work.kind, "no task at all");
      requireWorkInLimits(work);
      return itemDone(key, { result: computeVector(work), tokens: 0 });
    } catch (thrown) {
      return itemFailed(key, thrown);
    }
  });
  return { items: answers, inferMs: performance.now() - startedAt };
}

/** For work within limits. Throws RESULT_NOT_FINITE when a result is too big for float32. */
export function computeVector(work: VectorWork): VectorResult {
  const result = compute(work);
  if (!result.tensor.data.every(Number.isFinite)) throw tooBig();
  return result;
}

/** It would be too big every time. */
function tooBig(): AppError {
  return new AppError({
    code: "RESULT_NOT_FINITE",
    message: "A value of the result is too big for float32",
    actor: "market",
  });
}

function compute({ op, a, b, k }: VectorWork): VectorResult {
  switch (op) {
    case "dot":
      return pairwise(asMatrix(a), asMatrix(b), dot);
    case "cosine":
      return pairwise(asMatrix(a), asMatrix(b), cosine);
    case "topk":
      return topK(asMatrix(a), asMatrix(b), k ?? 1);
    case "matmul":
      return multiply(asMatrix(a), asMatrix(b));
    default:
      return unreachable(op);
  }
}

function pairwise(
  a: Matrix,
  b: Matrix,
  of: (a: Matrix, i: number, b: Matrix, j: number) => number,
): VectorResult {
  const rows = Math.max(a.rows, b.rows);
  const row = (matrix: Matrix, i: number) => (matrix.rows === 1 ? 0 : i);
  const data = Float32Array.from({ length: rows }, (_, i) => of(a, row(a, i), b, row(b, i)));
  return { kind: "vector", tensor: { shape: [rows], data } };
}

function dot(a: Matrix, i: number, b: Matrix, j: number): number {
  let sum = 0;
  const [atA, atB] = [i * a.columns, j * b.columns];
  for (let c = 0; c < a.columns; c++) sum += (a.data[atA + c] as number) * (b.data[atB + c] as number);
  return sum;
}

function cosine(a: Matrix, i: number, b: Matrix, j: number): number {
  const norms = Math.sqrt(dot(a, i, a, i)) * Math.sqrt(dot(b, j, b, j));
  return norms === 0 ? 0 : dot(a, i, b, j) / norms;
}

function topK(a: Matrix, b: Matrix, k: number): VectorResult {
  const scores = new Float32Array(a.rows * k);
  const indices = new Int32Array(scores.length);
  for (let i = 0; i < a.rows; i++) {
    const ofRow = Float32Array.from({ length: b.rows }, (_, j) => dot(a, i, b, j));
    const best = Int32Array.from({ length: b.rows }, (_, j) => j)
      .sort((x, y) => (ofRow[y] as number) - (ofRow[x] as number) || x - y)
      .subarray(0, k);
    indices.set(best, i * k);
    for (const [at, j] of best.entries()) scores[i * k + at] = ofRow[j] as number;
  }
  const shape = [a.rows, k];
  return { kind: "vector", tensor: { shape, data: scores }, indices: { shape, data: indices } };
}

/** Row by row of `a`, so that `b` is read along its rows; the sums of one row of the result stay in double until it is whole. */
function multiply(a: Matrix, b: Matrix): VectorResult {
  const shape = [a.rows, b.columns];
  const data = new Float32Array(elementsOf(shape));
  const sums = new Float64Array(b.columns);
  for (let i = 0; i < a.rows; i++) {
    sums.fill(0);
    for (let c = 0; c < a.columns; c++) {
      const factor = a.data[i * a.columns + c] as number;
      const at = c * b.columns;
      for (let j = 0; j < b.columns; j++) sums[j] = (sums[j] as number) + factor * (b.data[at + j] as number);
    }
    data.set(sums, i * b.columns);
  }
  return { kind: "vector", tensor: { shape, data } };
}

/** A vector is a matrix of one row. */
function asMatrix({ shape, data }: FloatTensor): Matrix {
  const [rows, columns] = shape.length === 1 ? [1, shape[0]] : shape;
  return { data, rows: rows ?? 0, columns: columns ?? 0 };
}
