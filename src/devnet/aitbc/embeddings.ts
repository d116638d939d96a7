/**
 * Our payload profile for AITBC's free-form jobs: `{"type":"embeddings","model","input":[text]}` (docs/markets-devnet.md).
 * The coordinator checks nothing; this only finds out which bytes a result stands for, so that the log can tell.
 */
import { encodeEmbedResult } from "../../shared/canonical.ts";
import { sha3_512 } from "../../shared/digest.ts";
import { dumpPython, isPyObject, type PyObject, pyNumber } from "../python-json.ts";

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

/** Results of other job types are digested as their own JSON text. */
export function digestOfResult(payload: PyObject, result: PyObject): OutputDigest {
  const claimed = typeof result.output_sha3_512 === "string" ? result.output_sha3_512 : null;
  if (payload.type !== "embeddings") {
    return { sha3_512: sha3_512(Buffer.from(dumpPython(result), "utf8")), claimed, mismatch: false };
  }
  const bytes = canonicalBytes(result);
  if (bytes === null) return { sha3_512: null, claimed, mismatch: claimed !== null };
  const digest = sha3_512(bytes);
  return { sha3_512: digest, claimed, mismatch: claimed !== digest };
}

function canonicalBytes(result: PyObject): Uint8Array | null {
  const output = result.output;
  if (!isPyObject(output) || output.dtype !== "f32" || typeof output.data_base64 !== "string") return null;
  const shape = Array.isArray(output.shape) ? output.shape.map(pyNumber) : [];
  if (shape.length === 0 || !shape.every((size) => size !== null && Number.isSafeInteger(size) && size >= 0))
    return null;
  const bytes = Buffer.from(output.data_base64, "base64");
  if (bytes.length % 4 !== 0) return null;
  const data = Float32Array.from({ length: bytes.length / 4 }, (_, i) => bytes.readFloatLE(i * 4));
  try {
    return encodeEmbedResult({ shape: shape.map(Number), data });
  } catch {
    return null; // The shape does not hold that many values.
  }
}
