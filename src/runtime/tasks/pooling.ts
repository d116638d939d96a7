/** From a model's hidden states to unit vectors: the mean over a text's own tokens, scaled to length 1. */
import { resultNotFinite } from "./task.ts";

/** Row-major [rows, width, dimensions] float32, as the session returned it. */
export interface HiddenStates {
  readonly data: Float32Array;
  /** Tokens per row, padding included. */
  readonly width: number;
  readonly dimensions: number;
}

/**
 * Writes the unit mean of `row`'s first `tokens` states into `target` at `targetRow`. Sums in double precision, in
 * token order, so that the same states give the same bits everywhere. Throws RESULT_NOT_FINITE.
 */
export function poolRow(
  hidden: HiddenStates,
  row: number,
  tokens: number,
  target: Float32Array,
  targetRow: number,
): void {
  const { data, width, dimensions } = hidden;
  const sums = new Float64Array(dimensions);
  let at = row * width * dimensions;
  for (let token = 0; token < tokens; token++) {
    for (let i = 0; i < dimensions; i++) sums[i] = (sums[i] as number) + (data[at++] as number);
  }
  // The mean's divisor cancels in the normalisation.
  let squares = 0;
  for (const sum of sums) squares += sum * sum;
  const norm = Math.sqrt(squares);
  if (!Number.isFinite(norm) || norm === 0) {
    throw resultNotFinite();
  }
  const start = targetRow * dimensions;
  for (let i = 0; i < dimensions; i++) target[start + i] = (sums[i] as number) / norm;
}
