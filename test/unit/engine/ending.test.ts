/** An end in order: what hangs or fails costs its share of the time, and never the steps behind it. */
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { OrderlyEnd } from "../../../src/engine/ending.ts";
import { SECOND } from "../../../src/shared/durations.ts";

beforeEach(() => void vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] }));
afterEach(() => void vi.useRealTimers());

const never = () => new Promise<never>(() => undefined);

async function ended(run: (end: OrderlyEnd, log: string[]) => Promise<void>) {
  const log: string[] = [];
  const began = performance.now();
  const end = new OrderlyEnd(10 * SECOND);
  const done = run(end, log).then(() =>
    log.push(`after ${Math.round((performance.now() - began) / SECOND)} s`),
  );
  await vi.advanceTimersByTimeAsync(20 * SECOND);
  await done;
  return { end, log };
}

test("steps that are quick follow each other at once", async () => {
  const { end, log } = await ended(async (end, log) => {
    await end.step(0.5, async () => log.push("work"));
    await end.until(0.8, () => true);
    await end.now(() => log.push("close"));
  });
  expect(log).toEqual(["work", "close", "after 0 s"]);
  expect(() => end.result()).not.toThrow();
});

test("a step that hangs is told so and left behind when its share is gone, and all of them together have their time", async () => {
  const { log } = await ended(async (end, log) => {
    await end.until(0.3, () => false);
    await end.step(0.6, (late) => {
      late.addEventListener("abort", () => log.push("late"));
      return never();
    });
    for (let step = 0; step < 5; step++) await end.step(1, never);
    await end.now(() => log.push("close"));
  });
  expect(log).toEqual(["late", "close", "after 10 s"]);
});

test("a wait may be shorter than its share", async () => {
  const { log } = await ended(async (end) => {
    await end.until(0.5, () => false, SECOND);
  });
  expect(log).toEqual(["after 1 s"]);
});

test("a step that fails does not keep the others from being done; the first failure is told at last", async () => {
  const { end, log } = await ended(async (end, log) => {
    await end.now(() => {
      throw new Error("first");
    });
    await end.step(0.5, () => Promise.reject(new Error("second")));
    await end.until(0.6, () => {
      throw new Error("third");
    });
    await end.now(() => log.push("close"));
  });
  expect(log).toEqual(["close", "after 0 s"]);
  expect(() => end.result()).toThrow("first");
});

test("what is left behind and fails later is nobody's failure", async () => {
  const { end } = await ended(async (end) => {
    await end.step(
      0.1,
      (late) => new Promise((_, reject) => late.addEventListener("abort", () => reject(late.reason))),
    );
  });
  expect(() => end.result()).not.toThrow();
});
