/**
 * Reads work out of a market's payload. The payload is a stranger's: it is counted before it is kept or decoded, and
 * what does not fit is declined with the reason (design.md §9). Fields: protocols/aicf-profile.md "Job kinds and their
 * canonical input/output"; they serve AITBC's free-form payloads too.
 */

import type { FloatTensor } from "../../shared/canonical.ts";
import { floatsFromLittleEndian } from "../../shared/canonical.ts";
import { AppError } from "../../shared/errors.ts";
import { INPUT_LIMITS, requireElementsInLimits, requireWorkInLimits } from "../../shared/runtime/limits.ts";
import { type ChatMessage, VECTOR_OPS, WORK_KINDS, type Work, type WorkKind } from "../../shared/work.ts";
import type { LeasedWork, UnsupportedWork } from "./port.ts";

export type WorkFields = Readonly<Record<string, unknown>>;

/** What is generated when the customer does not say: the likeliest tokens, this many. */
const DEFAULT_MAX_TOKENS = 256;
const ROLES = ["system", "user", "assistant"] as const;
const DTYPE = "f32";

/** One job's payload as work of that kind, within limits; or why it is not taken. Never throws for what is in it. */
export function readWork(kind: string, fields: WorkFields): LeasedWork {
  if (!isWorkKind(kind))
    return declined(`Jobs of kind ${JSON.stringify(kind.slice(0, 40))} are not run here`);
  try {
    const work = READERS[kind](fields);
    requireWorkInLimits(work);
    return work;
  } catch (thrown) {
    if (thrown instanceof AppError && thrown.actor === "market") return declined(thrown.message, thrown.code);
    throw thrown;
  }
}

export function declined(reason: string, code?: string): UnsupportedWork {
  return { kind: "unsupported", reason, ...(code === undefined ? {} : { code }) };
}

const READERS: { readonly [Kind in WorkKind]: (fields: WorkFields) => Extract<Work, { kind: Kind }> } = {
  embed: ({ input }) => ({
    kind: "embed",
    texts: readTexts(typeof input === "string" ? [input] : input, "input", INPUT_LIMITS.textsPerItem),
  }),

  rerank: ({ query, documents }) => ({
    kind: "rerank",
    query: readText(query, "query"),
    documents: readTexts(documents, "documents", INPUT_LIMITS.documentsPerItem),
  }),

  clip: ({ texts, images }) => ({
    kind: "clip",
    texts: readTexts(texts ?? [], "texts", INPUT_LIMITS.textsPerItem),
    images: readImages(images ?? []),
  }),

  generate: ({ prompt, messages, max_tokens: maxTokens, temperature, seed, stop }) => ({
    kind: "generate",
    prompt: messages == null ? readText(prompt, "prompt") : readMessages(messages),
    maxTokens: readCount(maxTokens ?? DEFAULT_MAX_TOKENS, "max_tokens"),
    temperature: readNumber(temperature ?? 0, "temperature"),
    seed: readNumber(seed ?? 0, "seed", Number.isSafeInteger),
    stop: readTexts(typeof stop === "string" ? [stop] : (stop ?? []), "stop", INPUT_LIMITS.stopTexts),
  }),

  vector: ({ op, a, b, k }) => {
    const known = VECTOR_OPS.find((each) => each === op);
    if (known === undefined) throw malformed(`"op" is none of ${VECTOR_OPS.join(", ")}`);
    const operands = { kind: "vector" as const, op: known, a: readTensor(a, "a"), b: readTensor(b, "b") };
    return known === "topk" ? { ...operands, k: readCount(k, "k") } : operands;
  },
};

function isWorkKind(kind: string): kind is WorkKind {
  return WORK_KINDS.some((each) => each === kind);
}

function readText(value: unknown, name: string): string {
  if (typeof value !== "string") throw malformed(`"${name}" is not a text`);
  return value;
}

function readTexts(value: unknown, name: string, limit: number): string[] {
  const texts = readList(value, name, limit);
  if (!texts.every((text) => typeof text === "string"))
    throw malformed(`"${name}" holds something that is not a text`);
  return texts;
}

function readList(value: unknown, name: string, limit: number): unknown[] {
  if (!Array.isArray(value)) throw malformed(`"${name}" is not a list`);
  if (value.length > limit) throw tooLarge(`${value.length} entries in "${name}"`, limit);
  return value;
}

