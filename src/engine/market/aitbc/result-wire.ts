/** A finished job as the coordinator is told of it (docs/markets-devnet.md, "Result"). */
import type { FloatTensor } from "../../../shared/canonical.ts";
import { SECOND } from "../../../shared/durations.ts";
import { unreachable } from "../../../shared/errors.ts";
import { decodeResult, type TaskResult } from "../../../shared/results.ts";
import type { Submission } from "../port.ts";

/** The result as docs/markets-devnet.md fixes it: the tensor itself, the digest of its canonical bytes, our receipt. */
export function resultBody(submission: Submission) {
  const seconds = submission.computeMs / SECOND;
  return {
    result: {
      status: "completed",
      model: submission.model,
      ...outputFields(decodeResult(submission.output)),
      output_sha3_512: submission.sha3_512,
      receipt: Buffer.from(submission.receipt).toString("hex"),
      execution_time: seconds,
    },
    metrics: { duration_ms: Math.round(submission.computeMs), units: seconds },
  };
}

/** `output` as docs/markets-devnet.md fixes it for tensors, and as the market's own miner answers for text. */
function outputFields(result: TaskResult): Record<string, unknown> {
  switch (result.kind) {
    case "embed":
    case "rerank":
      return { output: tensorJson(result.tensor) };
    case "vector":
      return result.indices === undefined
        ? { output: tensorJson(result.tensor) }
        : { output: tensorJson(result.tensor), indices: [...result.indices.data] };
    case "clip":
      return { output: { texts: tensorJson(result.texts), images: tensorJson(result.images) } };
    case "generate":
      return { output: result.text, token_ids: result.tokenIds, tokens_processed: result.tokenIds.length };
    default:
      return unreachable(result);
  }
}

function tensorJson({ shape, data }: FloatTensor) {
  const bytes = Buffer.alloc(data.length * 4);
  data.forEach((value, i) => {
    bytes.writeFloatLE(value, i * 4);
  });
  return { dtype: "f32", shape, data_base64: bytes.toString("base64") };
}
