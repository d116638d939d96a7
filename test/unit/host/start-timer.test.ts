import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { StartTimer } from "../../../src/host/start-timer.ts";

describe("StartTimer", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  const started = () => {
    const giveUp = vi.fn();
    return { giveUp, timer: new StartTimer(30_000, giveUp) };
  };
  const news = (patienceMs: number) => ({ doing: { text: "Reading the ledger" }, patienceMs });

  it("gives up on a process that says nothing", () => {
    const { giveUp, timer } = started();
    vi.advanceTimersByTime(29_999);
    expect(giveUp).not.toHaveBeenCalled();
    vi.advanceTimersByTime(1);
    expect(giveUp).toHaveBeenCalledOnce();
    expect(timer.complaint).toBe("was not ready within 30 s");
    expect(timer.hear(news(60_000)), "too late").toBe(false);
  });

  it("waits as long as a step asks for, never less than usual, and begins anew with each word", () => {
    const { giveUp, timer } = started();
    vi.advanceTimersByTime(29_000);
    expect(timer.hear(news(600_000))).toBe(true);
    vi.advanceTimersByTime(599_000);
    timer.hear(news(1000));
    vi.advanceTimersByTime(29_000);
    expect(giveUp).not.toHaveBeenCalled();
    vi.advanceTimersByTime(1000);
    expect(giveUp).toHaveBeenCalledOnce();
    expect(timer.complaint).toBe("got no further within 30 s (Reading the ledger)");
  });

  it("ends with the readiness, whatever is said after it", () => {
    const { giveUp, timer } = started();
    timer.stop();
    expect(timer.hear(news(1))).toBe(false);
    vi.advanceTimersByTime(60_000);
    expect(giveUp).not.toHaveBeenCalled();
    expect(timer.complaint).toBeNull();
  });
});
