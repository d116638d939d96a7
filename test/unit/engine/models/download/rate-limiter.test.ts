import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { RateLimiter } from "../../../../../src/engine/models/download/rate-limiter.ts";

const never = new AbortController().signal;

describe("a rate limit", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  /** Milliseconds until pieces of these sizes have all passed. */
  async function timeFor(limiter: RateLimiter, pieces: readonly number[]): Promise<number> {
    const before = Date.now();
    let after = before;
    const passing = (async () => {
      for (const piece of pieces) await limiter.take(piece, never);
      after = Date.now();
    })();
    await vi.runAllTimersAsync();
    await passing;
    return after - before;
  }

  it.each([
    ["many small pieces", Array(100).fill(1000)],
    ["one big piece", [100_000]],
    ["pieces of all sizes", [1, 50_000, 9_999, 40_000]],
  ])("holds for %s", async (_, pieces) => {
    const limiter = new RateLimiter(10_000, Date.now);
    const ms = await timeFor(limiter, pieces);
    expect(ms).toBeGreaterThanOrEqual(9_800);
    expect(ms).toBeLessThanOrEqual(10_200);
  });

  it("saves up no more than a moment's worth while nothing comes", async () => {
    const limiter = new RateLimiter(10_000, Date.now);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(await timeFor(limiter, [50_000])).toBeGreaterThanOrEqual(4_800);
  });

  it("of null lets everything pass", async () => {
    expect(await timeFor(new RateLimiter(null, Date.now), [1e12])).toBe(0);
  });

  it("is not waited for by somebody who stops", async () => {
    const stop = new AbortController();
    const waiting = new RateLimiter(1, Date.now).take(1_000_000, stop.signal);
    stop.abort(new Error("enough"));
    await expect(waiting).rejects.toThrow("enough");
  });
});
