/** Generated models: the layout of the real ones, weights that a test can compute with by hand. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { sha256 } from "../../../src/shared/digest.ts";
import type { SpecOf } from "../../../src/shared/runtime/protocol.ts";
import { encodeGraph, FLOAT, INT64 } from "./graph.ts";

/** Each word's id is its place; the special tokens come first. */
export const VOCABULARY = [
  "[PAD]",
  "[CLS]",
  "[SEP]",
  "[UNK]",
  "a",
  "b",
  "cat",
  "dog",
  "sun",
  "moon",
] as const;
export type Word = (typeof VOCABULARY)[number];

/** The value of a word to the generated models: special tokens count nothing. */
export const weightOf = (word: Word) => Math.max(0, VOCABULARY.indexOf(word) - 3);
const WORD_WEIGHTS = Float32Array.from(VOCABULARY, (word) => weightOf(word));

/**
 * A cross-encoder of the BERT layout: input_ids, attention_mask, token_type_ids [B,L] → logits [B,1]. The logit is
 * (sum of the query's word weights) × (sum of the document's): wrong types, masks or padding give another number.
 */
export function writeReranker(folder: string): SpecOf<"rerank"> {
  const sizes = ["rows", "tokens"];
  const graph = encodeGraph({
    inputs: ["input_ids", "attention_mask", "token_type_ids"].map((name) => ({
      name,
      type: INT64,
      shape: sizes,
    })),
    outputs: [{ name: "logits", type: FLOAT, shape: ["rows", 1] }],
    weights: [
      { name: "words", shape: [VOCABULARY.length], data: WORD_WEIGHTS },
      { name: "one", shape: [1], data: Float32Array.of(1) },
      { name: "axis", shape: [1], data: BigInt64Array.of(1n) },
    ],
    nodes: [
      { op: "Gather", inputs: ["words", "input_ids"], output: "values", attributes: { axis: 0 } },
      { op: "Cast", inputs: ["attention_mask"], output: "mask", attributes: { to: FLOAT } },
      { op: "Cast", inputs: ["token_type_ids"], output: "isDocument", attributes: { to: FLOAT } },
      { op: "Sub", inputs: ["one", "isDocument"], output: "isQuery" },
      { op: "Mul", inputs: ["values", "mask"], output: "masked" },
      { op: "Mul", inputs: ["masked", "isQuery"], output: "queryWords" },
      { op: "Mul", inputs: ["masked", "isDocument"], output: "documentWords" },
      { op: "ReduceSum", inputs: ["queryWords", "axis"], output: "query", attributes: { keepdims: 1 } },
      { op: "ReduceSum", inputs: ["documentWords", "axis"], output: "document", attributes: { keepdims: 1 } },
      { op: "Mul", inputs: ["query", "document"], output: "logits" },
    ],
  });
  const files = writeFiles(folder, { "model.onnx": graph, "tokenizer.json": wordTokenizer() });
  const rerank = { graph: "model.onnx", tokenizer: "tokenizer.json", maxTokens: 16 };
  return { id: "generated-reranker", version: "1", folder, files, task: "rerank", rerank };
}

/** The sides and constants of ViT-B/32. */
export const CLIP = {
  dimensions: 4,
  contextLength: 77,
  padToken: 0,
  imageSize: 224,
  mean: [0.48145466, 0.4578275, 0.40821073],
  std: [0.26862954, 0.26130258, 0.27577711],
} as const;

/**
 * A model of CLIP's layout: input_ids [n,77] → text_embeds [n,4], pixel_values [n,3,224,224] → image_embeds [n,4].
 * A text's vector holds, for each of four words, how often it stands there; an image's the mean of red, green and
 * blue as normalised, and 1.
 */
