import { expect, test } from "vitest";
import { digestOfResult } from "../../../../src/devnet/aitbc/result-digest.ts";
import type { PyObject } from "../../../../src/devnet/python-json.ts";
import { sha3_512 } from "../../../../src/shared/digest.ts";
import { encodeResult, type TaskResult } from "../../../../src/shared/results.ts";

const SCORES = { shape: [1, 2], data: Float32Array.of(0.75, -0.5) };
const BASE64 = Buffer.from(new Uint8Array(SCORES.data.buffer)).toString("base64");
const output = { dtype: "f32", shape: [1n, 2n], data_base64: BASE64 };

function digestOf(type: string, fields: PyObject, result: TaskResult) {
  const digest = sha3_512(encodeResult(result));
  return { found: digestOfResult({ type }, { ...fields, output_sha3_512: digest }), digest };
}

test.each([
  ["embeddings", { output }, { kind: "embed", tensor: SCORES }],
  ["rerank", { output }, { kind: "rerank", tensor: SCORES }],
  ["vector", { output }, { kind: "vector", tensor: SCORES }],
  [
    "vector",
    { output, indices: [4n, 0n] },
    { kind: "vector", tensor: SCORES, indices: { shape: [1, 2], data: Int32Array.of(4, 0) } },
  ],
] as const)("the bytes of a %s result are rebuilt from what was sent", (type, fields, result) => {
  const { found, digest } = digestOf(type, fields, result as TaskResult);
  expect(found).toEqual({ sha3_512: digest, claimed: digest, mismatch: false });
});

test("another result than was claimed shows, and one that is none too", () => {
  const other = digestOf("rerank", { output }, { kind: "embed", tensor: SCORES });
  expect(other.found).toMatchObject({ mismatch: true });
  const broken = { output: { ...output, shape: [3n, 3n] }, output_sha3_512: "ab" };
  expect(digestOfResult({ type: "vector" }, broken)).toEqual({
    sha3_512: null,
    claimed: "ab",
    mismatch: true,
  });
});
