import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { quantile, quotePrice, sameModel, shareCheaper } from "../../../../src/engine/pricing/quantiles.ts";
import { money } from "../../../../src/shared/money.ts";

const ait = (minor: number) => money("AIT", BigInt(minor));
const point = (model: string, minor: number, seenAt = 1_000) => ({ model, price: ait(minor), seenAt });
const BAND = [{ model: "NVIDIA A100", low: ait(25), high: ait(40) }];

describe("a price quote", () => {
  test("is the quartiles of GPUs of that model, with their number and the newest's age", () => {
    const seen = [
      point("RTX 4090", 10),
      point("NVIDIA GeForce RTX 4090", 20, 5_000),
      point("RTX 4090", 30),
      point("RTX 3090", 1),
    ];
    expect(quotePrice("GeForce RTX 4090", seen, BAND, 9_000)).toEqual({
      model: "GeForce RTX 4090",
      source: "market",
      low: { currency: "AIT", minor: "15" },
      middle: { currency: "AIT", minor: "20" },
      high: { currency: "AIT", minor: "25" },
      quantiles: Array.from({ length: 21 }, (_, i) => ({ currency: "AIT", minor: String(10 + i) })),
      sample: 3,
      ageMs: 4_000,
    });
  });
  test("is the guide's advice while too few are seen, and nothing without one", () => {
    expect(quotePrice("NVIDIA A100-SXM4-80GB", [point("A100", 1)], BAND, 0)).toMatchObject({
      source: "guide",
      middle: { minor: "32" },
      quantiles: [],
      sample: 0,
      ageMs: null,
    });
    expect(quotePrice("RTX 3090", [], BAND, 0)).toBeNull();
  });
  test("says how many ask less, those that ask the same counted half, and nothing of too few", () => {
    const seen = [10, 20, 20, 30].map((price) => point("RTX 4090", price));
    expect(shareCheaper("RTX 4090", seen, ait(5))).toBe(0);
    expect(shareCheaper("RTX 4090", seen, ait(20))).toBe(0.5);
    expect(shareCheaper("RTX 4090", seen, ait(25))).toBe(0.75);
    expect(shareCheaper("RTX 4090", seen.slice(2), ait(25))).toBeNull();
  });
  test("never leaves the range of what was seen, and grows with the share", () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 1_000_000 }), { minLength: 1 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (prices, share) => {
          const sorted = prices.sort((a, b) => a - b).map(ait);
          const value = quantile(sorted, share).minor;
          expect(value >= (sorted[0]?.minor ?? 0n) && value <= (sorted.at(-1)?.minor ?? 0n)).toBe(true);
          expect(quantile(sorted, 0).minor <= value && value <= quantile(sorted, 1).minor).toBe(true);
        },
      ),
    );
  });
});

test.each([
  ["NVIDIA GeForce RTX 4090", "RTX 4090", true],
  ["NVIDIA H100 80GB HBM3", "NVIDIA H100", true],
  ["NVIDIA A100-SXM4-80GB", "NVIDIA A100", true],
  ["NVIDIA H100 PCIe", "H100", true],
  ["NVIDIA GeForce RTX 4090 Laptop GPU", "RTX 4090", false],
  ["RTX 4060", "RTX 4060 Ti", false],
  ["RTX 6000 Ada Generation", "RTX 6000", false],
])("%s and %s: the same model? %s", (a, b, same) => {
  expect(sameModel(a, b)).toBe(same);
});
