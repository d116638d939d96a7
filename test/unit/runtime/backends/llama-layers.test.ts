import { afterEach, expect, test } from "vitest";
import { backendSaid } from "../../../../src/engine/device/reason-words.ts";
import { placedClass } from "../../../../src/runtime/backends/llama-layers.ts";
import { describeSkipped } from "../../../../src/shared/runtime/backends.ts";
import type { RuntimeClass } from "../../../../src/shared/runtime/protocol.ts";
import { hear } from "../../../../src/shared/words/hear.ts";
import { setLanguage } from "../../../../src/shared/words/words.ts";

const skipped = [{ backend: "cuda" as const, reason: "libcudart.so.13 is missing" }];
const onVulkan: RuntimeClass = {
  backend: "vulkan",
  reason: describeSkipped(skipped),
  skipped,
  onnxruntime: "none (node-llama-cpp 3)",
  node: "24",
  threads: 4,
  hardware: "GPU 0",
};
const onCuda: RuntimeClass = { ...onVulkan, backend: "cuda", reason: null, skipped: [] };

const SOME =
  "only 12 of the model's 29 layers fit into the GPU's free memory, and the processor runs the others";
const NONE = "none of the model's layers fits into the GPU's free memory";

/** In German, as the GPUs screen tells it. */
function inGerman({ reason, skipped }: RuntimeClass): string {
  setLanguage("de");
  return hear(reason ?? "", backendSaid(reason, [...skipped]));
}
afterEach(() => setLanguage("en"));

test("a model that is on the GPU whole is the GPU's, and one that was put on the processor is the processor's", () => {
  expect(placedClass(onCuda, { onGpu: 29, total: 29 }, "A CPU")).toBe(onCuda);
  const onCpu = { ...onVulkan, backend: "cpu" as const };
  expect(placedClass(onCpu, { onGpu: 0, total: 29 }, "A CPU")).toBe(onCpu);
});

test("one that is only partly there says so, with whom it shares the work", () => {
  const cuda = placedClass(onCuda, { onGpu: 12, total: 29 }, "A CPU");
  expect(cuda).toEqual({ ...onCuda, reason: SOME, alsoOn: "A CPU" });
  expect(inGerman(cuda)).toMatch(/^nur 12 der 29 Schichten des Modells/);
  const vulkan = placedClass(onVulkan, { onGpu: 12, total: 29 }, "A CPU");
  expect(vulkan).toMatchObject({
    backend: "vulkan",
    reason: `${describeSkipped(skipped)}; ${SOME}`,
    skipped,
  });
  expect(inGerman(vulkan)).toMatch(/^CUDA ist nicht benutzbar: .* is missing; nur 12 der 29 Schichten/);
});

test("one of which nothing fits runs on the processor, and that is what it is called", () => {
  const nowhere = placedClass(onCuda, { onGpu: 0, total: 29 }, "A CPU");
  expect(nowhere).toEqual({
    ...onCuda,
    backend: "cpu",
    hardware: "A CPU",
    skipped: [{ backend: "cuda", reason: NONE }],
    reason: `CUDA can't be used: ${NONE}`,
  });
  expect(inGerman(nowhere)).toBe(
    "CUDA ist nicht benutzbar: keine Schicht des Modells passt in den freien Speicher der GPU",
  );
});
