import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { DAY, HOUR, SECOND } from "../../../src/shared/durations.ts";
import { Moment } from "../../../src/shared/moment.ts";

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["Date", "performance"], now: 100 * DAY });
});
afterEach(() => {
  vi.useRealTimers();
});

describe("a moment", () => {
  it("stays what it is while the clock is kept right", () => {
    const moment = new Moment(Date.now());
    for (const drift of [0, 400, -400]) {
      vi.advanceTimersByTime(HOUR);
      vi.setSystemTime(Date.now() + drift);
      expect(moment.at(Date.now())).toBe(100 * DAY);
    }
  });

  it("goes back with the clock, and then stays there", () => {
    const moment = new Moment(Date.now());
    vi.advanceTimersByTime(5 * SECOND);
    vi.setSystemTime(Date.now() - 3 * HOUR);
    const told = moment.at(Date.now());
    expect(Date.now() - told).toBe(5 * SECOND);
    vi.advanceTimersByTime(HOUR);
    expect(moment.at(Date.now())).toBe(told);
  });

  it("never lies ahead, and is never fresher than it is, with any clock", () => {
    const step = fc.record({ pass: fc.nat(HOUR), set: fc.integer({ min: -DAY, max: DAY }) });
    fc.assert(
      fc.property(fc.array(step), (steps) => {
        const moment = new Moment(Date.now());
        let age = 0;
        for (const { pass, set } of steps) {
          vi.advanceTimersByTime(pass);
          age += pass;
          vi.setSystemTime(Date.now() + set);
          const seems = Date.now() - moment.at(Date.now());
          expect(seems).toBeGreaterThanOrEqual(Math.max(0, age - SECOND));
        }
      }),
    );
  });
});
