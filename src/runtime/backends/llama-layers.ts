/**
 * Where llama.cpp really put a model: it takes as many layers as fit into the GPU's free memory, and leaves the others to
 * the processor without a word.
 */
import { describeSkipped } from "../../shared/runtime/backends.ts";
import type { RuntimeClass } from "../../shared/runtime/protocol.ts";
import { say } from "../../shared/words/said.ts";

export interface Layers {
  /** In the GPU's memory. */
  readonly onGpu: number;
  readonly total: number;
}

/** What the model's jobs run on; `processor` is its name. */
export function placedClass(asked: RuntimeClass, { onGpu, total }: Layers, processor: string): RuntimeClass {
  const { backend, reason } = asked;
  if (backend === "cpu" || onGpu >= total) return asked;
  if (onGpu === 0) {
    const skipped = [...asked.skipped, { backend, reason: say("reasonNoLayerFits").text }];
    return { ...asked, backend: "cpu", hardware: processor, skipped, reason: describeSkipped(skipped) };
  }
  const some = say("reasonSomeLayersFit", { fitting: String(onGpu), layers: String(total) }).text;
  return { ...asked, reason: reason === null ? some : `${reason}; ${some}`, alsoOn: processor };
}
