import { afterEach, describe, expect, test } from "vitest";
import { backendSaid } from "../../../../src/engine/device/reason-words.ts";
import { type SeatedGpu, seatOf } from "../../../../src/engine/device/seat.ts";
import { hear } from "../../../../src/shared/words/hear.ts";
import { setLanguage } from "../../../../src/shared/words/words.ts";

const gpu = (index: number, pids: number[] | null): SeatedGpu => ({
  name: "NVIDIA A2",
  index,
  processes: pids?.map((pid) => ({ pid, name: null, memoryMb: null, kind: "graphics" as const })) ?? null,
});

describe("where a process computes", () => {
  test.each([
    ["listed there", gpu(0, [1, 7]), [gpu(1, [])], { kind: "here" }],
    ["listed on both", gpu(0, [7]), [gpu(1, [7])], { kind: "here" }],
    [
      "listed on another only",
      gpu(0, [1]),
      [gpu(1, []), gpu(2, [7])],
      { kind: "elsewhere", gpu: "NVIDIA A2 (GPU 2)" },
    ],
    ["listed nowhere", gpu(0, [1]), [gpu(1, [])], { kind: "untold" }],
    ["where no list is told", gpu(0, null), [gpu(1, [7])], { kind: "untold" }],
    ["where no driver answers", null, [], { kind: "untold" }],
  ])("%s", (_, own, others, expected) => {
    expect(seatOf(7, own, others)).toEqual(expected);
  });
});

describe("in German", () => {
  afterEach(() => setLanguage("en"));
  const steps = [
    { backend: "cuda" as const, reason: "libcudart.so.13 is missing" },
    { backend: "webgpu" as const, reason: "it computes on NVIDIA A2 (GPU 2) instead" },
  ];
  const first = "CUDA can't be used: libcudart.so.13 is missing";

  test.each([
    [
      `${first}; WebGPU can't be used: it computes on NVIDIA A2 (GPU 2) instead`,
      steps,
      "CUDA ist nicht benutzbar: libcudart.so.13 is missing; WebGPU ist nicht benutzbar: es rechnet stattdessen auf NVIDIA A2 (GPU 2)",
    ],
    [
      `${first}; WebGPU chooses its GPU itself, and the driver does not tell whether it chose this one`,
      steps.slice(0, 1),
      "CUDA ist nicht benutzbar: libcudart.so.13 is missing; WebGPU wählt seine GPU selbst, und der Treiber sagt nicht, ob es diese ist",
    ],
    [
      "only 1 of the model's 2 layers fit into the GPU's free memory, and the processor runs the others; Vulkan chooses its GPU itself, and the driver does not tell whether it chose this one",
      [],
      "nur 1 der 2 Schichten des Modells passen in den freien Speicher der GPU, die anderen rechnet der Prozessor; Vulkan wählt seine GPU selbst, und der Treiber sagt nicht, ob es diese ist",
    ],
    [
      `${first}. Something a person wrote; and more`,
      steps.slice(0, 1),
      `${first}. Something a person wrote; and more`,
    ],
  ])("%s", (reason, skipped, german) => {
    setLanguage("de");
    expect(hear(reason, backendSaid(reason, skipped))).toBe(german);
  });
});
