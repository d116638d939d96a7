/** Which texts go through the model together: texts of like length, so that little is spent on padding. */

/** Padding may take this share of a batch; beyond it, the shorter texts go in a batch of their own. */
const MAX_PADDING = 1 / 8;

/**
 * Splits texts (given by token counts) into batches of indices whose padded size (texts × longest) is at most
 * `tokenBudget`. A single text longer than the budget is a batch of its own. Order within the result is free.
 */
export function planBatches(lengths: readonly number[], tokenBudget: number): number[][] {
  const byLength = lengths.map((length, index) => ({ length, index })).sort((a, b) => a.length - b.length);
  const batches: number[][] = [];
  let batch: number[] = [];
  let tokens = 0;
  for (const { length, index } of byLength) {
    const padded = (batch.length + 1) * length;
    const padding = padded - (tokens + length);
    if (batch.length > 0 && (padded > tokenBudget || padding > padded * MAX_PADDING)) {
      batches.push(batch);
      batch = [];
      tokens = 0;
    }
    batch.push(index);
    tokens += length;
  }
  if (batch.length > 0) batches.push(batch);
  return batches;
}
