/** Waits: looks that nobody rings for fall on one beat, so that an idle process wakes once for all of them. */
import fc from "fast-check";
import { expect, onTestFinished, test, vi } from "vitest";
import { SECOND } from "../../../src/shared/durations.ts";
import { everyBeat, toBeat } from "../../../src/shared/wait.ts";

test("a wait on the beat ends with all others, at most half a beat early or late", () => {
  const beat = 5 * SECOND;
  fc.assert(
    fc.property(fc.integer({ min: 5, max: 600 }), fc.double({ min: 0, max: 1e9, noNaN: true }), (s, now) => {
      const wait = toBeat(s * SECOND, now);
      expect(Math.abs(wait - s * SECOND)).toBeLessThanOrEqual(beat / 2 + 1);
      const off = (now + wait) % beat;
      expect(Math.min(off, beat - off)).toBeLessThan(0.01);
    }),
  );
});

test("who woke on a beat, a moment early or late, wakes the next time a whole wait later", () => {
  for (const now of [9_999.6, 10_000, 10_003]) expect(now + toBeat(10 * SECOND, now)).toBe(20_000);
});

test("a look on the beat goes on until it is stopped", () => {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
  let looks = 0;
  const stop = everyBeat(10 * SECOND, () => {
    looks += 1;
  });
  vi.advanceTimersByTime(60 * SECOND);
  expect(looks).toBeGreaterThanOrEqual(5);
  stop();
  const before = looks;
  vi.advanceTimersByTime(60 * SECOND);
  expect(looks).toBe(before);
});
