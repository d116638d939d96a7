/** When a strategy moves a price and how far; and that whatever the market does, nothing runs away. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { nextPrice, REPRICE_EVERY, type RepricingFacts } from "../../../../src/engine/offers/repricing.ts";
import { OfferStateSchema } from "../../../../src/shared/contract/offers.ts";
import { money, parseDecimal } from "../../../../src/shared/money.ts";

const ait = (amount: string | number) => parseDecimal("AIT", amount);
const NOW = 10 * REPRICE_EVERY;
const offer = {
  state: "listed",
  wanted: true,
  strategy: { kind: "median", lowest: null },
  price: ait(20),
  pricedAt: 0,
} as const;
const facts = (wanted: string | number | null, more: Partial<RepricingFacts> = {}): RepricingFacts => ({
  wanted: wanted === null ? null : ait(wanted),
  lowest: null,
  possible: true,
  now: NOW,
  ...more,
});

describe("a listed offer", () => {
  test("follows the market, up and down", () => {
    expect(nextPrice(offer, facts(21))).toEqual(ait(21));
    expect(nextPrice(offer, facts(19))).toEqual(ait(19));
  });
  test("not for less than two in a hundred, nor more often than every quarter of an hour", () => {
    expect(nextPrice(offer, facts("20.39"))).toBeNull();
    expect(nextPrice(offer, facts("20.40"))).toEqual(ait("20.40"));
    expect(nextPrice({ ...offer, pricedAt: NOW - REPRICE_EVERY + 1 }, facts(30))).toBeNull();
    expect(nextPrice({ ...offer, pricedAt: NOW - REPRICE_EVERY }, facts(22))).toEqual(ait(22));
  });
  test("nor never again because the clock was set back since", () => {
    expect(nextPrice({ ...offer, pricedAt: NOW + 100 * REPRICE_EVERY }, facts(22))).toEqual(ait(22));
  });
  test("by a fifth at most, but straight up to its lower limit", () => {
    expect(nextPrice(offer, facts(100))).toEqual(ait(24));
    expect(nextPrice(offer, facts("0.01"))).toEqual(ait(16));
    expect(nextPrice(offer, facts(40, { lowest: ait(35) }))).toEqual(ait(35));
    expect(nextPrice(offer, facts(17, { lowest: ait(17) }))).toEqual(ait(17));
  });
  test("stays where it is without a market, and where the market lets nobody change it", () => {
    expect(nextPrice(offer, facts(null))).toBeNull();
    expect(nextPrice(offer, facts(30, { possible: false }))).toBeNull();
    expect(
      nextPrice({ ...offer, strategy: { kind: "fixed", price: { currency: "AIT", minor: "1" } } }, facts(30)),
    ).toBeNull();
  });
});

test("an offer that nobody saw yet goes out at today's price", () => {
  for (const state of ["planned", "publishing", "refused"] as const)
    expect(nextPrice({ ...offer, state, pricedAt: NOW }, facts(50))).toEqual(ait(50));
});

test("a renter pays what was agreed", () => {
  for (const state of ["booked", "in-use", "withdrawn"] as const)
    expect(nextPrice({ ...offer, state }, facts(50))).toBeNull();
});

test("whatever is wanted, a step never passes it, and enough of them arrive within two in a hundred", () => {
  const amount = fc.bigInt({ min: 900_000n, max: 900_000_000_000n }).map((minor) => money("AIT", minor));
  fc.assert(
    fc.property(amount, amount, fc.constantFrom(...OfferStateSchema.options), (from, wanted, state) => {
      const low = from.minor < wanted.minor ? from.minor : wanted.minor;
      const high = from.minor < wanted.minor ? wanted.minor : from.minor;
      let price = from;
      for (let i = 0; i < 200; i++) {
        const next = nextPrice(
          { ...offer, state, price },
          { wanted, lowest: null, possible: true, now: NOW },
        );
        if (next === null) break;
        price = next;
        expect(price.minor >= low && price.minor <= high).toBe(true);
      }
      if (state !== "listed") return;
      const left = price.minor > wanted.minor ? price.minor - wanted.minor : wanted.minor - price.minor;
      // Rounding keeps it a grain away at most.
      expect(left * 100n <= price.minor * 3n).toBe(true);
    }),
  );
});
