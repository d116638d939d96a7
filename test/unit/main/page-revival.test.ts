import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { GOOD_LIFE, PageRevival, WAITS } from "../../../src/main/page-revival.ts";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

function revive(answers: boolean[] = []) {
  const load = vi.fn(() => Promise.reject(new Error("the page crashed while it was loaded")));
  const ask = vi.fn(() => Promise.resolve(answers.shift() ?? false));
  const giveUp = vi.fn();
  return { revival: new PageRevival({ load, ask, giveUp }), load, ask, giveUp };
}

describe("a page that crashed", () => {
  it("is loaded again three times, each time later, then a person is asked", async () => {
    const { revival, load, ask, giveUp } = revive();
    for (const [index, wait] of WAITS.entries()) {
      revival.crashed();
      if (wait > 0) await vi.advanceTimersByTimeAsync(wait - 1);
      expect(load).toHaveBeenCalledTimes(index);
      await vi.advanceTimersByTimeAsync(1);
      expect(load).toHaveBeenCalledTimes(index + 1);
    }
    expect(ask).not.toHaveBeenCalled();
    revival.crashed();
    await vi.runAllTimersAsync();
    expect(ask).toHaveBeenCalledOnce();
    expect(load).toHaveBeenCalledTimes(WAITS.length);
    expect(giveUp).toHaveBeenCalledOnce();
  });

  it("is tried again when the person wants that, and is asked about again when it does not help", async () => {
    const { revival, load, ask, giveUp } = revive([true, false]);
    for (let crash = 0; crash <= WAITS.length; crash++) {
      revival.crashed();
      await vi.advanceTimersByTimeAsync(Math.max(...WAITS));
    }
    expect(load).toHaveBeenCalledTimes(WAITS.length + 1);
    expect(giveUp).not.toHaveBeenCalled();
    for (let crash = 0; crash < WAITS.length; crash++) {
      revival.crashed();
      await vi.advanceTimersByTimeAsync(Math.max(...WAITS));
    }
    expect(ask).toHaveBeenCalledTimes(2);
    expect(giveUp).toHaveBeenCalledOnce();
  });

  it("that lived for a while is a page that crashes now and then: each time it is loaded at once", async () => {
    const { revival, load, ask } = revive();
    for (let crash = 1; crash <= 10; crash++) {
      revival.crashed();
      await vi.advanceTimersByTimeAsync(0);
      expect(load).toHaveBeenCalledTimes(crash);
      await vi.advanceTimersByTimeAsync(GOOD_LIFE + 1);
    }
    expect(ask).not.toHaveBeenCalled();
  });

  it("is left alone once its window is gone", async () => {
    const { revival, load, giveUp } = revive();
    revival.crashed();
    revival.dispose();
    await vi.runAllTimersAsync();
    for (const _ of WAITS) revival.crashed();
    revival.crashed();
    await vi.runAllTimersAsync();
    expect(load).not.toHaveBeenCalled();
    expect(giveUp).not.toHaveBeenCalled();
  });
});
