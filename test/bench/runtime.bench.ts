/**
 * What the runtime costs on top of the model: the same batches through a bare session.run in this process, and through
 * the whole way (engine's client, process border, checks, tokeniser, pooling, canonical bytes, digests).
 *
 *   node test/bench/runtime.bench.ts [rounds]        prints one JSON object; times are milliseconds, medians
 */
import { join } from "node:path";
import { InferenceSession, Tensor } from "onnxruntime-node";
import { planBatches } from "../../src/runtime/tasks/batches.ts";
import { TextTokenizer } from "../../src/runtime/tasks/text-tokenizer.ts";
import { embedding, minilm, openRuntime } from "../fixtures/runtime/minilm.ts";

const THREADS = 2;
const TOKEN_BUDGET = 1024;
const rounds = Number(process.argv[2] ?? 15);

const WORDS = [
  "river",
  "engine",
  "market",
  "winter",
  "paper",
  "garden",
  "signal",
  "copper",
  "morning",
  "thread",
];
const text = (words: number, seed: number) =>
  Array.from({ length: words }, (_, i) => WORDS[(i * 7 + seed * 3) % WORDS.length]).join(" ");

/** Name → items of texts, as a market's jobs would come. */
const LOADS: Record<string, string[][]> = {
  "1 job × 1 short text": [[text(10, 1)]],
  "8 jobs × 4 short texts": Array.from({ length: 8 }, (_, job) =>
    [10, 11, 10, 12].map((n, i) => text(n, job * 4 + i)),
  ),
  "1 job × 32 texts of 110 tokens": [Array.from({ length: 32 }, (_, i) => text(108, i))],
  "8 jobs × 4 texts of 10 to 200 tokens": Array.from({ length: 8 }, (_, job) =>
    [10, 60, 120, 200].map((n, i) => text(n, job + i)),
  ),
};

const model = await minilm();
const tokenizer = await TextTokenizer.load(join(model.folder, model.embed.tokenizer), model.embed.maxTokens);
const session = await InferenceSession.create(join(model.folder, model.embed.graph), {
  executionProviders: ["cpu"],
  intraOpNumThreads: THREADS,
  interOpNumThreads: 1,
  extra: { session: { intra_op: { allow_spinning: "0" } } },
});
const runtime = openRuntime({ threads: THREADS });

const results: Record<string, unknown> = {};
for (const [name, jobs] of Object.entries(LOADS)) {
  const feeds = prepareFeeds(jobs.flat());
  const items = jobs.map((texts, i) => embedding(String(i), texts));
  const request = { model, items, deadlineMs: 60_000, signal: new AbortController().signal };
  const bare: number[] = [];
  const whole: number[] = [];
  const infer: number[] = [];
  const inProcess: number[] = [];
  // In turns, so that a change in the machine's speed meets both alike; the first round warms up.
  for (let round = 0; round <= rounds; round++) {
    const bareMs = await time(async () => {
      for (const feed of feeds) await session.run(feed);
    });
    const startedAt = performance.now();
    const answer = await runtime.run(request);
    const wholeMs = performance.now() - startedAt;
    if (round === 0) continue;
    bare.push(bareMs);
    whole.push(wholeMs);
    infer.push(answer.inferMs);
    inProcess.push(answer.totalMs);
  }
  results[name] = {
    sessionRunBare: round(median(bare)),
    wholeRuntime: round(median(whole)),
    ratio: round(median(whole.map((ms, i) => ms / (bare[i] as number)))),
    ratioWithinProcess: round(median(whole.map((ms, i) => ms / (infer[i] as number)))),
    overheadMs: round(median(whole.map((ms, i) => ms - (infer[i] as number)))),
    ofThatInRuntime: round(median(inProcess.map((ms, i) => ms - (infer[i] as number)))),
    overheadP95Ms: round(
      quantile(
        whole.map((ms, i) => ms - (infer[i] as number)),
        0.95,
      ),
    ),
    textsPerSecond: Math.round((jobs.flat().length / median(whole)) * 1000),
  };
}
await runtime.stop();
await session.release();
process.stdout.write(
  `${JSON.stringify({ rounds, threads: THREADS, node: process.versions.node, results }, null, 2)}\n`,
);

/** Exactly the batches that the runtime makes of these texts. */
function prepareFeeds(texts: string[]): Record<string, Tensor>[] {
  const rows = texts.map((text) => tokenizer.encode(text));
  return planBatches(
    rows.map((row) => row.length),
    TOKEN_BUDGET,
  ).map((batch) => {
    const sequences = batch.map((index) => rows[index] as number[]);
    const width = Math.max(...sequences.map((ids) => ids.length));
    const shape = [sequences.length, width];
    const ids = new BigInt64Array(sequences.length * width);
    const mask = new BigInt64Array(ids.length);
    for (const [row, sequence] of sequences.entries()) {
      for (const [at, id] of sequence.entries()) ids[row * width + at] = BigInt(id);
      mask.fill(1n, row * width, row * width + sequence.length);
    }
    return {
      input_ids: new Tensor("int64", ids, shape),
      attention_mask: new Tensor("int64", mask, shape),
      token_type_ids: new Tensor("int64", new BigInt64Array(ids.length), shape),
    };
  });
}

async function time(work: () => Promise<void>): Promise<number> {
  const startedAt = performance.now();
  await work();
  return performance.now() - startedAt;
}

function quantile(values: number[], q: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] as number;
}

function median(values: number[]): number {
  return quantile(values, 0.5);
}

function round(value: number): number {
  return Math.round(value * 1000) / 1000;
}
