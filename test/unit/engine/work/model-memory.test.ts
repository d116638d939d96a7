import { expect, onTestFinished, test } from "vitest";
import { Ledger } from "../../../../src/engine/ledger/ledger.ts";
import { ModelMemory } from "../../../../src/engine/work/model-memory.ts";
import { tempFolder } from "../../../support/temp-folder.ts";

const MODEL = { id: "clip", version: "1", vramMb: 600 };
const CARD = { name: "NVIDIA L40S", driverVersion: "580.95.05", memoryTotalMb: 46_068 };

const memoryOf = ({ modelNeeds }: Ledger) => new ModelMemory({ needs: modelNeeds, now: () => 10_000 });

async function memoryIn(folder = tempFolder()) {
  const ledger = await Ledger.open(folder);
  onTestFinished(() => ledger.close());
  return memoryOf(ledger);
}

test("a model needs what is declared, and some to spare", async () => {
  const memory = await memoryIn();
  expect(memory.shortage(MODEL, CARD, 728)).toBeNull();
  expect(memory.shortage(MODEL, CARD, 727.9)).toBe(
    "clip needs 600 MiB of GPU memory and 128 MiB to spare, and 727 MiB are free",
  );
});

test("what a process held with this model alone counts where it is more than declared", async () => {
  const memory = await memoryIn();
  memory.noteAlone(MODEL, CARD, 2000);
  memory.noteAlone(MODEL, CARD, 1500);
  expect(memory.needMb(MODEL, CARD)).toBe(2000);
  expect(memory.shortage(MODEL, CARD, 2199)).toContain("2000 MiB of GPU memory and 200 MiB to spare");
  const small = { ...MODEL, id: "small" };
  memory.noteAlone(small, CARD, 90);
  expect(memory.needMb(small, CARD)).toBe(600);
});

test("what was measured is known after a restart, for that model, kind of GPU and driver only", async () => {
  const folder = tempFolder();
  const before = await Ledger.open(folder);
  memoryOf(before).noteAlone(MODEL, CARD, 2000.4);
  before.close();
  const later = await memoryIn(folder);
  expect(later.needMb(MODEL, CARD)).toBe(2001);
  expect(later.needMb({ ...MODEL, version: "2" }, CARD)).toBe(600);
  expect(later.needMb(MODEL, { ...CARD, driverVersion: "590.1" })).toBe(600);
  expect(later.needMb(MODEL, { ...CARD, name: "NVIDIA H100 PCIe" })).toBe(600);
  later.noteAlone(MODEL, CARD, 1000);
  expect(later.needMb(MODEL, CARD), "the most counts").toBe(2001);
});

test("no measurement shuts a model out of the empty card it was made on", async () => {
  const memory = await memoryIn();
  memory.noteAlone(MODEL, { ...CARD, memoryTotalMb: 4096 }, 4090);
  expect(memory.shortage(MODEL, { ...CARD, memoryTotalMb: 4096 }, 4096)).toBeNull();
});

test("free memory that nobody knows stops nothing", async () => {
  expect((await memoryIn()).shortage(MODEL, CARD, null)).toBeNull();
});