export function writeClip(folder: string): SpecOf<"clip"> {
  const words: readonly Word[] = ["cat", "dog", "sun", "moon"];
  const table = Float32Array.from({ length: VOCABULARY.length * 4 }, (_, i) =>
    VOCABULARY[Math.floor(i / 4)] === words[i % 4] ? 1 : 0,
  );
  const text = encodeGraph({
    inputs: [{ name: "input_ids", type: INT64, shape: ["rows", CLIP.contextLength] }],
    outputs: [{ name: "text_embeds", type: FLOAT, shape: ["rows", 4] }],
    weights: [
      { name: "table", shape: [VOCABULARY.length, 4], data: table },
      { name: "axis", shape: [1], data: BigInt64Array.of(1n) },
    ],
    nodes: [
      { op: "Gather", inputs: ["table", "input_ids"], output: "each", attributes: { axis: 0 } },
      { op: "ReduceSum", inputs: ["each", "axis"], output: "text_embeds", attributes: { keepdims: 0 } },
    ],
  });
  const side = CLIP.imageSize;
  const image = encodeGraph({
    inputs: [{ name: "pixel_values", type: FLOAT, shape: ["rows", 3, side, side] }],
    outputs: [{ name: "image_embeds", type: FLOAT, shape: ["rows", 4] }],
    weights: [
      { name: "axes", shape: [2], data: BigInt64Array.of(2n, 3n) },
      { name: "area", shape: [1], data: Float32Array.of(side * side) },
      { name: "spread", shape: [3, 4], data: Float32Array.of(1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0) },
      { name: "last", shape: [4], data: Float32Array.of(0, 0, 0, 1) },
    ],
    nodes: [
      { op: "ReduceSum", inputs: ["pixel_values", "axes"], output: "sums", attributes: { keepdims: 0 } },
      { op: "Div", inputs: ["sums", "area"], output: "means" },
      { op: "MatMul", inputs: ["means", "spread"], output: "wide" },
      { op: "Add", inputs: ["wide", "last"], output: "image_embeds" },
    ],
  });
  const files = writeFiles(folder, {
    "text.onnx": text,
    "image.onnx": image,
    "tokenizer.json": wordTokenizer(),
  });
  const { mean, std, ...sizes } = CLIP;
  const graphs = { textGraph: "text.onnx", imageGraph: "image.onnx", tokenizer: "tokenizer.json" };
  const clip = { ...graphs, ...sizes, mean: [...mean] as Colour, std: [...std] as Colour };
  return { id: "generated-clip", version: "1", folder, files, task: "clip", clip };
}

type Colour = [number, number, number];

export function writeFiles(folder: string, contents: Record<string, Uint8Array | string>) {
  mkdirSync(folder, { recursive: true });
  return Object.entries(contents).map(([path, content]) => {
    const bytes = typeof content === "string" ? Buffer.from(content) : content;
    writeFileSync(join(folder, path), bytes);
    return { path, bytes: bytes.length, sha256: sha256(bytes) };
  });
}

/** A tokenizer.json of whole words, with BERT's frame of special tokens around one text and around two. */
function wordTokenizer(): string {
  const special = (token: string) => ({ SpecialToken: { id: token, type_id: 0 } });
  const text = (id: string, type_id: number) => ({ Sequence: { id, type_id } });
  const closing = { SpecialToken: { id: "[SEP]", type_id: 1 } };
  const frame = (token: Word) => ({ id: token, ids: [VOCABULARY.indexOf(token)], tokens: [token] });
  return JSON.stringify({
    version: "1.0",
    truncation: null,
    padding: null,
    added_tokens: VOCABULARY.slice(0, 4).map((content, id) => ({
      id,
      content,
      single_word: false,
      lstrip: false,
      rstrip: false,
      normalized: false,
      special: true,
    })),
    normalizer: { type: "Lowercase" },
    pre_tokenizer: { type: "WhitespaceSplit" },
    post_processor: {
      type: "TemplateProcessing",
      single: [special("[CLS]"), text("A", 0), special("[SEP]")],
      pair: [special("[CLS]"), text("A", 0), special("[SEP]"), text("B", 1), closing],
      special_tokens: { "[CLS]": frame("[CLS]"), "[SEP]": frame("[SEP]") },
    },
    decoder: null,
    model: {
      type: "WordPiece",
      unk_token: "[UNK]",
      continuing_subword_prefix: "##",
      max_input_chars_per_word: 100,
      vocab: Object.fromEntries(VOCABULARY.map((word, id) => [word, id])),
    },
  });
}
