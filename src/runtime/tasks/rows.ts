/** Token sequences through a graph: rows of like length together, each row's output to its owner. */
import { Tensor } from "onnxruntime-node";
import type { Backend } from "../../shared/runtime/protocol.ts";
import { planBatches } from "./batches.ts";
import { inferenceFailed } from "./task.ts";

/** Padded tokens per session.run. A CPU gains nothing beyond this, and memory grows with it; a GPU wants more. */
const TOKEN_BUDGET = { cpu: 1024, cuda: 16_384, webgpu: 4096, dml: 4096 } as const satisfies Record<
  Backend,
  number
>;

export interface TokenRow {
  readonly ids: readonly number[];
  /** Which of two texts a token belongs to, 0 or 1; all 0 when absent. */
  readonly types?: readonly number[];
}

export interface RowSteps<Row, Output> {
  infer(rows: readonly Row[]): Promise<Output>;
  /** Keep what belongs to the row at that place of the batch; may throw. */
  take(output: Output, at: number, row: Row): void;
  fail(row: Row, error: unknown): void;
}

/** Returns the milliseconds spent in `infer`. When a batch fails, each of its rows is tried alone. */
export async function runRows<Row extends TokenRow, Output>(
  rows: readonly Row[],
  backend: Backend,
  steps: RowSteps<Row, Output>,
): Promise<number> {
  const lengths = rows.map((row) => row.ids.length);
  let inferMs = 0;
  for (const batch of planBatches(lengths, TOKEN_BUDGET[backend])) {
    inferMs += await runBatch(
      batch.map((index) => rows[index] as Row),
      steps,
    );
  }
  return inferMs;
}

/** When a batch fails, each of its rows is tried alone. Returns the milliseconds spent in `infer`. */
export async function runBatch<Row, Output>(
  rows: readonly Row[],
  steps: RowSteps<Row, Output>,
): Promise<number> {
  const startedAt = performance.now();
  try {
    const output = await steps.infer(rows);
    const inferMs = performance.now() - startedAt;
    for (const [at, row] of rows.entries()) takeRow(output, at, row, steps);
    return inferMs;
  } catch (thrown) {
    let inferMs = performance.now() - startedAt;
    if (rows.length > 1) for (const row of rows) inferMs += await runBatch([row], steps);
    else for (const row of rows) steps.fail(row, inferenceFailed(thrown));
    return inferMs;
  }
}

function takeRow<Row, Output>(output: Output, at: number, row: Row, steps: RowSteps<Row, Output>): void {
  try {
    steps.take(output, at, row);
  } catch (thrown) {
    steps.fail(row, thrown);
  }
}

export interface TokenFeeds {
  readonly feeds: Record<string, Tensor>;
  /** Rows, and tokens of the longest. */
  readonly shape: readonly [number, number];
}

/** int64 input_ids, attention_mask and, where the graph takes them, token_type_ids; short rows are padded with 0. */
export function feedTokens(inputNames: readonly string[], rows: readonly TokenRow[]): TokenFeeds {
  const width = Math.max(...rows.map((row) => row.ids.length));
  const shape = [rows.length, width] as const;
  const [ids, mask, types] = [0, 1, 2].map(() => new BigInt64Array(rows.length * width)) as [
    BigInt64Array,
    BigInt64Array,
    BigInt64Array,
  ];
  for (const [row, sequence] of rows.entries()) {
    const start = row * width;
    for (const [at, id] of sequence.ids.entries()) ids[start + at] = BigInt(id);
    for (const [at, type] of (sequence.types ?? []).entries()) types[start + at] = BigInt(type);
    mask.fill(1n, start, start + sequence.ids.length);
  }
  const feeds: Record<string, Tensor> = {
    input_ids: new Tensor("int64", ids, shape),
    attention_mask: new Tensor("int64", mask, shape),
  };
  if (inputNames.includes("token_type_ids")) feeds.token_type_ids = new Tensor("int64", types, shape);
  return { feeds, shape };
}
