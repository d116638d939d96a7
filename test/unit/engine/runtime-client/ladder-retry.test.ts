import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { LadderRetry } from "../../../../src/engine/runtime-client/ladder-retry.ts";

const MINUTE = 60_000;

beforeEach(() => vi.useFakeTimers({ toFake: ["performance"] }));
afterEach(() => vi.useRealTimers());

/** Minutes after which it is due, to within the spread. */
function minutesTillDue(retry: LadderRetry): number {
  for (let minutes = 0; ; minutes++) {
    if (retry.isDue) return minutes;
    vi.advanceTimersByTime(MINUTE);
  }
}

test("is not due while no process had to step down", () => {
  const retry = new LadderRetry();
  retry.noteStart();
  vi.advanceTimersByTime(100 * 60 * MINUTE);
  expect(retry.isDue).toBe(false);
});

test("comes after some ten minutes, and where it is in vain later each time, up to half a day", () => {
  const retry = new LadderRetry();
  const waits = Array.from({ length: 9 }, () => {
    retry.noteStart();
    retry.noteStepDown();
    retry.noteStepDown(); // A model, too: that is the same process still.
    return minutesTillDue(retry);
  });
  for (const [i, wait] of waits.entries()) {
    const middle = Math.min(10 * 2 ** i, 12 * 60);
    expect(wait).toBeGreaterThanOrEqual(Math.floor(middle * 0.8));
    expect(wait).toBeLessThanOrEqual(Math.ceil(middle * 1.2) + 1);
  }
});

test("comes at once when there is something new to try, and soon again after that", () => {
  const retry = new LadderRetry();
  for (let i = 0; i < 4; i++) {
    retry.noteStart();
    retry.noteStepDown();
  }
  retry.noteOutdated();
  expect(retry.isDue).toBe(true);
  retry.noteStart();
  expect(retry.isDue).toBe(false);
  retry.noteStepDown();
  expect(minutesTillDue(retry)).toBeLessThanOrEqual(13);
});

test("begins anew after a process that worked as it should", () => {
  const retry = new LadderRetry();
  for (let i = 0; i < 4; i++) {
    retry.noteStart();
    retry.noteStepDown();
  }
  retry.noteStart();
  retry.noteStart();
  retry.noteStepDown();
  expect(minutesTillDue(retry)).toBeLessThanOrEqual(13);
});