function readMessages(value: unknown): ChatMessage[] {
  return readList(value, "messages", INPUT_LIMITS.messagesPerItem).map((message) => {
    const { role, content } = isRecord(message) ? message : {};
    const known = ROLES.find((each) => each === role);
    if (known === undefined || typeof content !== "string")
      throw malformed(`A message needs a role (${ROLES.join(", ")}) and its content as text`);
    return { role: known, content };
  });
}

function readNumber(
  value: unknown,
  name: string,
  isGood: (value: number) => boolean = Number.isFinite,
): number {
  if (typeof value !== "number" || !isGood(value) || value < 0)
    throw malformed(`"${name}" is not a number from 0 up`);
  return value;
}

function readCount(value: unknown, name: string): number {
  const count = readNumber(value, name, Number.isSafeInteger);
  if (count === 0) throw malformed(`"${name}" must be at least 1`);
  return count;
}

/** base64 of PNG or JPEG files: sized by its length before it is decoded. */
function readImages(value: unknown): Uint8Array[] {
  const images = readTexts(value, "images", INPUT_LIMITS.imagesPerItem);
  const bytes = images.reduce((total, image) => total + decodedLength(image), 0);
  if (bytes > INPUT_LIMITS.bytesOfImages)
    throw tooLarge(`${bytes} bytes of images`, INPUT_LIMITS.bytesOfImages);
  return images.map((image) => decodeBase64(image, "images"));
}

/** A list of numbers, a list of such rows, or {dtype: "f32", shape, data_base64: little-endian bytes}. */
function readTensor(value: unknown, name: string): FloatTensor {
  if (Array.isArray(value)) return Array.isArray(value[0]) ? readRows(value, name) : readRow(value, name);
  if (isRecord(value)) return readPackedTensor(value, name);
  throw malformed(`"${name}" is neither numbers nor a tensor`);
}

function readRow(row: readonly unknown[], name: string): FloatTensor {
  const shape = [row.length];
  requireElementsInLimits(shape);
  const data = new Float32Array(row.length);
  fill(data, 0, row, name);
  return { shape, data };
}

function readRows(rows: readonly unknown[], name: string): FloatTensor {
  const columns = Array.isArray(rows[0]) ? rows[0].length : 0;
  const shape = [rows.length, columns];
  requireElementsInLimits(shape);
  const data = new Float32Array(rows.length * columns);
  for (const [at, row] of rows.entries()) {
    if (!Array.isArray(row) || row.length !== columns)
      throw malformed(`The rows of "${name}" differ in length`);
    fill(data, at * columns, row, name);
  }
  return { shape, data };
}

function fill(data: Float32Array, start: number, row: readonly unknown[], name: string): void {
  for (const [i, value] of row.entries()) {
    if (typeof value !== "number") throw malformed(`"${name}" holds something that is not a number`);
    data[start + i] = value;
  }
}

function readPackedTensor({ dtype, shape, data_base64: text }: WorkFields, name: string): FloatTensor {
  if (dtype !== DTYPE)
    throw new AppError({
      code: "INPUT_DTYPE",
      message: `"${name}" is of type ${JSON.stringify(dtype ?? null).slice(0, 40)}; only "${DTYPE}" is taken`,
      actor: "market",
    });
  const sizes = readList(shape, `${name}.shape`, 2).map((size) => readCount(size, `${name}.shape`));
  requireElementsInLimits(sizes);
  const claimed = sizes.reduce((product, size) => product * size, 1) * Float32Array.BYTES_PER_ELEMENT;
  if (typeof text !== "string" || decodedLength(text) !== claimed)
    throw malformed(`"${name}" claims ${claimed} bytes of values and brings another number`);
  return { shape: sizes, data: floatsFromLittleEndian(decodeBase64(text, name)) };
}

function decodedLength(base64: string): number {
  return Math.floor((base64.replace(/={0,2}$/, "").length * 3) / 4);
}

function decodeBase64(text: string, name: string): Uint8Array {
  const bytes = Buffer.from(text, "base64");
  // Buffer skips what is not base64 without a word.
  if (bytes.length !== decodedLength(text)) throw malformed(`"${name}" holds something that is not base64`);
  return new Uint8Array(bytes);
}

function isRecord(value: unknown): value is WorkFields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function malformed(message: string): AppError {
  return new AppError({ code: "INPUT_MALFORMED", message, actor: "market" });
}

function tooLarge(found: string, limit: number): AppError {
  return new AppError({
    code: "INPUT_TOO_LARGE",
    message: `The job brings ${found}; the limit is ${limit}`,
    actor: "market",
  });
}
