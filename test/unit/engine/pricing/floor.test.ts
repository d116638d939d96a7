/** What an hour costs in electricity, and what is said where that can't be known. */
import { describe, expect, test } from "vitest";
import { type Electricity, energyCost, floorOf } from "../../../../src/engine/pricing/floor.ts";
import { LoadPower } from "../../../../src/engine/pricing/load-power.ts";
import { parseDecimal, toMoneyValue } from "../../../../src/shared/money.ts";

/** 0.30 EUR a kWh; an AIT is worth 0.02 EUR. */
const electricity: Electricity = {
  currency: "EUR",
  microsPerKwh: 300_000n,
  restWatts: 0,
  worthOf: (currency) => (currency === "AIT" ? 20_000n : null),
};

describe("the floor", () => {
  test("is measured watts, else the card's limit, times the price of a kWh", () => {
    expect(floorOf({ measuredWatts: 250, limitWatts: 450 }, electricity, "AIT")).toEqual({
      watts: 250,
      wattsFrom: "measured",
      cost: { currency: "EUR", micros: "75000" },
      price: toMoneyValue(parseDecimal("AIT", "3.75")),
      missing: null,
    });
    expect(floorOf({ measuredWatts: null, limitWatts: 450 }, electricity, "AIT")).toMatchObject({
      watts: 450,
      wattsFrom: "limit",
      cost: { micros: "135000" },
    });
  });

  test("counts the rest of the machine where the person said what it draws", () => {
    const floor = floorOf({ measuredWatts: 250, limitWatts: null }, { ...electricity, restWatts: 50 }, "AIT");
    expect(floor).toMatchObject({ watts: 300, cost: { micros: "90000" } });
  });

  test.each([
    [{ measuredWatts: null, limitWatts: null }, electricity, "AIT", /does not tell what power/],
    [{ measuredWatts: 1, limitWatts: null }, null, "AIT", /What a kWh costs is not set/],
    [{ measuredWatts: 1, limitWatts: null }, electricity, "ANM", /What one ANM is worth in EUR is not set/],
  ] as const)("says what is missing: %j", (power, price, currency, missing) => {
    expect(floorOf(power, price, currency)).toMatchObject({
      price: null,
      missing: expect.stringMatching(missing),
    });
  });

  test("is rounded up, never to nothing", () => {
    expect(energyCost(0.001, 1, { ...electricity, microsPerKwh: 1n }).micros).toBe("1");
  });
});

describe("power at work", () => {
  test("is the average of readings while it worked, once there are enough", () => {
    const power = new LoadPower();
    for (let i = 0; i < 100; i++) power.note("gpu", 30, false);
    for (let i = 0; i < 19; i++) power.note("gpu", i % 2 === 0 ? 280 : 320, true);
    expect(power.measured("gpu")).toBeNull();
    power.note("gpu", null, true);
    for (let i = 0; i < 30; i++) power.note("gpu", 300, true);
    expect(power.measured("gpu")).toBeGreaterThan(290);
    expect(power.measured("gpu")).toBeLessThan(310);
    expect(power.measured("another")).toBeNull();
  });
});
