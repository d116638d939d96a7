/** Prices between exact money and the numbers that controls work with, and the axis they stand on. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { draftOf, FIRST_DRAFT, sameStrategy, strategyOf } from "../../../../src/renderer/offers/draft.ts";
import {
  axisOf,
  moneyOf,
  numberOf,
  priceText,
  shortPrice,
} from "../../../../src/renderer/offers/price-numbers.ts";
import type { PriceQuote, PriceStrategy } from "../../../../src/shared/contract/offers.ts";
import { parseDecimal, toMoneyValue } from "../../../../src/shared/money.ts";

const ait = (amount: string | number) => toMoneyValue(parseDecimal("AIT", amount));

test("a price that was typed with up to eight decimals comes back as it was", () => {
  const typed = fc.integer({ min: 1, max: 2_000_000_000 }).map((n) => n / 1e5);
  fc.assert(
    fc.property(typed, fc.constantFrom("AIT" as const, "ANM" as const), (price, currency) => {
      expect(numberOf(moneyOf(currency, price))).toBeCloseTo(price, 8);
      expect(moneyOf(currency, numberOf(moneyOf(currency, price)))).toEqual(moneyOf(currency, price));
    }),
  );
  expect(priceText(ait("20.5"))).toBe("20.50");
  expect(priceText(ait("0.00000001"))).toBe("0.00000001");
  expect(shortPrice(ait("4.60571428"))).toBe("4.60");
  expect(shortPrice(ait("0.0123456"))).toBe("0.0123");
  expect(shortPrice(ait("-4.60571428"))).toBe("-4.60");
});

describe("the axis", () => {
  const quote = (prices: readonly number[]): PriceQuote => ({
    model: "RTX 4090",
    source: "market",
    low: ait(prices[5] ?? 0),
    middle: ait(prices[10] ?? 0),
    high: ait(prices[15] ?? 0),
    quantiles: prices.map((price) => ait(price)),
    sample: 40,
    ageMs: 0,
  });
  const even = Array.from({ length: 21 }, (_, i) => 10 + i);

  test("shows all that matters, in steps that people write", () => {
    const axis = axisOf(quote(even), [4.6, 20]);
    expect(axis?.max).toBeGreaterThan(28);
    expect(axis?.step).toBe(0.2);
    expect(axisOf(null, [null, 0.0004])?.step).toBeCloseTo(0.000002, 9);
    expect(axisOf(null, [null, null])).toBeNull();
  });
  test("is not stretched by a few who ask anything", () => {
    const odd = [...even.slice(0, 19), 1_000_000, 9_000_000];
    expect(axisOf(quote(odd), [])?.max).toBeLessThan(40);
    // But what is asked here is never outside of it.
    expect(axisOf(quote(odd), [500])?.max).toBeGreaterThan(500);
  });
});

describe("a draft", () => {
  const strategies: PriceStrategy[] = [
    { kind: "fixed", price: ait("20.5") },
    { kind: "median", lowest: null },
    { kind: "percentile", percentile: 33, lowest: ait("12") },
    { kind: "utilisation", lowest: ait("0.5") },
  ];
  test.each(strategies)("of %j is that strategy again", (strategy) => {
    const again = strategyOf(draftOf(strategy), "AIT");
    expect(again && sameStrategy(again, strategy)).toBe(true);
  });
  test("without a price is none yet", () => {
    expect(strategyOf({ ...FIRST_DRAFT, kind: "fixed", price: null }, "AIT")).toBeNull();
    expect(strategyOf({ ...FIRST_DRAFT, kind: "fixed", price: 0 }, "AIT")).toBeNull();
  });
  test("is told from another whatever the order of its words", () => {
    expect(sameStrategy({ lowest: null, kind: "median" }, { kind: "median", lowest: null })).toBe(true);
    expect(sameStrategy({ kind: "median", lowest: null }, { kind: "median", lowest: ait(1) })).toBe(false);
  });
});
