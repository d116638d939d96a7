/** A finished job with fixed values, for receipts that must come out the same everywhere. */
import type { ReceiptFacts } from "../../../../src/engine/receipt/receipt.ts";
import { encodeEmbedResult } from "../../../../src/shared/canonical.ts";
import { modelManifestSha256 } from "../../../../src/shared/digest.ts";

const files = [
  { path: "model.onnx", sha256: "11".repeat(32) },
  { path: "tokenizer.json", sha256: "22".repeat(32) },
];

/** Floats that no library rounds: i/8. */
export function outputOf(rows: number, columns: number): Uint8Array {
  return encodeEmbedResult({
    shape: [rows, columns],
    data: Float32Array.from({ length: rows * columns }, (_, i) => i / 8),
  });
}

export function facts(overrides: Partial<ReceiptFacts> = {}): ReceiptFacts {
  return {
    market: "aicf",
    leaseId: "lease_00112233",
    jobId: "0xabc",
    providerId: "prov_test",
    model: { id: "all-MiniLM-L6-v2", version: "q4", manifestSha256: modelManifestSha256(files), files },
    work: { kind: "embed", texts: ["Animica brings useful work to consensus", "ü 😀"] },
    output: outputOf(2, 3),
    runtime: {
      backend: "cpu",
      precision: "q4",
      onnxruntime: "1.29.0",
      node: "24.9.0",
      threads: 2,
      hardware: "Test CPU",
    },
    timing: {
      leasedAt: 1_795_290_000_000,
      startedAt: 1_795_290_000_100,
      computedAt: 1_795_290_000_150,
      inferMs: 12.3456,
      queueMs: 100,
    },
    qos: { attempt: 1, batchSize: 4, tokens: 17 },
    ...overrides,
  };
}
