/** From a model's task to the code that runs it. */
import { unreachable } from "../../shared/errors.ts";
import type { ModelSpec } from "../../shared/runtime/protocol.ts";
import type { OnnxBackend } from "../backends/onnx.ts";
import { ClipModel } from "./clip.ts";
import { EmbedModel } from "./embed.ts";
import { GenerateModel } from "./generate.ts";
import { RerankModel } from "./rerank.ts";
import type { TaskModel } from "./task.ts";

/** Checks every file, then loads and warms. Throws MODEL_*, TOKENIZER_UNREADABLE, LLAMA_*. */
export async function loadTaskModel(spec: ModelSpec, backend: OnnxBackend): Promise<TaskModel> {
  switch (spec.task) {
    case "embed":
      return EmbedModel.load(spec, backend);
    case "rerank":
      return RerankModel.load(spec, backend);
    case "clip":
      return ClipModel.load(spec, backend);
    case "generate":
      return GenerateModel.load(spec, backend);
    default:
      return unreachable(spec);
  }
}
