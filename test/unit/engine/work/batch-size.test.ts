import { describe, expect, it } from "vitest";
import { jobsPerBatch } from "../../../../src/engine/work/batch-size.ts";

const TABLE = [
  { freeMb: 0, jobs: 4 },
  { freeMb: 8192, jobs: 64 },
  { freeMb: 2048, jobs: 32 },
];

describe("jobs per batch", () => {
  it.each([
    [0, 4],
    [2047, 4],
    [2048, 32],
    [8191, 32],
    [24_564, 64],
  ])("with %i MB free: %i", (freeMb, jobs) => {
    expect(jobsPerBatch(TABLE, freeMb, 256)).toBe(jobs);
  });

  it("takes the careful row while nobody knows how much is free", () => {
    expect(jobsPerBatch(TABLE, null, 256)).toBe(4);
  });

  it("never passes the person's limit, and never falls to nothing", () => {
    expect(jobsPerBatch(TABLE, 24_564, 8)).toBe(8);
    expect(jobsPerBatch([{ freeMb: 4096, jobs: 16 }], 100, 256)).toBe(16);
    expect(jobsPerBatch([{ freeMb: 0, jobs: 0 }], 100, 256)).toBe(1);
  });
});
