/**
 * How much one job may bring and ask for. Checked where a market's payload is read, before a lease is queued, before
 * it crosses into the runtime, and by the runtime itself: each time before anything is copied, decoded or allocated.
 */
import { elementsOf, type FloatTensor } from "../canonical.ts";
import { KIB, MIB } from "../durations.ts";
import { AppError, unreachable } from "../errors.ts";
import { readImageHeader } from "../image-header.ts";
import {
  type ClipWork,
  type GenerateWork,
  type RerankWork,
  unitsOf,
  type VectorWork,
  type Work,
} from "../work.ts";

/** Of a catalogue entry; absent: only what holds for every job. */
export interface ModelLimits {
  readonly units?: number | undefined;
  readonly characters?: number | undefined;
}

export const INPUT_LIMITS = {
  textsPerItem: 2048,
  /** UTF-16 units; a model reads some hundred tokens of them and the rest is cut off. */
  charactersPerText: 64 * KIB,
  charactersPerItem: 4 * MIB,
  documentsPerItem: 1024,
  /** Values of one tensor, given or resulting: 16 MiB as float32. */
  elementsPerTensor: 4 * MIB,
  /** Of one vector job: about a second of one core. */
  multiplications: 1024 * MIB,
  imagesPerItem: 64,
  bytesPerImage: 16 * MIB,
  bytesOfImages: 32 * MIB,
  pixelsPerImage: 12 * MIB,
  imageSide: 16 * KIB,
  messagesPerItem: 256,
  /** UTF-16 units of a prompt or of all messages together. */
  charactersOfPrompt: 256 * KIB,
  maxTokens: 4096,
  temperature: 2,
  stopTexts: 16,
  charactersPerStop: 256,
  seed: 0xffff_ffff,
} as const;

/** Throws INPUT_EMPTY, INPUT_TOO_LARGE, INPUT_NOT_FINITE, INPUT_MISMATCH, IMAGE_UNREADABLE; allocates nothing. */
export function requireWorkInLimits(work: Work): void {
  switch (work.kind) {
    case "embed":
      requireTextsInLimits(work.texts);
      break;
    case "rerank":
      requireRerankInLimits(work);
      break;
    case "vector":
      requireVectorInLimits(work);
      break;
    case "clip":
      requireClipInLimits(work);
      break;
    case "generate":
      requireGenerateInLimits(work);
      break;
    default:
      unreachable(work);
  }
}

/** What the named model takes of one job, as its catalogue entry says. Throws INPUT_TOO_LARGE. */
export function requireWorkInModelLimits(
  model: string,
  { units, characters }: ModelLimits,
  work: Work,
): void {
  if (units !== undefined) requireCount(unitsOf(work), units, `units for ${model}`);
  if (characters !== undefined) requireCount(charactersOf(work), characters, `characters for ${model}`);
}

function charactersOf(work: Work): number {
  const sum = (texts: readonly string[]) => texts.reduce((total, text) => total + text.length, 0);
  switch (work.kind) {
    case "embed":
    case "clip":
      return sum(work.texts);
    case "rerank":
      return work.query.length + sum(work.documents);
    case "generate":
      return typeof work.prompt === "string"
        ? work.prompt.length
        : sum(work.prompt.map(({ content }) => content));
    case "vector":
      return 0;
    default:
      return unreachable(work);
  }
}

/** Throws INPUT_EMPTY or INPUT_TOO_LARGE; costs one look at each text's length. */
export function requireTextsInLimits(texts: readonly string[]): void {
  if (texts.length === 0) throw empty("The job brings no text to embed");
  requireCount(texts.length, INPUT_LIMITS.textsPerItem, "texts");
  requireLengths(texts);
}

function requireRerankInLimits({ query, documents }: RerankWork): void {
  if (documents.length === 0) throw empty("The job brings no document to rank");
  requireCount(documents.length, INPUT_LIMITS.documentsPerItem, "documents");
  requireLengths([query]);
  requireLengths(documents);
}

function requireClipInLimits({ texts, images }: ClipWork): void {
  if (texts.length + images.length === 0) throw empty("The job brings neither text nor image");
  requireCount(texts.length, INPUT_LIMITS.textsPerItem, "texts");
  requireLengths(texts);
  requireCount(images.length, INPUT_LIMITS.imagesPerItem, "images");
  let total = 0;
  for (const [index, image] of images.entries()) {
    total += image.byteLength;
    if (image.byteLength > INPUT_LIMITS.bytesPerImage)
      throw tooLarge(
        `${image.byteLength} bytes in image ${index + 1}`,
        `${INPUT_LIMITS.bytesPerImage} per image`,
      );
    if (total > INPUT_LIMITS.bytesOfImages)
      throw tooLarge("too many bytes of images", `${INPUT_LIMITS.bytesOfImages} per job`);
    requireImageInLimits(image, index);
  }
}

function requireImageInLimits(image: Uint8Array, index: number): void {
  const header = readImageHeader(image);
  if (header === null || header.width === 0 || header.height === 0) {
    throw new AppError({
      code: "IMAGE_UNREADABLE",
      message: `Image ${index + 1} is neither a PNG nor a JPEG with a size`,
      actor: "market",
    });
  }
  const { width, height } = header;
  if (!isImageInLimits(width, height))
    throw tooLarge(
      `${width}×${height} pixels in image ${index + 1}`,
      `${INPUT_LIMITS.pixelsPerImage} pixels, ${INPUT_LIMITS.imageSide} a side`,
    );
}

