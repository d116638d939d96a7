import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Restraint } from "../../../../src/engine/market/restraint.ts";
import { HOUR, MINUTE, SECOND } from "../../../../src/shared/durations.ts";
import { AppError } from "../../../../src/shared/errors.ts";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const asking = (retryAfterMs: number, code: "MARKET_ERROR" | "JAILED" = "MARKET_ERROR") =>
  new AppError({ code, message: "Later", actor: "market", retryable: true, retryAfterMs });

describe("a market that asks to be left alone", () => {
  it("is left alone for as long, at most a little longer, whatever the clock says", async () => {
    for (const chance of [0, 0.5, 1]) {
      const restraint = new Restraint(() => chance);
      restraint.note("poll", asking(MINUTE));
      const began = performance.now();
      const over = restraint.over("poll", new AbortController().signal).then(() => performance.now() - began);
      vi.setSystemTime(Date.now() - HOUR);
      await vi.advanceTimersByTimeAsync(2 * MINUTE);
      expect(await over).toBeGreaterThanOrEqual(MINUTE);
      expect(await over).toBeLessThanOrEqual(MINUTE + 10 * SECOND + 1);
      expect(restraint.left("poll")).toBe(0);
    }
  });

  it("is left alone with that question, and not with others", () => {
    const restraint = new Restraint();
    restraint.note("poll", asking(MINUTE));
    expect(restraint.left("heartbeat")).toBe(0);
  });

  it("is not asked sooner because a later answer asks for less", () => {
    const restraint = new Restraint(() => 0);
    restraint.note("submit", asking(MINUTE));
    restraint.note("submit", asking(SECOND));
    expect(restraint.left("submit")).toBe(MINUTE);
  });

  it("is not meant where the wait is our own guess", () => {
    const restraint = new Restraint();
    restraint.note("poll", asking(MINUTE, "JAILED"));
    restraint.note("poll", new Error("no word of it"));
    expect(restraint.left("poll")).toBe(0);
  });

  it("lets go of whoever is told to stop", async () => {
    const restraint = new Restraint();
    restraint.note("poll", asking(HOUR));
    const stop = new AbortController();
    const over = restraint.over("poll", stop.signal);
    stop.abort();
    await expect(over).resolves.toBeUndefined();
  });
});
