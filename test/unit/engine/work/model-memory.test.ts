import { expect, test } from "vitest";
import { ModelMemory } from "../../../../src/engine/work/model-memory.ts";

const MODEL = { id: "clip", vramMb: 600 };

test("a model needs what is declared, and some to spare", () => {
  const memory = new ModelMemory();
  expect(memory.shortage(MODEL, 728)).toBeNull();
  expect(memory.shortage(MODEL, 727.9)).toBe(
    "clip needs 600 MiB of GPU memory and 128 MiB to spare, and 727 MiB are free",
  );
});

test("what a process held with this model alone counts where it is more than declared", () => {
  const memory = new ModelMemory();
  memory.noteAlone(MODEL, 2000);
  memory.noteAlone(MODEL, 1500);
  expect(memory.needMb(MODEL)).toBe(2000);
  expect(memory.shortage(MODEL, 2199)).toContain("2000 MiB of GPU memory and 200 MiB to spare");
  memory.noteAlone({ id: "small", vramMb: 600 }, 90);
  expect(memory.needMb({ id: "small", vramMb: 600 })).toBe(600);
});

test("free memory that nobody knows stops nothing", () => {
  expect(new ModelMemory().shortage(MODEL, null)).toBeNull();
});
