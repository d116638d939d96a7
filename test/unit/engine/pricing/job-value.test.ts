import { expect, test } from "vitest";
import { jobValue } from "../../../../src/engine/pricing/job-value.ts";
import { CURRENCIES, money } from "../../../../src/shared/money.ts";

const FREE = { ms: 1000, watts: null, microsPerKwh: null };
const coins = (currency: "AIT" | "ANM", share: bigint) => money(currency, CURRENCIES[currency].scale / share);

test("a job is worth its coins, whatever their minor unit, at what one is worth", () => {
  expect(jobValue(coins("AIT", 100n), 500_000, FREE)).toBeCloseTo(5000, 6);
  expect(jobValue(coins("ANM", 100n), 500_000, FREE)).toBeCloseTo(5000, 6);
});

test("less the electricity of its time: 360 W for 10 s at 0.40 a kWh are 0.0004", () => {
  const cost = { ms: 10_000, watts: 360, microsPerKwh: 400_000 };
  expect(jobValue(coins("ANM", 1000n), 1_000_000, cost)).toBeCloseTo(1000 - 400, 6);
  expect(jobValue(coins("ANM", 10_000n), 1_000_000, cost), "a loss").toBeCloseTo(100 - 400, 6);
});

test("is not known where the market does not say what it pays, or nobody what a coin is worth", () => {
  expect(jobValue(null, 1, FREE)).toBeNull();
  expect(jobValue(coins("AIT", 1n), null, FREE)).toBeNull();
});
