/**
 * The proof that a back end works here: one matrix product and one convolution, run on it alone and compared with the
 * CPU's answer. A driver that starts and computes rubbish is as useless as one that does not start.
 */
import { InferenceSession, Tensor } from "onnxruntime-node";
import { describeFailure, isOutOfMemory, startFailure } from "./failure.ts";
import { oneNodeModel } from "./onnx-file.ts";

export interface Probe {
  readonly operator: string;
  readonly inputs: Readonly<Record<string, readonly number[]>>;
  readonly output: readonly number[];
}

/** Big enough to take the tiled kernels that models take, small enough to cost nothing. */
export const MATMUL: Probe = { operator: "MatMul", inputs: { a: [32, 96], b: [96, 48] }, output: [32, 48] };
export const CONV: Probe = {
  operator: "Conv",
  inputs: { a: [1, 3, 24, 24], b: [8, 3, 3, 3] },
  output: [1, 8, 22, 22],
};
/** For a look at the speed, where a software driver can't hide. */
export const BIG_MATMUL: Probe = {
  operator: "MatMul",
  inputs: { a: [512, 512], b: [512, 512] },
  output: [512, 512],
};

/** Of the largest value: float32 in another order of summation stays far below, TF32 just below, rubbish above. */
const TOLERANCE = 2e-3;
const SPEED_RUNS = 3;

/**
 * Null when `options` compute what `reference` (the CPU) does; else what went wrong, as a clause. Throws OUT_OF_MEMORY: who
 * else uses the device now says nothing of what it can do.
 */
export async function probeObstacle(
  probe: Probe,
  options: InferenceSession.SessionOptions,
  reference: InferenceSession.SessionOptions,
): Promise<string | null> {
  try {
    const [expected, found] = [await run(probe, reference), await run(probe, options)];
    return compare(probe.operator, expected, found);
  } catch (thrown) {
    if (isOutOfMemory(thrown)) throw startFailure(thrown);
    return describeFailure(thrown);
  }
}

/** Null when every value is within tolerance of the expected one. */
export function compare(operator: string, expected: Float32Array, found: Float32Array): string | null {
  if (found.length !== expected.length) {
    return `its ${operator} gives ${found.length} values, the CPU's ${expected.length}`;
  }
  const scale = expected.reduce((max, value) => Math.max(max, Math.abs(value)), 0);
  const wrong = found.findIndex(
    (value, i) => !(Math.abs(value - (expected[i] as number)) <= TOLERANCE * scale),
  );
  if (wrong === -1) return null;
  return `its ${operator} gives ${found[wrong]} where the CPU gives ${expected[wrong]}`;
}

/** Milliseconds of the fastest of a few runs, after one to warm up. Throws what the session throws. */
export async function fastestRun(probe: Probe, options: InferenceSession.SessionOptions): Promise<number> {
  return withSession(probe, options, async (session, feeds) => {
    await session.run(feeds);
    let fastest = Number.POSITIVE_INFINITY;
    for (let i = 0; i < SPEED_RUNS; i++) {
      const startedAt = performance.now();
      await session.run(feeds);
      fastest = Math.min(fastest, performance.now() - startedAt);
    }
    return fastest;
  });
}

function run(probe: Probe, options: InferenceSession.SessionOptions): Promise<Float32Array> {
  return withSession(probe, options, async (session, feeds) => {
    const { y } = await session.run(feeds);
    if (!(y?.data instanceof Float32Array)) throw new Error(`the output is ${y?.type}, expected float32`);
    return y.data;
  });
}

async function withSession<T>(
  { operator, inputs, output }: Probe,
  options: InferenceSession.SessionOptions,
  use: (session: InferenceSession, feeds: Record<string, Tensor>) => Promise<T>,
): Promise<T> {
  const session = await InferenceSession.create(oneNodeModel(operator, inputs, output), options);
  try {
    const feeds = Object.entries(inputs).map(
      ([name, shape], seed) => [name, new Tensor("float32", values(shape, seed), [...shape])] as const,
    );
    return await use(session, Object.fromEntries(feeds));
  } finally {
    await session.release();
  }
}

/** The same every time, between -1 and 1, no two rows alike. */
function values(shape: readonly number[], seed: number): Float32Array {
  const count = shape.reduce((product, size) => product * size, 1);
  return Float32Array.from({ length: count }, (_, i) => Math.sin(i * 0.7 + seed * 1.3 + 1));
}
