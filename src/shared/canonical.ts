/**
 * One canonical encoding, so that equal results are equal bytes: deterministic CBOR (RFC 8949 §4.2.1) with text keys.
 *
 * A tensor is {"dtype":"f32","shape":[n,d],"data":h'little-endian bytes'}; a result wraps its kind around it.
 * For text keys the core ordering (bytewise over the encoded key) equals (length, bytes), the ordering of
 * protocols/aicf.md §3.3, so the same bytes serve both markets.
 */
import { decode, encode, rfc8949EncodeOptions } from "cborg";
import { AppError } from "./errors.ts";

export type CborValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | readonly CborValue[]
  | { readonly [key: string]: CborValue };

/** Deterministic CBOR: shortest integers, definite lengths, sorted keys. Throws on undefined, NaN keys, cycles. */
export function encodeCanonical(value: CborValue): Uint8Array {
  return encode(value, rfc8949EncodeOptions);
}

/** Strict decoding: trailing bytes, duplicate keys and indefinite lengths are errors. */
export function decodeCanonical(bytes: Uint8Array): CborValue {
  try {
    return decode(bytes, { strict: true, allowIndefinite: false, rejectDuplicateMapKeys: true }) as CborValue;
  } catch (cause) {
    throw new AppError({
      code: "BAD_CBOR",
      message: `Not canonical CBOR: ${cause instanceof Error ? cause.message : String(cause)}`,
      actor: "market",
      cause,
    });
  }
}

/** Row-major float32 tensor. */
export interface FloatTensor {
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

const LITTLE_ENDIAN_HOST = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;

/** `{"kind":"embed","tensor":{"dtype":"f32","shape":[n,d],"data":…}}` as canonical bytes. */
export function encodeEmbedResult(tensor: FloatTensor): Uint8Array {
  return encodeCanonical({ kind: "embed", tensor: tensorToCbor(tensor) });
}

/** The reverse of `encodeEmbedResult`; refuses anything else. */
export function decodeEmbedResult(bytes: Uint8Array): FloatTensor {
  const value = decodeCanonical(bytes);
  if (isCborRecord(value) && value.kind === "embed") return tensorFromCbor(value.tensor);
  throw badResult("These bytes are not an embed result");
}

/** `{"dtype":"f32","shape":[…],"data":h'little-endian'}`. Throws BAD_SHAPE. */
export function tensorToCbor({ shape, data }: FloatTensor): CborValue {
  requireFit(shape, data.length);
  return { dtype: "f32", shape: [...shape], data: littleEndianBytes(data) };
}

/** The reverse of `tensorToCbor`. Throws BAD_RESULT. */
export function tensorFromCbor(value: CborValue | undefined): FloatTensor {
  const { shape, data } = readTensor(value, "f32");
  return { shape, data: floatsFromLittleEndian(data) };
}

/** Whole numbers of 32 bits, such as places in a list. */
export interface IndexTensor {
  readonly shape: readonly number[];
  readonly data: Int32Array;
}

export function indicesToCbor({ shape, data }: IndexTensor): CborValue {
  requireFit(shape, data.length);
  const bytes = new Uint8Array(data.length * 4);
  const view = new DataView(bytes.buffer);
  for (const [i, value] of data.entries()) view.setInt32(i * 4, value, true);
  return { dtype: "i32", shape: [...shape], data: bytes };
}

export function indicesFromCbor(value: CborValue | undefined): IndexTensor {
  const { shape, data } = readTensor(value, "i32");
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  return { shape, data: Int32Array.from({ length: data.length / 4 }, (_, i) => view.getInt32(i * 4, true)) };
}

function readTensor(
  value: CborValue | undefined,
  dtype: string,
): { shape: readonly number[]; data: Uint8Array } {
  if (
    !isCborRecord(value) ||
    value.dtype !== dtype ||
    !(value.data instanceof Uint8Array) ||
    !isShape(value.shape)
  ) {
    throw badResult(`A tensor of ${dtype} was expected`);
  }
  if (value.data.length !== elementsOf(value.shape) * 4) {
    throw badResult("The tensor's data does not fit its shape");
  }
  return { shape: value.shape, data: value.data };
}

/** The number of values a shape holds; 1 for the empty shape of a scalar. */
export function elementsOf(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}

function requireFit(shape: readonly number[], length: number): void {
  if (elementsOf(shape) === length) return;
  throw new AppError({
    code: "BAD_SHAPE",
    message: `Shape ${shape.join("×")} does not hold ${length} values`,
    actor: "bug",
  });
}

function badResult(message: string): AppError {
  return new AppError({ code: "BAD_RESULT", message, actor: "market" });
}

export function isCborRecord(value: CborValue | undefined): value is { readonly [key: string]: CborValue } {
  return (
    typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array)
  );
}

function isShape(value: CborValue | undefined): value is readonly number[] {
  return (
    Array.isArray(value) &&
    value.every((size) => typeof size === "number" && Number.isSafeInteger(size) && size >= 0)
  );
}

function littleEndianBytes(floats: Float32Array): Uint8Array {
  if (LITTLE_ENDIAN_HOST) return new Uint8Array(floats.buffer, floats.byteOffset, floats.byteLength);
  const bytes = new Uint8Array(floats.length * 4);
  const view = new DataView(bytes.buffer);
  floats.forEach((value, i) => {
    view.setFloat32(i * 4, value, true);
  });
  return bytes;
}

/** A copy; `bytes` holds four for each value. */
export function floatsFromLittleEndian(bytes: Uint8Array): Float32Array {
  if (LITTLE_ENDIAN_HOST) return new Float32Array(new Uint8Array(bytes).buffer);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Float32Array.from({ length: bytes.length / 4 }, (_, i) => view.getFloat32(i * 4, true));
}
