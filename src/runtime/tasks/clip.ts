/**
 * The clip task: texts and images as unit vectors in one space, so that the dot product says how well they fit.
 * Layout of ViT-B/32: input_ids [n,77] → text_embeds, pixel_values [n,3,224,224] → image_embeds.
 */
import { type InferenceSession, Tensor } from "onnxruntime-node";
import type { FloatTensor } from "../../shared/canonical.ts";
import { requireWorkInLimits } from "../../shared/runtime/limits.ts";
import type { Backend, ItemResult, SpecOf } from "../../shared/runtime/protocol.ts";
import type { OnnxBackend, OnnxClass, OpenSession } from "../backends/onnx.ts";
import { checkedFile, checkModelFiles, openGraph } from "./graph.ts";
import { decodeImage, normalise } from "./image/prepare.ts";
import { runBatch } from "./rows.ts";
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

/** Inputs per session.run; images are decoded no earlier than for their own run. */
const TEXTS_PER_RUN = { cpu: 16, cuda: 256, webgpu: 64, dml: 64 } as const satisfies Record<Backend, number>;
const IMAGES_PER_RUN = { cpu: 8, cuda: 64, webgpu: 16, dml: 16 } as const satisfies Record<Backend, number>;

type Settings = SpecOf<"clip">["clip"];

interface Job {
  readonly key: string;
  readonly texts: readonly (readonly number[])[];
  readonly images: readonly Uint8Array[];
  readonly textVectors: Float32Array;
  readonly imageVectors: Float32Array;
  error: unknown;
}

/** One text or one image of one job, and where its vector goes. */
interface Row<Input> {
  readonly job: Job;
  readonly input: Input;
  readonly target: Float32Array;
  readonly index: number;
}

export class ClipModel implements TaskModel {
  readonly #text: InferenceSession;
  readonly #image: InferenceSession;
  readonly #tokenizer: TextTokenizer;
  readonly #settings: Settings;
  readonly runtimeClass: OnnxClass;

  private constructor(text: OpenSession, image: OpenSession, tokenizer: TextTokenizer, settings: Settings) {
    this.#text = text.session;
    this.#image = image.session;
    // Either half may have fallen back: the slower one is what the receipt must name.
    this.runtimeClass = text.runtimeClass.backend === "cpu" ? text.runtimeClass : image.runtimeClass;
    this.#tokenizer = tokenizer;
    this.#settings = settings;
  }

  /** Checks every file, then loads and warms. Throws MODEL_*, TOKENIZER_UNREADABLE. */
  static async load(spec: SpecOf<"clip">, backend: OnnxBackend): Promise<ClipModel> {
    await checkModelFiles(spec);
    const { textGraph, imageGraph, tokenizer: words, contextLength } = spec.clip;
    const tokenizer = await TextTokenizer.load(checkedFile(spec, words), contextLength);
    const text = await openGraph(spec, textGraph, backend);
    const image = await openGraph(spec, imageGraph, backend).catch(async (thrown: unknown) => {
      await text.session.release();
      throw thrown;
    });
    const model = new ClipModel(text, image, tokenizer, spec.clip);
    try {
      await model.#embedTexts([tokenizer.encode("warm")]);
      await model.#embedImages([new Float32Array(3 * spec.clip.imageSize ** 2)]);
    } catch (cause) {
      await model.release();
      throw notRunnable(cause);
    }
    return model;
  }

