import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createMarketClock } from "../../../../src/engine/market/market-clock.ts";

const T = 1_795_290_000_000;
/** The Date header a server writes at that moment of its clock: the second only. */
const dateAt = (ms: number) => new Date(ms).toUTCString();

describe("the market's clock", () => {
  test("is unknown before the first answer, and taken for ours", () => {
    const clock = createMarketClock(() => T);
    expect(clock.skewMs()).toBeNull();
    expect(clock.marketNow()).toBe(T);
    clock.observe(null, T, T);
    clock.observe("no date", T, T);
    expect(clock.skewMs()).toBeNull();
  });

  test("agrees when the header's second could be ours", () => {
    const clock = createMarketClock(() => T);
    clock.observe(dateAt(T), T - 5, T + 5);
    expect(clock.skewMs()).toBe(0);
  });

  test("six minutes off is known to the second, and to less after more answers", () => {
    const skew = 6 * 60_000 + 321;
    const clock = createMarketClock(() => T);
    for (let at = T; at < T + 3_000; at += 137) clock.observe(dateAt(at + skew + 10), at, at + 20);
    expect(Math.abs((clock.skewMs() ?? 0) - skew)).toBeLessThan(100);
    expect(Math.abs(clock.marketNow() - (T + skew))).toBeLessThan(100);
    expect(Math.abs(clock.toLocal(T + skew) - T)).toBeLessThan(100);
  });

  test("a clock that was set is believed at once", () => {
    const clock = createMarketClock(() => T);
    clock.observe(dateAt(T), T, T + 10);
    clock.observe(dateAt(T + 3_600_000), T + 1_000, T + 1_010);
    expect(Math.abs((clock.skewMs() ?? 0) - 3_599_000)).toBeLessThan(1_100);
  });

  test("any one answer bounds the true difference to a second and its own duration", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: -10_000_000, max: 10_000_000 }),
        fc.integer({ min: 0, max: 5_000 }),
        fc.integer({ min: 0, max: 5_000 }),
        (skew, out, back) => {
          const clock = createMarketClock(() => T);
          clock.observe(dateAt(T + out + skew), T, T + out + back);
          const measured = clock.skewMs() ?? Number.NaN;
          const error = Math.abs(measured - skew);
          expect(error).toBeLessThanOrEqual(Math.max(2_000, 1_000) + out + back);
        },
      ),
    );
  });
});
