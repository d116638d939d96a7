/**
 * The embed task: texts → tokens → batches → hidden states → unit vectors. The same vectors serve reranking where no
 * cross-encoder is at hand: a document's score is then the cosine of its vector with the query's.
 */
import type { InferenceSession } from "onnxruntime-node";
import { unreachable } from "../../shared/errors.ts";
import { requireWorkInLimits } from "../../shared/runtime/limits.ts";
import type { ItemResult, SpecOf } from "../../shared/runtime/protocol.ts";
import type { Work } from "../../shared/work.ts";
import type { OnnxBackend, OnnxClass, OpenSession } from "../backends/onnx.ts";
import { checkedFile, checkModelFiles, openGraph } from "./graph.ts";
import { type HiddenStates, poolRow } from "./pooling.ts";
import { feedTokens, runRows, type TokenRow } from "./rows.ts";
import {
  type Finished,
  itemDone,
  itemFailed,
  notRunnable,
  type TaskItem,
  type TaskModel,
  type TaskOutcome,
  wrongTask,
} from "./task.ts";
import { TextTokenizer } from "./text-tokenizer.ts";
import { computeVector } from "./vector.ts";

/** An item on its way: either in work, with room for its vectors, or already failed. */
interface Job {
  readonly key: string;
  readonly work: Work;
  readonly rows: readonly number[][];
  readonly vectors: Float32Array;
  error: unknown;
}

/** One text of one job. */
interface Row extends TokenRow {
  readonly job: Job;
  readonly index: number;
}

export class EmbedModel implements TaskModel {
  readonly #session: InferenceSession;
  readonly #tokenizer: TextTokenizer;
  readonly #dimensions: number;
  readonly runtimeClass: OnnxClass;

  private constructor(open: OpenSession, tokenizer: TextTokenizer, dimensions: number) {
    this.#session = open.session;
    this.runtimeClass = open.runtimeClass;
    this.#tokenizer = tokenizer;
    this.#dimensions = dimensions;
  }

  /** Checks every file, then loads and warms. Throws MODEL_*, TOKENIZER_UNREADABLE. */
  static async load(spec: SpecOf<"embed">, backend: OnnxBackend): Promise<EmbedModel> {
    await checkModelFiles(spec);
    const { graph, tokenizer: words, maxTokens, dimensions } = spec.embed;
    const tokenizer = await TextTokenizer.load(checkedFile(spec, words), maxTokens);
    const model = new EmbedModel(await openGraph(spec, graph, backend), tokenizer, dimensions);
    await model.#warm();
    return model;
  }

  async run(items: readonly TaskItem[]): Promise<TaskOutcome> {
    const jobs = items.map((item) => this.#prepare(item));
    const rows = jobs.flatMap((job) => job.rows.map((ids, index): Row => ({ job, index, ids })));
    const inferMs = await runRows(rows, this.runtimeClass.backend, {
      infer: (batch) => this.#infer(batch),
      take: (hidden, at, row) => poolRow(hidden, at, row.ids.length, row.job.vectors, row.index),
      fail: (row, error) => {
        row.job.error = error;
      },
    });
    return { items: jobs.map((job) => this.#finish(job)), inferMs };
  }

  release(): Promise<void> {
    return this.#session.release();
  }

  /** The first run allocates and, on a GPU, chooses kernels; it also shows whether this is an embedding model at all. */
  async #warm(): Promise<void> {
    try {
      await this.#infer([{ ids: this.#tokenizer.encode("warm") }]);
    } catch (cause) {
      await this.release();
      throw notRunnable(cause);
    }
  }

  #prepare({ key, work }: TaskItem): Job {
    try {
      requireWorkInLimits(work);
      const rows = textsOf(work).map((text) => this.#tokenizer.encode(text));
      return { key, work, rows, vectors: new Float32Array(rows.length * this.#dimensions), error: null };
    } catch (error) {
      return { key, work, rows: [], vectors: new Float32Array(0), error };
    }
  }

  async #infer(rows: readonly TokenRow[]): Promise<HiddenStates> {
    const { feeds, shape } = feedTokens(this.#session.inputNames, rows);
    const outputs = await this.#session.run(feeds);
    const hidden = outputs.last_hidden_state ?? outputs[this.#session.outputNames[0] ?? ""];
    const expected = [...shape, this.#dimensions];
    if (!(hidden?.data instanceof Float32Array) || String(hidden.dims) !== String(expected)) {
      throw new Error(`the output is ${hidden?.type} [${hidden?.dims}], expected float32 [${expected}]`);
    }
    return { data: hidden.data, width: shape[1], dimensions: this.#dimensions };
  }

  #finish(job: Job): ItemResult {
    if (job.error !== null) return itemFailed(job.key, job.error);
    const tokens = job.rows.reduce((total, ids) => total + ids.length, 0);
    return itemDone(job.key, { ...this.#resultOf(job), tokens });
  }

  #resultOf({ work, vectors, rows }: Job): Omit<Finished, "tokens"> {
    if (work.kind !== "rerank")
      return { result: { kind: "embed", tensor: { shape: [rows.length, this.#dimensions], data: vectors } } };
    const [query, documents] = [vectors.subarray(0, this.#dimensions), vectors.subarray(this.#dimensions)];
    const a = { shape: [1, this.#dimensions], data: query };
    const b = { shape: [rows.length - 1, this.#dimensions], data: documents };
    const { tensor } = computeVector({ kind: "vector", op: "cosine", a, b });
    return { result: { kind: "rerank", tensor }, method: "embedding-cosine" };
  }
}

/** What goes through the model, the query first. Throws WORK_MISMATCH. */
function textsOf(work: Work): readonly string[] {
  switch (work.kind) {
    case "embed":
      return work.texts;
    case "rerank":
      return [work.query, ...work.documents];
    case "vector":
    case "clip":
    case "generate":
      throw wrongTask(work.kind, "embedding");
    default:
      return unreachable(work);
  }
}
