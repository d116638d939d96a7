/** From strategy to price: each strategy, each limit, and what people read about it. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { asking, lowestOf, rounded, roundedUp } from "../../../../src/engine/pricing/asking.ts";
import type { PriceQuote, PriceStrategy } from "../../../../src/shared/contract/offers.ts";
import { type Money, parseDecimal, toMoneyValue } from "../../../../src/shared/money.ts";

const ait = (amount: string | number) => parseDecimal("AIT", amount);
const value = (amount: string | number) => toMoneyValue(ait(amount));
/** 0 % asks 10, 100 % asks 30: p % asks 10 + p/5. */
const QUOTE: PriceQuote = {
  model: "RTX 4090",
  source: "market",
  low: value(15),
  middle: value(20),
  high: value(25),
  quantiles: Array.from({ length: 21 }, (_, i) => value(10 + i)),
  sample: 12,
  ageMs: 60_000,
};
const GUIDE: PriceQuote = {
  ...QUOTE,
  source: "guide",
  low: value(10),
  high: value(20),
  quantiles: [],
  sample: 0,
};
const facts = { quote: QUOTE, occupancy: null, floor: null };
const median: PriceStrategy = { kind: "median", lowest: null };
const at = (percentile: number): PriceStrategy => ({ kind: "percentile", percentile, lowest: null });
const utilisation: PriceStrategy = { kind: "utilisation", lowest: null };

describe("a strategy's price", () => {
  test("fixed is what was set, whatever the market or electricity says", () => {
    const fixed: PriceStrategy = { kind: "fixed", price: value("3.21") };
    expect(asking(fixed, { ...facts, quote: null, floor: ait(9) })).toMatchObject({
      price: ait("3.21"),
      bound: "none",
    });
    expect(lowestOf(fixed, ait(9))).toBeNull();
  });

  test.each([
    [median, 20],
    [at(25), 15],
    [at(75), 25],
    [at(37), "17.4"],
  ] as const)("%j of a market asks %s", (strategy, price) => {
    expect(asking(strategy, facts).price).toEqual(ait(price));
  });

  test.each([
    [null, 20],
    [0, 14],
    [0.5, 20],
    [1, 26],
  ])("utilisation, rented %s of its time, asks %s", (occupancy, price) => {
    expect(asking(utilisation, { ...facts, occupancy }).price).toEqual(ait(price));
  });

  test("stands on the guide's band while too few offers are seen, and on nothing without one", () => {
    expect(asking(median, { ...facts, quote: GUIDE })).toMatchObject({
      price: ait(15),
      how: { text: expect.stringMatching(/guide, as too few offers/) },
    });
    expect(asking(at(80), { ...facts, quote: GUIDE }).price).toEqual(ait(18));
    expect(asking(median, { ...facts, quote: null })).toMatchObject({
      price: null,
      how: { text: expect.stringMatching(/needs a fixed price/) },
    });
  });

  test("never falls below the higher of the two limits, and says which", () => {
    const lowest = (amount: number): PriceStrategy => ({ kind: "median", lowest: value(amount) });
    expect(asking(lowest(22), { ...facts, floor: ait(21) })).toMatchObject({
      price: ait(22),
      bound: "lowest",
    });
    expect(asking(lowest(22), { ...facts, floor: ait("23.001") })).toMatchObject({
      price: ait("23.01"),
      bound: "floor",
    });
    expect(asking(lowest(19), { ...facts, floor: ait(1) })).toMatchObject({ price: ait(20), bound: "none" });
    expect(lowestOf(lowest(22), ait(21))).toEqual(ait(22));
    expect(lowestOf(median, null)).toBeNull();
  });

  test("is told where it comes from", () => {
    expect(asking(median, facts).how.text).toBe("The median of 12 offers of this GPU");
    expect(asking(at(40), facts).how.text).toBe("Dearer than 40 % of 12 offers of this GPU");
    expect(asking(utilisation, { ...facts, occupancy: 0.75 }).how.text).toBe(
      "Rented 75 % of its time on the market: dearer than 65 % of 12 offers of this GPU",
    );
    expect(asking(utilisation, facts).how.text).toMatch(
      /^How much it is rented is not known yet: the median/,
    );
  });
});

test("rounding goes to what people write and markets take, down or up, and never past a whole grain", () => {
  for (const [given, down, up] of [
    ["20.129", "20.12", "20.13"],
    ["20.12", "20.12", "20.12"],
    ["0.123456", "0.1234", "0.1235"],
    ["0.00123456", "0.00123456", "0.00123456"],
  ] as const) {
    expect(rounded(ait(given))).toEqual(ait(down));
    expect(roundedUp(ait(given))).toEqual(ait(up));
  }
  fc.assert(
    fc.property(fc.bigInt({ min: 9n, max: 10n ** 15n }), (minor) => {
      const price: Money = { currency: "AIT", minor };
      expect(rounded(price).minor <= minor && minor <= roundedUp(price).minor).toBe(true);
      expect(rounded(rounded(price))).toEqual(rounded(price));
      // A whole number of the finest decimals that go over the wire.
      expect(rounded(price).minor % 9n).toBe(0n);
      expect(roundedUp(price).minor % 9n).toBe(0n);
    }),
  );
});
