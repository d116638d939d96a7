import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { FairShare, LEAST_SHARE } from "../../../../src/engine/work/fair-share.ts";

const MARKETS = ["aitbc", "aicf"] as const;

/** Both markets always have work; each job of one takes `ms` and brings `perMs` for each of them. Shares of the time. */
function serve(
  terms: Record<(typeof MARKETS)[number], { ms: number; perMs: number | null }>,
  jobs = 2000,
  share = new FairShare(),
): { aitbc: number; aicf: number; longestWaitMs: number } {
  const total = { aitbc: 0, aicf: 0 };
  const lastAt = { aitbc: 0, aicf: 0 };
  let longestWaitMs = 0;
  let now = 0;
  for (let job = 0; job < jobs; job++) {
    const market = share.next(MARKETS, now) ?? "aitbc";
    longestWaitMs = Math.max(longestWaitMs, now - lastAt[market]);
    const { ms, perMs } = terms[market];
    now += ms;
    lastAt[market] = now;
    total[market] += ms;
    share.account(market, ms, now, perMs === null ? null : perMs * ms);
  }
  const all = total.aitbc + total.aicf;
  return { aitbc: total.aitbc / all, aicf: total.aicf / all, longestWaitMs };
}

describe("fair share", () => {
  it("serves first whoever came first, then whoever got less", () => {
    const share = new FairShare();
    expect(share.next([], 0)).toBeNull();
    expect(share.next(["aicf", "aitbc"], 0)).toBe("aicf");
    share.account("aicf", 300, 0);
    expect(share.next(["aicf", "aitbc"], 0)).toBe("aitbc");
    expect(share.next(["aicf"], 0), "an idle market holds nobody up").toBe("aicf");
  });

  it("forgets: a market that was busy an hour ago owes nothing to one that arrives now", () => {
    const share = new FairShare();
    share.account("aicf", 60_000, 0);
    share.account("aitbc", 50, 3_600_000);
    expect(share.next(["aitbc", "aicf"], 3_600_000)).toBe("aicf");
  });

  it("gives two busy markets half the device each, whatever their jobs cost, while their worth is not known", () => {
    const time = fc.integer({ min: 1, max: 500 });
    const worth = fc.option(fc.double({ min: 0.1, max: 1000, noNaN: true }));
    fc.assert(
      fc.property(time, time, worth, (aitbcMs, aicfMs, perMs) => {
        const { aitbc } = serve({ aitbc: { ms: aitbcMs, perMs }, aicf: { ms: aicfMs, perMs: null } }, 400);
        const all = 400 * Math.min(aitbcMs, aicfMs);
        expect(Math.abs(aitbc - 0.5)).toBeLessThanOrEqual((2 * Math.max(aitbcMs, aicfMs)) / all);
      }),
    );
  });

  it("gives them time in proportion to what each pays for it, where both are known", () => {
    const { aitbc, aicf } = serve({ aitbc: { ms: 20, perMs: 3 }, aicf: { ms: 50, perMs: 1 } });
    expect(aitbc).toBeCloseTo(LEAST_SHARE + (1 - 2 * LEAST_SHARE) * 0.75, 2);
    expect(aicf).toBeCloseTo(LEAST_SHARE + (1 - 2 * LEAST_SHARE) * 0.25, 2);
  });

  it("earns more that way than by halves, and starves nobody, whatever they pay", () => {
    const time = fc.integer({ min: 1, max: 200 });
    const worth = fc.integer({ min: -10, max: 1000 });
    fc.assert(
      fc.property(time, time, worth, worth, (aitbcMs, aicfMs, aitbcPerMs, aicfPerMs) => {
        const result = serve({
          aitbc: { ms: aitbcMs, perMs: aitbcPerMs },
          aicf: { ms: aicfMs, perMs: aicfPerMs },
        });
        const slack = (2 * Math.max(aitbcMs, aicfMs)) / (2000 * Math.min(aitbcMs, aicfMs)) + 0.01;
        expect(result.aitbc).toBeGreaterThan(LEAST_SHARE - slack);
        expect(result.aicf).toBeGreaterThan(LEAST_SHARE - slack);
        const mixed = result.aitbc * aitbcPerMs + result.aicf * aicfPerMs;
        const halves = (aitbcPerMs + aicfPerMs) / 2;
        expect(mixed).toBeGreaterThanOrEqual(halves - slack * Math.abs(aitbcPerMs - aicfPerMs));
        // Nobody waits longer than the least share makes inevitable.
        const longest = Math.max(aitbcMs, aicfMs);
        expect(result.longestWaitMs).toBeLessThanOrEqual((longest * 2) / LEAST_SHARE);
      }),
    );
  });

  it("prefers nobody while all of them lose money", () => {
    const { aitbc } = serve({ aitbc: { ms: 10, perMs: -1 }, aicf: { ms: 10, perMs: -5 } });
    expect(aitbc).toBeCloseTo(0.5, 2);
  });

  it("follows a market that pays more from now on", () => {
    const share = new FairShare();
    serve({ aitbc: { ms: 10, perMs: 1 }, aicf: { ms: 10, perMs: 1 } }, 2000, share);
    const later = share.shares(MARKETS, 0);
    expect(later.get("aitbc")).toBeCloseTo(0.5, 2);
    share.account("aitbc", 60_000, 40_000, 600_000);
    expect(share.shares(MARKETS, 40_000).get("aitbc")).toBeGreaterThan(0.7);
  });
});
