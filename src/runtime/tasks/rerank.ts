/** The rerank task by a cross-encoder: query and document are read together, and the logit is the document's score. */
import type { InferenceSession } from "onnxruntime-node";
import { requireWorkInLimits } from "../../shared/runtime/limits.ts";
import type { ItemResult, SpecOf } from "../../shared/runtime/protocol.ts";
import type { OnnxBackend, OnnxClass, OpenSession } from "../backends/onnx.ts";
import { checkedFile, checkModelFiles, openGraph } from "./graph.ts";
import { feedTokens, runRows, type TokenRow } from "./rows.ts";
import {
  itemDone,
  itemFailed,
  notRunnable,
  resultNotFinite,
  type TaskItem,
  type TaskModel,
  type TaskOutcome,
  wrongTask,
} from "./task.ts";
import { TextTokenizer } from "./text-tokenizer.ts";

interface Job {
  readonly key: string;
  readonly pairs: readonly TokenRow[];
  readonly scores: Float32Array;
  error: unknown;
}

/** One document of one job. */
interface Row extends TokenRow {
  readonly job: Job;
  readonly index: number;
}

export class RerankModel implements TaskModel {
  readonly #session: InferenceSession;
  readonly #tokenizer: TextTokenizer;
  readonly runtimeClass: OnnxClass;

  private constructor(open: OpenSession, tokenizer: TextTokenizer) {
    this.#session = open.session;
    this.runtimeClass = open.runtimeClass;
    this.#tokenizer = tokenizer;
  }

  /** Checks every file, then loads and warms. Throws MODEL_*, TOKENIZER_UNREADABLE. */
  static async load(spec: SpecOf<"rerank">, backend: OnnxBackend): Promise<RerankModel> {
    await checkModelFiles(spec);
    const { graph, tokenizer: words, maxTokens } = spec.rerank;
    const tokenizer = await TextTokenizer.load(checkedFile(spec, words), maxTokens);
    const model = new RerankModel(await openGraph(spec, graph, backend), tokenizer);
    try {
      await model.#infer([tokenizer.encodePair("warm", "warm")]);
    } catch (cause) {
      await model.release();
      throw notRunnable(cause);
    }
    return model;
  }

  async run(items: readonly TaskItem[]): Promise<TaskOutcome> {
    const jobs = items.map((item) => this.#prepare(item));
    const rows = jobs.flatMap((job) => job.pairs.map((pair, index): Row => ({ ...pair, job, index })));
    const inferMs = await runRows(rows, this.runtimeClass.backend, {
      infer: (batch) => this.#infer(batch),
      take: (logits, at, { job, index }) => {
        const score = logits[at] as number;
        if (!Number.isFinite(score)) throw resultNotFinite();
        job.scores[index] = score;
      },
      fail: (row, error) => {
        row.job.error = error;
      },
    });
    return { items: jobs.map(finish), inferMs };
  }

  release(): Promise<void> {
    return this.#session.release();
  }

  #prepare({ key, work }: TaskItem): Job {
    try {
      if (work.kind !== "rerank") throw wrongTask(work.kind, "reranking");
      requireWorkInLimits(work);
      const pairs = work.documents.map(this.#tokenizer.pairsOf(work.query));
      return { key, pairs, scores: new Float32Array(pairs.length), error: null };
    } catch (error) {
      return { key, pairs: [], scores: new Float32Array(0), error };
    }
  }

  /** One logit per row. */
  async #infer(rows: readonly TokenRow[]): Promise<Float32Array> {
    const { feeds } = feedTokens(this.#session.inputNames, rows);
    const outputs = await this.#session.run(feeds);
    const logits = outputs.logits ?? outputs[this.#session.outputNames[0] ?? ""];
    if (!(logits?.data instanceof Float32Array) || logits.data.length !== rows.length) {
      throw new Error(`the output is ${logits?.type} [${logits?.dims}], expected float32 [${rows.length},1]`);
    }
    return logits.data;
  }
}

function finish(job: Job): ItemResult {
  if (job.error !== null) return itemFailed(job.key, job.error);
  return itemDone(job.key, {
    result: { kind: "rerank", tensor: { shape: [job.scores.length], data: job.scores } },
    tokens: job.pairs.reduce((total, { ids }) => total + ids.length, 0),
    method: "cross-encoder",
  });
}
