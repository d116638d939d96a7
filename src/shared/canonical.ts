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
  const elements = tensor.shape.reduce((product, size) => product * size, 1);
  if (elements !== tensor.data.length) {
    throw new AppError({
      code: "BAD_SHAPE",
      message: `Shape ${tensor.shape.join("×")} does not hold ${tensor.data.length} values`,
      actor: "bug",
    });
  }
  return encodeCanonical({
    kind: "embed",
    tensor: { dtype: "f32", shape: [...tensor.shape], data: littleEndianBytes(tensor.data) },
  });
}

/** The reverse of `encodeEmbedResult`; refuses anything else. */
export function decodeEmbedResult(bytes: Uint8Array): FloatTensor {
  const value = decodeCanonical(bytes);
  const tensor = isRecord(value) && value.kind === "embed" ? value.tensor : undefined;
  if (
    !isRecord(tensor) ||
    tensor.dtype !== "f32" ||
    !(tensor.data instanceof Uint8Array) ||
    !isShape(tensor.shape)
  ) {
    throw new AppError({
      code: "BAD_RESULT",
      message: "These bytes are not an embed result",
      actor: "market",
    });
  }
  const elements = tensor.shape.reduce((product, size) => product * size, 1);
  if (tensor.data.length !== elements * 4) {
    throw new AppError({
      code: "BAD_RESULT",
      message: "The tensor's data does not fit its shape",
      actor: "market",
    });
  }
  return { shape: tensor.shape, data: floatsFromLittleEndian(tensor.data) };
}

function isRecord(value: CborValue | undefined): value is { readonly [key: string]: CborValue } {
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

function floatsFromLittleEndian(bytes: Uint8Array): Float32Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Float32Array.from({ length: bytes.length / 4 }, (_, i) => view.getFloat32(i * 4, true));
}
