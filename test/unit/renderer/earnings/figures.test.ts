import { describe, expect, it } from "vitest";
import {
  afterEnergy,
  creditWords,
  energyAmount,
  fiatText,
  owedText,
} from "../../../../src/renderer/earnings/figures.ts";
import { sumOf, weeksOf } from "../../../../src/renderer/earnings/spans.ts";
import type { EarningDay } from "../../../../src/shared/contract/earnings.ts";
import { DAY } from "../../../../src/shared/durations.ts";

const anm = (minor: string) => ({ currency: "ANM" as const, minor });
const day = (index: number, more: Partial<EarningDay> = {}): EarningDay => ({
  date: "2026-11-21",
  at: index * DAY,
  accepted: 1,
  failed: 0,
  settled: 1,
  gross: anm("10"),
  fee: anm("2"),
  net: anm("8"),
  pending: anm("0"),
  unpriced: 0,
  energy: { deviceWh: 100, restWh: null, measured: 1, cost: null },
  ...more,
});

describe("what a market owes", () => {
  it("is at least what it has said, and not nothing where it has said nothing", () => {
    expect(owedText(anm("500000000"), 0)).toBe("0.500000 ANM");
    expect(owedText(anm("500000000"), 2)).toBe("≥ 0.500000 ANM");
    expect(owedText(anm("0"), 2)).toBeNull();
    expect(owedText(anm("0"), 0)).toBe("0.000000 ANM");
  });
});

describe("what is left after electricity", () => {
  const rate = { currency: "EUR", micros: "2000000" };
  const cost = { currency: "EUR", micros: "700000" };

  it("is the net at the coin's worth, less what was drawn", () => {
    const energy = { deviceWh: 1, restWh: null, measured: 1, cost };
    expect(afterEnergy(day(0, { net: anm("250000000"), energy }), rate)).toEqual({
      currency: "EUR",
      micros: "-200000",
    });
  });

  it("is unknown while the worth or the use is", () => {
    expect(afterEnergy(day(0), rate)).toBeNull();
    const energy = { deviceWh: 1, restWh: null, measured: 1, cost };
    expect(afterEnergy(day(0, { energy }), null)).toBeNull();
    expect(afterEnergy(day(0, { energy }), { ...rate, currency: "USD" })).toBeNull();
  });

  it("reads as money, its sign a minus and small amounts not lost", () => {
    expect(fiatText({ currency: "EUR", micros: "940000" })).toBe("0.94 EUR");
    expect(fiatText({ currency: "EUR", micros: "-200000" })).toBe("−0.20 EUR");
    expect(fiatText({ currency: "EUR", micros: "1200" })).toBe("0.0012 EUR");
  });
});

it("energy reads in the unit that fits it", () => {
  expect([null, 0.42, 67, 1940, 2_336_000].map(energyAmount)).toEqual([
    "–",
    "0.4 Wh",
    "67 Wh",
    "1.94 kWh",
    "2336 kWh",
  ]);
});

describe("weeks", () => {
  it("end today, and sum up what their days tell", () => {
    const weeks = weeksOf(Array.from({ length: 16 }, (_, index) => day(index)));
    expect(weeks.map(({ at, accepted }) => [at / DAY, accepted])).toEqual([
      [0, 2],
      [2, 7],
      [9, 7],
    ]);
    expect(weeks[1]).toMatchObject({ net: anm("56"), fee: anm("14"), deviceWh: 700 });
  });

  it("know of how many jobs nobody has said what they pay", () => {
    const weeks = weeksOf(Array.from({ length: 9 }, (_, index) => day(index, { unpriced: index % 2 })));
    expect(weeks.map(({ unpriced }) => unpriced)).toEqual([1, 3]);
  });

  it("do not know what one of their days does not tell", () => {
    const [week] = weeksOf([day(0, { fee: null }), ...[1, 2, 3, 4, 5, 6].map((index) => day(index))]);
    expect(week?.fee).toBeNull();
    expect(sumOf([], ({ net }) => net)).toBeNull();
  });
});

describe("how long a credit took", () => {
  it.each([
    [-5, "credited at once"],
    [0, "credited at once"],
    [999, "credited at once"],
    [4_700, "credited after 4 s"],
    [3_720_000, "credited after 1 h 2 min"],
  ])("%i ms after the acceptance it is %s", (ms, words) => {
    expect(creditWords(ms)).toBe(words);
  });
});