  async run(items: readonly TaskItem[]): Promise<TaskOutcome> {
    const jobs = items.map((item) => this.#prepare(item));
    const inferMs = (await this.#runTexts(jobs)) + (await this.#runImages(jobs));
    return { items: jobs.map((job) => this.#finish(job)), inferMs };
  }

  async release(): Promise<void> {
    await this.#text.release();
    await this.#image.release();
  }

  #prepare({ key, work }: TaskItem): Job {
    const none = {
      texts: [],
      images: [],
      textVectors: new Float32Array(0),
      imageVectors: new Float32Array(0),
    };
    try {
      if (work.kind !== "clip") throw wrongTask(work.kind, "clip");
      requireWorkInLimits(work);
      const texts = work.texts.map((text) => this.#tokenizer.encode(text));
      const room = (rows: number) => new Float32Array(rows * this.#settings.dimensions);
      const vectors = { textVectors: room(texts.length), imageVectors: room(work.images.length) };
      return { key, texts, images: work.images, ...vectors, error: null };
    } catch (error) {
      return { key, ...none, error };
    }
  }

  async #runTexts(jobs: readonly Job[]): Promise<number> {
    const rows = jobs.flatMap((job) =>
      job.texts.map(
        (input, index): Row<readonly number[]> => ({ job, input, target: job.textVectors, index }),
      ),
    );
    return this.#runChunks(rows, TEXTS_PER_RUN[this.runtimeClass.backend], (inputs) =>
      this.#embedTexts(inputs),
    );
  }

  async #runImages(jobs: readonly Job[]): Promise<number> {
    let inferMs = 0;
    const rows = jobs.flatMap((job) =>
      job.images.map((input, index): Row<Uint8Array> => ({ job, input, target: job.imageVectors, index })),
    );
    const size = IMAGES_PER_RUN[this.runtimeClass.backend];
    for (let at = 0; at < rows.length; at += size) {
      const prepared = rows.slice(at, at + size).flatMap((row) => this.#prepareImage(row));
      inferMs += await this.#runChunks(prepared, size, (inputs) => this.#embedImages(inputs));
    }
    return inferMs;
  }

  async #runChunks<Input>(
    rows: readonly Row<Input>[],
    size: number,
    embed: (inputs: readonly Input[]) => Promise<Float32Array>,
  ): Promise<number> {
    let inferMs = 0;
    for (let at = 0; at < rows.length; at += size) {
      inferMs += await runBatch(rows.slice(at, at + size), {
        infer: (batch) => embed(batch.map(({ input }) => input)),
        take: (vectors, place, { target, index }) =>
          copyUnit(vectors, place, target, index, this.#settings.dimensions),
        fail: ({ job }, error) => {
          job.error = error;
        },
      });
    }
    return inferMs;
  }

  /** Always the full context, as the model was exported: short texts are padded behind their closing token. */
  async #embedTexts(sequences: readonly (readonly number[])[]): Promise<Float32Array> {
    const { contextLength, padToken } = this.#settings;
    const shape = [sequences.length, contextLength];
    const ids = new BigInt64Array(sequences.length * contextLength).fill(BigInt(padToken));
    const mask = new BigInt64Array(ids.length);
    for (const [row, sequence] of sequences.entries()) {
      for (const [at, id] of sequence.entries()) ids[row * contextLength + at] = BigInt(id);
      mask.fill(1n, row * contextLength, row * contextLength + sequence.length);
    }
    const feeds: Record<string, Tensor> = { input_ids: new Tensor("int64", ids, shape) };
    if (this.#text.inputNames.includes("attention_mask"))
      feeds.attention_mask = new Tensor("int64", mask, shape);
    return this.#vectors(this.#text, feeds, "text_embeds", sequences.length);
  }

  /** Decoded, shrunk and let go of, one after the other: a photo's pixels are a hundred times what the model sees. */
  #prepareImage({ input, ...row }: Row<Uint8Array>): Row<Float32Array>[] {
    if (row.job.error !== null) return [];
    try {
      return [{ ...row, input: normalise(decodeImage(input), this.#settings) }];
    } catch (error) {
      row.job.error = error;
      return [];
    }
  }

  async #embedImages(images: readonly Float32Array[]): Promise<Float32Array> {
    const { imageSize } = this.#settings;
    const each = 3 * imageSize * imageSize;
    const data = new Float32Array(images.length * each);
    for (const [i, image] of images.entries()) data.set(image, i * each);
    const feeds = { pixel_values: new Tensor("float32", data, [images.length, 3, imageSize, imageSize]) };
    return this.#vectors(this.#image, feeds, "image_embeds", images.length);
  }

  async #vectors(
    session: InferenceSession,
    feeds: Record<string, Tensor>,
    name: string,
    rows: number,
  ): Promise<Float32Array> {
    const outputs = await session.run(feeds);
    const vectors = outputs[name] ?? outputs[session.outputNames[0] ?? ""];
    const expected = [rows, this.#settings.dimensions];
    if (!(vectors?.data instanceof Float32Array) || String(vectors.dims) !== String(expected))
      throw new Error(`the output is ${vectors?.type} [${vectors?.dims}], expected float32 [${expected}]`);
    return vectors.data;
  }

  #finish(job: Job): ItemResult {
    if (job.error !== null) return itemFailed(job.key, job.error);
    const tensor = (data: Float32Array): FloatTensor => ({
      shape: [data.length / this.#settings.dimensions, this.#settings.dimensions],
      data,
    });
    return itemDone(job.key, {
      result: { kind: "clip", texts: tensor(job.textVectors), images: tensor(job.imageVectors) },
      tokens: job.texts.reduce((total, ids) => total + ids.length, 0),
    });
  }
}

/** Scaled to length 1; sums in double precision, in order. Throws RESULT_NOT_FINITE. */
function copyUnit(
  from: Float32Array,
  place: number,
  to: Float32Array,
  index: number,
  dimensions: number,
): void {
  let squares = 0;
  const start = place * dimensions;
  for (let i = 0; i < dimensions; i++) squares += (from[start + i] as number) ** 2;
  const norm = Math.sqrt(squares);
  if (!Number.isFinite(norm) || norm === 0) throw resultNotFinite();
  for (let i = 0; i < dimensions; i++) to[index * dimensions + i] = (from[start + i] as number) / norm;
}
