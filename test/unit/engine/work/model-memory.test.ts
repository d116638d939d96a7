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
  memory.noteAlone(MODEL, CARD, 2000, 8);
  memory.noteAlone(MODEL, CARD, 1500, 8);
  expect(memory.needMb(MODEL, CARD)).toBe(2000);
  expect(memory.shortage(MODEL, CARD, 2199)).toContain("2000 MiB of GPU memory and 200 MiB to spare");
  const small = { ...MODEL, id: "small" };
  memory.noteAlone(small, CARD, 90, 8);
  expect(memory.needMb(small, CARD)).toBe(600);
});

test("what was measured is known after a restart, for that model, kind of GPU and driver only", async () => {
  const folder = tempFolder();
  const before = await Ledger.open(folder);
  memoryOf(before).noteAlone(MODEL, CARD, 2000.4, 8);
  before.close();
  const later = await memoryIn(folder);
  expect(later.needMb(MODEL, CARD)).toBe(2001);
  expect(later.needMb({ ...MODEL, version: "2" }, CARD)).toBe(600);
  expect(later.needMb(MODEL, { ...CARD, driverVersion: "590.1" })).toBe(600);
  expect(later.needMb(MODEL, { ...CARD, name: "NVIDIA H100 PCIe" })).toBe(600);
  later.noteAlone(MODEL, CARD, 1000, 8);
  expect(later.needMb(MODEL, CARD), "the most counts").toBe(2001);
});

test("a need that was seen at a large batch is none of a smaller one", async () => {
  const memory = await memoryIn();
  memory.noteAlone(MODEL, CARD, 3800, 64);
  expect([1, 8, 64, 128].map((jobs) => memory.needMb(MODEL, CARD, jobs))).toEqual([1930, 2138, 3800, 3800]);
  expect(memory.needMb(MODEL, CARD), "at work").toBe(3800);
  expect(memory.shortage(MODEL, CARD, 2500), "it fits, a few jobs at a time").toBeNull();
  expect(memory.shortage(MODEL, CARD, 2100)).toContain("needs 1930 MiB");
  const fitting = [2500, 4180, 4179, 700].map((free) => memory.jobsWithin(MODEL, CARD, free, 64));
  expect(fitting).toEqual([12, 64, 63, 1]);
  expect(memory.jobsWithin(MODEL, CARD, 2500, 4), "and no more than the table has").toBe(4);
  expect(memory.jobsWithin(MODEL, CARD, null, 64)).toBe(64);
});

test("what was seen at a batch of a few jobs is needed for one, too", async () => {
  const memory = await memoryIn();
  memory.noteAlone(MODEL, CARD, 2000, 8);
  expect(memory.needMb(MODEL, CARD, 1)).toBe(2000);
});

test("what was seen at a small batch counts for it, and no larger one needs less", async () => {
  const folder = tempFolder();
  const before = await Ledger.open(folder);
  const earlier = memoryOf(before);
  earlier.noteAlone(MODEL, CARD, 3800, 64);
  earlier.noteAlone(MODEL, CARD, 1800, 8);
  earlier.noteAlone(MODEL, CARD, 1700, 16); // From a reading that was a little old.
  before.close();
  const memory = await memoryIn(folder);
  expect([8, 16, 40, 64].map((jobs) => memory.needMb(MODEL, CARD, jobs))).toEqual([1800, 1800, 2800, 3800]);
});

test("no measurement shuts a model out of the empty card it was made on", async () => {
  const memory = await memoryIn();
  memory.noteAlone(MODEL, { ...CARD, memoryTotalMb: 4096 }, 4090, 8);
  expect(memory.shortage(MODEL, { ...CARD, memoryTotalMb: 4096 }, 4096)).toBeNull();
});

test("free memory that nobody knows stops nothing", async () => {
  expect((await memoryIn()).shortage(MODEL, CARD, null)).toBeNull();
});
