/** What an idle engine no longer uses is collected, now and then, and never beside work. */
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { keepSmall } from "../../../src/engine/idle-memory.ts";
import { HOUR, MINUTE } from "../../../src/shared/durations.ts";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

test("after the start and then every ten minutes, while nothing is held", async () => {
  const stop = new AbortController();
  let [collected, idle] = [0, true];
  const done = keepSmall(
    () => idle,
    stop.signal,
    () => {
      collected += 1;
    },
  );
  await vi.advanceTimersByTimeAsync(3 * MINUTE);
  expect(collected).toBe(1);
  idle = false;
  await vi.advanceTimersByTimeAsync(HOUR);
  expect(collected).toBe(1);
  idle = true;
  await vi.advanceTimersByTimeAsync(HOUR);
  expect(collected).toBe(7);
  stop.abort();
  await done;
});

test("ends where the process can't collect", async () => {
  await keepSmall(() => true, new AbortController().signal, undefined);
});
