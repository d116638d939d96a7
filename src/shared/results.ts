/**
 * What each kind of work results in, and its one canonical encoding (design.md §7,
 * protocols/aicf-profile.md "Job kinds and their canonical input/output").
 */
import {
  type CborValue,
  decodeCanonical,
  encodeCanonical,
  type FloatTensor,
  type IndexTensor,
  indicesFromCbor,
  indicesToCbor,
  isCborRecord,
  tensorFromCbor,
  tensorToCbor,
} from "./canonical.ts";
import { AppError, unreachable } from "./errors.ts";

export type TaskResult =
  /** [texts, dimensions] */
  | { readonly kind: "embed"; readonly tensor: FloatTensor }
  /** `indices` belong to topk only: the place in `b` of each score. */
  | { readonly kind: "vector"; readonly tensor: FloatTensor; readonly indices?: IndexTensor }
  /** [documents], in the order of the documents; higher is better. */
  | { readonly kind: "rerank"; readonly tensor: FloatTensor }
  /** [texts, d] and [images, d] in one space. */
  | { readonly kind: "clip"; readonly texts: FloatTensor; readonly images: FloatTensor }
  | { readonly kind: "generate"; readonly text: string; readonly tokenIds: readonly number[] };

export function encodeResult(result: TaskResult): Uint8Array {
  return encodeCanonical(toCbor(result));
}

/** Throws BAD_CBOR, BAD_RESULT. */
export function decodeResult(bytes: Uint8Array): TaskResult {
  const value = decodeCanonical(bytes);
  const kind = isCborRecord(value) ? value.kind : undefined;
  if (!isCborRecord(value)) throw notAResult();
  switch (kind) {
    case "embed":
    case "rerank":
      return { kind, tensor: tensorFromCbor(value.tensor) };
    case "vector": {
      const tensor = tensorFromCbor(value.tensor);
      return value.indices === undefined
        ? { kind, tensor }
        : { kind, tensor, indices: indicesFromCbor(value.indices) };
    }
    case "clip":
      return { kind, texts: tensorFromCbor(value.texts), images: tensorFromCbor(value.images) };
    case "generate": {
      const { text, token_ids: tokenIds } = value;
      if (typeof text !== "string" || !isTokenIds(tokenIds)) throw notAResult();
      return { kind, text, tokenIds };
    }
    default:
      throw notAResult();
  }
}

/** The sizes people and markets are shown: of the main tensor; clip: [texts + images, d]; generate: [tokens]. */
export function shapeOf(result: TaskResult): readonly number[] {
  switch (result.kind) {
    case "embed":
    case "vector":
    case "rerank":
      return result.tensor.shape;
    case "clip": {
      const [texts = 0, dimensions = 0] = result.texts.shape;
      return [texts + (result.images.shape[0] ?? 0), dimensions];
    }
    case "generate":
      return [result.tokenIds.length];
    default:
      return unreachable(result);
  }
}

function toCbor(result: TaskResult): CborValue {
  switch (result.kind) {
    case "embed":
    case "rerank":
      return { kind: result.kind, tensor: tensorToCbor(result.tensor) };
    case "vector": {
      const { kind, tensor, indices } = result;
      const scores = { kind, tensor: tensorToCbor(tensor) };
      return indices === undefined ? scores : { ...scores, indices: indicesToCbor(indices) };
    }
    case "clip":
      return { kind: "clip", texts: tensorToCbor(result.texts), images: tensorToCbor(result.images) };
    case "generate":
      return { kind: "generate", text: result.text, token_ids: result.tokenIds };
    default:
      return unreachable(result);
  }
}

function isTokenIds(value: CborValue | undefined): value is readonly number[] {
  return (
    Array.isArray(value) && value.every((id) => typeof id === "number" && Number.isSafeInteger(id) && id >= 0)
  );
}

function notAResult(): AppError {
  return new AppError({ code: "BAD_RESULT", message: "These bytes are not a result", actor: "market" });
}
