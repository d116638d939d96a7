/** The embed task: texts → tokens → batches → hidden states → unit vectors → canonical bytes and digests. */
import { readFile } from "node:fs/promises";
import { type InferenceSession, Tensor } from "onnxruntime-node";
import { encodeEmbedResult } from "../../shared/canonical.ts";
import { sha3_256, sha3_512 } from "../../shared/digest.ts";
import { AppError, toErrorValue } from "../../shared/errors.ts";
import { checkPinnedFile, pathInside } from "../../shared/model-files.ts";
import { requireTextsInLimits } from "../../shared/runtime/limits.ts";
import type { ItemResult, ModelSpec, RuntimeClass } from "../../shared/runtime/protocol.ts";
import type { OnnxBackend, OpenSession } from "../backends/onnx.ts";
import { externalLocations } from "../backends/onnx-file.ts";
import { planBatches } from "./batches.ts";
import { type HiddenStates, poolRow } from "./pooling.ts";
import { TextTokenizer } from "./text-tokenizer.ts";

/** Padded tokens per session.run. A CPU gains nothing beyond this, and memory grows with it; a GPU wants more. */
const TOKEN_BUDGET = { cpu: 1024, cuda: 16_384, webgpu: 4096, dml: 4096 } as const;

export interface EmbedItem {
  readonly key: string;
  readonly texts: readonly string[];
}

export interface EmbedOutcome {
  readonly items: ItemResult[];
  /** Milliseconds inside session.run. */
  readonly inferMs: number;
}

/** An item on its way: either in work, with room for its vectors, or already failed. */
interface Job {
  readonly key: string;
  readonly rows: readonly number[][];
  readonly vectors: Float32Array;
  error: unknown;
}

/** One text of one job. */
interface Row {
  readonly job: Job;
  readonly index: number;
  readonly ids: readonly number[];
}

export class EmbedModel {
  readonly #session: InferenceSession;
  readonly #tokenizer: TextTokenizer;
  readonly #dimensions: number;
  readonly runtimeClass: RuntimeClass;

  private constructor(open: OpenSession, tokenizer: TextTokenizer, dimensions: number) {
    this.#session = open.session;
    this.runtimeClass = open.runtimeClass;
    this.#tokenizer = tokenizer;
    this.#dimensions = dimensions;
  }

  /** Checks every file, then loads and warms. Throws MODEL_*, TOKENIZER_UNREADABLE. */
  static async load(spec: ModelSpec, backend: OnnxBackend): Promise<EmbedModel> {
    for (const file of spec.files) await checkPinnedFile(spec.id, spec.folder, file);
    for (const file of [spec.embed.graph, spec.embed.tokenizer]) requirePinned(spec, file, "It names");
    const graph = pathInside(spec.id, spec.folder, spec.embed.graph);
    for (const location of externalLocations(await readFile(graph)))
      requirePinned(spec, location, "Its graph refers to");
    const tokenizer = await TextTokenizer.load(
      pathInside(spec.id, spec.folder, spec.embed.tokenizer),
      spec.embed.maxTokens,
    );
    const model = new EmbedModel(await backend.createSession(graph), tokenizer, spec.embed.dimensions);
    await model.#warm();
    return model;
  }

