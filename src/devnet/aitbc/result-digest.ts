/**
 * Our payload profile for AITBC's free-form jobs (docs/markets-devnet.md). The coordinator checks nothing; this only finds
 * out which bytes a result stands for, so that the log can tell.
 */
import type { FloatTensor } from "../../shared/canonical.ts";
import { sha3_512 } from "../../shared/digest.ts";
import { encodeResult, type TaskResult } from "../../shared/results.ts";
import { dumpPython, isPyObject, type PyObject, type PyValue, pyNumber } from "../python-json.ts";

export interface OutputDigest {
  /** SHA3-512, hex, of the canonical result bytes rebuilt from what was sent; null when they can't be rebuilt. */
  readonly sha3_512: string | null;
  /** What the provider says it is. */
  readonly claimed: string | null;
  readonly mismatch: boolean;
}

export function embeddingsPayload(model: string, texts: readonly string[]): PyObject {
  return { type: "embeddings", model, input: texts };
}

/** What a result of each payload type is, from its fields; null: they are no such result. */
const RESULTS: Readonly<Record<string, (result: PyObject) => TaskResult | null>> = {
  embeddings: ({ output }) => tensorResult("embed", output),
  rerank: ({ output }) => tensorResult("rerank", output),
  vector: ({ output, indices }) => vectorResult(output, indices),
};

/** Results of other job types are digested as their own JSON text. */
export function digestOfResult(payload: PyObject, result: PyObject): OutputDigest {
  const claimed = typeof result.output_sha3_512 === "string" ? result.output_sha3_512 : null;
  const rebuild = typeof payload.type === "string" ? RESULTS[payload.type] : undefined;
  if (rebuild === undefined)
    return { sha3_512: sha3_512(Buffer.from(dumpPython(result), "utf8")), claimed, mismatch: false };
  const bytes = canonicalBytes(rebuild(result));
  if (bytes === null) return { sha3_512: null, claimed, mismatch: claimed !== null };
  const digest = sha3_512(bytes);
  return { sha3_512: digest, claimed, mismatch: claimed !== digest };
}

function canonicalBytes(result: TaskResult | null): Uint8Array | null {
  try {
    return result && encodeResult(result);
  } catch {
    return null; // The shape does not hold that many values.
  }
}

function tensorResult(kind: "embed" | "rerank", output: PyValue | undefined): TaskResult | null {
  const tensor = readTensor(output);
  return tensor && { kind, tensor };
}

function vectorResult(output: PyValue | undefined, indices: PyValue | undefined): TaskResult | null {
  const tensor = readTensor(output);
  if (tensor === null) return null;
  if (indices === undefined) return { kind: "vector", tensor };
  const places = Array.isArray(indices) ? indices.map(pyNumber) : [];
  if (!places.every((place) => place !== null && Number.isSafeInteger(place))) return null;
  return { kind: "vector", tensor, indices: { shape: tensor.shape, data: Int32Array.from(places, Number) } };
}

function readTensor(output: PyValue | undefined): FloatTensor | null {
  if (!isPyObject(output) || output.dtype !== "f32" || typeof output.data_base64 !== "string") return null;
  const shape = Array.isArray(output.shape) ? output.shape.map(pyNumber) : [];
  if (shape.length === 0 || !shape.every((size) => size !== null && Number.isSafeInteger(size) && size >= 0))
    return null;
  const bytes = Buffer.from(output.data_base64, "base64");
  if (bytes.length % 4 !== 0) return null;
  const data = Float32Array.from({ length: bytes.length / 4 }, (_, i) => bytes.readFloatLE(i * 4));
  return { shape: shape.map(Number), data };
}
