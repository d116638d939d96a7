import { describe, expect, it } from "vitest";
import { JOBS_WITHOUT_TABLE, jobsPerBatch } from "../../../../src/engine/work/batch-size.ts";

const TABLE = [
  { freeMb: 0, jobs: 4 },
  { freeMb: 8192, jobs: 64 },
  { freeMb: 2048, jobs: 32 },
];
const onGpu = (freeMb: number | null, wanted: number | null = null) =>
  ({ kind: "gpu", freeMb, wanted }) as const;
const onCpu = (wanted: number | null = null) => ({ kind: "cpu", freeMb: 64_000, wanted }) as const;

describe("jobs per batch", () => {
  it.each([
    [0, 4],
    [2047, 4],
    [2048, 32],
    [8191, 32],
    [24_564, 64],
  ])("on a GPU with %i MB free, as the table has it: %i", (freeMb, jobs) => {
    expect(jobsPerBatch(TABLE, onGpu(freeMb))).toBe(jobs);
  });

  it("takes the careful row while nobody knows how much is free", () => {
    expect(jobsPerBatch(TABLE, onGpu(null))).toBe(4);
  });

  it("never passes the person's limit, and never falls to nothing", () => {
    expect(jobsPerBatch(TABLE, onGpu(24_564, 8))).toBe(8);
    expect(jobsPerBatch(TABLE, onGpu(24_564, 256))).toBe(64);
    expect(jobsPerBatch([{ freeMb: 4096, jobs: 16 }], onGpu(100, 256))).toBe(16);
    expect(jobsPerBatch([{ freeMb: 0, jobs: 0 }], onGpu(100))).toBe(1);
  });

  it("on the CPU is the careful row, or fewer where the person wants it", () => {
    expect(jobsPerBatch(TABLE, onCpu())).toBe(4);
    expect(jobsPerBatch(TABLE, onCpu(16))).toBe(4);
    expect(jobsPerBatch(TABLE, onCpu(3))).toBe(3);
  });

  it.each([onCpu(64), onGpu(80_000, 64)])(
    "one text is written at a time, whatever the person wants (%o)",
    (device) => {
      expect(jobsPerBatch([{ freeMb: 0, jobs: 1 }], device)).toBe(1);
    },
  );

  it("has a number for work without a model, too", () => {
    expect(jobsPerBatch(null, onGpu(null))).toBe(JOBS_WITHOUT_TABLE);
    expect(jobsPerBatch(null, onCpu(3))).toBe(3);
  });
});