  /** Every item gets its own answer, in the order given: one bad item does not spoil the others. */
  async run(items: readonly EmbedItem[]): Promise<EmbedOutcome> {
    const jobs = items.map((item) => this.#prepare(item));
    const rows = jobs.flatMap((job) => job.rows.map((ids, index): Row => ({ job, index, ids })));
    const budget = TOKEN_BUDGET[this.runtimeClass.backend];
    let inferMs = 0;
    for (const batch of planBatches(
      rows.map((row) => row.ids.length),
      budget,
    )) {
      inferMs += await this.#runRows(batch.map((index) => rows[index] as Row));
    }
    return { items: jobs.map((job) => this.#finish(job)), inferMs };
  }

  release(): Promise<void> {
    return this.#session.release();
  }

  /** The first run allocates and, on a GPU, chooses kernels; it also shows whether this is an embedding model at all. */
  async #warm(): Promise<void> {
    try {
      await this.#infer([this.#tokenizer.encode("warm")]);
    } catch (cause) {
      await this.release();
      throw new AppError({
        code: "MODEL_NOT_LOADABLE",
        message:
          `The model loads, but does not run: ${cause instanceof Error ? cause.message : String(cause)}`.slice(
            0,
            500,
          ),
        actor: "machine",
        cause,
      });
    }
  }

  #prepare({ key, texts }: EmbedItem): Job {
    try {
      requireTextsInLimits(texts);
      const rows = texts.map((text) => this.#tokenizer.encode(text));
      return { key, rows, vectors: new Float32Array(rows.length * this.#dimensions), error: null };
    } catch (error) {
      return { key, rows: [], vectors: new Float32Array(0), error };
    }
  }

  /** Returns the milliseconds spent in the session. When a batch fails, each of its texts is tried alone. */
  async #runRows(rows: readonly Row[]): Promise<number> {
    const startedAt = performance.now();
    try {
      const hidden = await this.#infer(rows.map((row) => row.ids));
      const inferMs = performance.now() - startedAt;
      for (const [at, row] of rows.entries()) poolInto(hidden, at, row);
      return inferMs;
    } catch (thrown) {
      if (rows.length > 1) {
        let inferMs = performance.now() - startedAt;
        for (const row of rows) inferMs += await this.#runRows([row]);
        return inferMs;
      }
      for (const { job } of rows) job.error = inferenceFailed(thrown);
      return performance.now() - startedAt;
    }
  }

  async #infer(sequences: readonly (readonly number[])[]): Promise<HiddenStates> {
    const width = Math.max(...sequences.map((ids) => ids.length));
    const shape = [sequences.length, width];
    const ids = new BigInt64Array(sequences.length * width);
    const mask = new BigInt64Array(ids.length);
    for (const [row, sequence] of sequences.entries()) {
      for (const [at, id] of sequence.entries()) ids[row * width + at] = BigInt(id);
      mask.fill(1n, row * width, row * width + sequence.length);
    }
    const feeds: Record<string, Tensor> = {
      input_ids: new Tensor("int64", ids, shape),
      attention_mask: new Tensor("int64", mask, shape),
    };
    if (this.#session.inputNames.includes("token_type_ids")) {
      feeds.token_type_ids = new Tensor("int64", new BigInt64Array(ids.length), shape);
    }
    const outputs = await this.#session.run(feeds);
    const hidden = outputs.last_hidden_state ?? outputs[this.#session.outputNames[0] ?? ""];
    const expected = [...shape, this.#dimensions];
    if (!(hidden?.data instanceof Float32Array) || String(hidden.dims) !== String(expected)) {
      throw new Error(`the output is ${hidden?.type} [${hidden?.dims}], expected float32 [${expected}]`);
    }
    return { data: hidden.data, width, dimensions: this.#dimensions };
  }

  #finish(job: Job): ItemResult {
    if (job.error !== null) return { key: job.key, ok: false, error: toErrorValue(job.error) };
    const shape = [job.rows.length, this.#dimensions];
    // A copy with a buffer of its own: cloning a view into a bigger buffer would send all of that buffer.
    const bytes = new Uint8Array(encodeEmbedResult({ shape, data: job.vectors }));
    return {
      key: job.key,
      ok: true,
      bytes,
      sha3_512: sha3_512(bytes),
      sha3_256: sha3_256(bytes),
      shape,
      tokens: job.rows.reduce((total, ids) => total + ids.length, 0),
    };
  }
}

function poolInto(hidden: HiddenStates, at: number, row: Row): void {
  try {
    poolRow(hidden, at, row.ids.length, row.job.vectors, row.index);
  } catch (error) {
    row.job.error = error;
  }
}

/** A file that was not checked is not read, wherever it lies. */
function requirePinned(spec: ModelSpec, path: string, who: string): void {
  if (spec.files.some((file) => file.path === path)) return;
  throw new AppError({
    code: "MODEL_UNSAFE",
    message: `The model ${spec.id} is refused. ${who} ${path}, which is not one of its checked files`,
    actor: "machine",
  });
}

function inferenceFailed(thrown: unknown): AppError {
  return new AppError({
    code: "INFERENCE_FAILED",
    message: `The model could not run: ${thrown instanceof Error ? thrown.message : String(thrown)}`.slice(
      0,
      500,
    ),
    actor: "machine",
    retryable: true,
    cause: thrown,
  });
}