export function isImageInLimits(width: number, height: number): boolean {
  const { imageSide, pixelsPerImage } = INPUT_LIMITS;
  return width <= imageSide && height <= imageSide && width * height <= pixelsPerImage;
}

function requireGenerateInLimits(work: GenerateWork): void {
  const texts = typeof work.prompt === "string" ? [work.prompt] : work.prompt.map(({ content }) => content);
  const characters = texts.reduce((total, text) => total + text.length, 0);
  if (texts.length === 0 || characters === 0) throw empty("The job brings no prompt");
  requireCount(texts.length, INPUT_LIMITS.messagesPerItem, "messages");
  requireCount(characters, INPUT_LIMITS.charactersOfPrompt, "characters of prompt");
  requireCount(work.maxTokens, INPUT_LIMITS.maxTokens, "tokens to generate");
  requireCount(work.temperature, INPUT_LIMITS.temperature, "as temperature");
  requireCount(work.seed, INPUT_LIMITS.seed, "as seed");
  requireCount(work.stop.length, INPUT_LIMITS.stopTexts, "stop texts");
  for (const stop of work.stop)
    requireCount(stop.length, INPUT_LIMITS.charactersPerStop, "characters in a stop text");
}

function requireVectorInLimits({ op, a, b, k }: VectorWork): void {
  for (const tensor of [a, b]) requireTensorInLimits(tensor);
  const [rowsA, columnsA] = matrixOf(a.shape);
  const [rowsB, columnsB] = matrixOf(b.shape);
  if (op === "matmul") {
    if (a.shape.length !== 2 || b.shape.length !== 2 || columnsA !== rowsB)
      throw mismatch(`matmul needs [m,k] and [k,n], not [${a.shape}] and [${b.shape}]`);
    requireCount(rowsA * columnsB, INPUT_LIMITS.elementsPerTensor, "values in the result");
    requireCount(rowsA * columnsA * columnsB, INPUT_LIMITS.multiplications, "multiplications");
  } else {
    if (columnsA !== columnsB)
      throw mismatch(`${op} needs vectors of one length, not ${columnsA} and ${columnsB}`);
    if (op === "topk") requireTopKInLimits(rowsA, rowsB, columnsA, k);
    else if (rowsA !== rowsB && rowsA !== 1 && rowsB !== 1)
      throw mismatch(`${op} pairs rows, but there are ${rowsA} and ${rowsB}`);
  }
  for (const { data } of [a, b]) requireFinite(data);
}

function requireTopKInLimits(rowsA: number, rowsB: number, columns: number, k: number | undefined): void {
  if (k === undefined || k > rowsB) throw mismatch(`topk needs k from 1 to ${rowsB}, not ${k ?? "none"}`);
  requireCount(rowsA * k, INPUT_LIMITS.elementsPerTensor, "values in the result");
  requireCount(rowsA * rowsB * columns, INPUT_LIMITS.multiplications, "multiplications");
}

function requireTensorInLimits({ shape, data }: FloatTensor): void {
  requireElementsInLimits(shape);
  if (elementsOf(shape) !== data.length)
    throw mismatch(`Shape [${shape}] does not hold ${data.length} values`);
}

/** For whoever is about to read a tensor of a claimed shape. Throws INPUT_EMPTY, INPUT_TOO_LARGE, INPUT_MISMATCH. */
export function requireElementsInLimits(shape: readonly number[]): void {
  if (shape.length !== 1 && shape.length !== 2)
    throw mismatch(`A vector or a matrix is needed, not a tensor of ${shape.length} dimensions`);
  const elements = elementsOf(shape);
  if (elements === 0) throw empty("The job brings an empty tensor");
  requireCount(elements, INPUT_LIMITS.elementsPerTensor, "values in a tensor");
}

/** A vector is a matrix of one row. */
function matrixOf(shape: readonly number[]): [rows: number, columns: number] {
  return shape.length === 1 ? [1, shape[0] ?? 0] : [shape[0] ?? 0, shape[1] ?? 0];
}

function requireFinite(data: Float32Array): void {
  for (let i = 0; i < data.length; i++) {
    if (Number.isFinite(data[i])) continue;
    throw new AppError({
      code: "INPUT_NOT_FINITE",
      message: `Value ${i + 1} of a tensor is not a finite float32`,
      actor: "market",
    });
  }
}

function requireLengths(texts: readonly string[]): void {
  let total = 0;
  for (const [index, text] of texts.entries()) {
    total += text.length;
    if (text.length > INPUT_LIMITS.charactersPerText) {
      throw tooLarge(
        `${text.length} characters in text ${index + 1}`,
        `${INPUT_LIMITS.charactersPerText} per text`,
      );
    }
    if (total > INPUT_LIMITS.charactersPerItem) {
      throw tooLarge("too many characters", `${INPUT_LIMITS.charactersPerItem} per job`);
    }
  }
}

function requireCount(found: number, limit: number, what: string): void {
  if (found > limit) throw tooLarge(`${found} ${what}`, `${limit} per job`);
}

function empty(message: string): AppError {
  return new AppError({ code: "INPUT_EMPTY", message, actor: "market" });
}

function mismatch(message: string): AppError {
  return new AppError({ code: "INPUT_MISMATCH", message, actor: "market" });
}

function tooLarge(found: string, limit: string): AppError {
  return new AppError({
    code: "INPUT_TOO_LARGE",
    message: `The job brings ${found}; the limit is ${limit}`,
    actor: "market",
  });
}
