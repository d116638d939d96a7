import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { FairShare } from "../../../../src/engine/work/fair-share.ts";

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

  it("gives two busy markets half the device each, whatever their jobs cost", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 500 }), fc.integer({ min: 1, max: 500 }), (aitbcMs, aicfMs) => {
        const share = new FairShare();
        const total = { aitbc: 0, aicf: 0 };
        let now = 0;
        for (let job = 0; job < 400; job++) {
          const market = share.next(["aitbc", "aicf"], now) ?? "aitbc";
          const ms = market === "aitbc" ? aitbcMs : aicfMs;
          now += ms;
          total[market] += ms;
          share.account(market, ms, now);
        }
        expect(Math.abs(total.aitbc - total.aicf)).toBeLessThanOrEqual(2 * Math.max(aitbcMs, aicfMs));
      }),
    );
  });
});
