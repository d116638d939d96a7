import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { planBatches } from "../../../src/runtime/tasks/batches.ts";

const lengths = fc.array(fc.integer({ min: 2, max: 256 }), { maxLength: 300 });

describe("planBatches", () => {
  test("nothing needs no batch", () => {
    expect(planBatches([], 1024)).toEqual([]);
  });

  test("texts of one length go together up to the budget", () => {
    expect(planBatches(Array(10).fill(100), 400).map((batch) => batch.length)).toEqual([4, 4, 2]);
  });

  test("a long text does not make short ones pay for it", () => {
    expect(planBatches([250, 5, 5, 5, 250], 1024)).toEqual([
      [1, 2, 3],
      [0, 4],
    ]);
  });

  test("a text beyond the budget is run alone", () => {
    expect(planBatches([5000, 10], 1024)).toEqual([[1], [0]]);
  });

  test("every text is in exactly one batch", () => {
    fc.assert(
      fc.property(lengths, (lengths) => {
        const all = planBatches(lengths, 1024).flat();
        expect(all.sort((a, b) => a - b)).toEqual(lengths.map((_, i) => i));
      }),
    );
  });

  test("no batch of several texts exceeds the budget or spends more than an eighth on padding", () => {
    fc.assert(
      fc.property(lengths, fc.integer({ min: 64, max: 4096 }), (lengths, budget) => {
        for (const batch of planBatches(lengths, budget).filter((batch) => batch.length > 1)) {
          const own = batch.map((index) => lengths[index] as number);
          const padded = own.length * Math.max(...own);
          expect(padded).toBeLessThanOrEqual(budget);
          expect(padded - own.reduce((sum, length) => sum + length, 0)).toBeLessThanOrEqual(padded / 8);
        }
      }),
    );
  });
});
