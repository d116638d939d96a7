import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { formatE8, netComputeSeconds, netE8, parseAmountE8 } from "../../../../src/devnet/aitbc/amounts.ts";

describe("AIT amounts", () => {
  it("reads what clients send and refuses what is no payment", () => {
    expect(parseAmountE8("35.00000000")).toBe(3_500_000_000);
    expect(parseAmountE8(1.5)).toBe(150_000_000);
    for (const bad of ["0", "0E-8", "-1", "0.000000001", "much", ""])
      expect(parseAmountE8(bad), bad).toBeNull();
  });

  it("writes eight decimals, and zero as Python's Decimal does", () => {
    expect(formatE8(3_500_000_000)).toBe("35.00000000");
    expect(formatE8(1)).toBe("0.00000001");
    expect(formatE8(0)).toBe("0E-8");
  });

  it("pays 97.5 % in whole compute-seconds, as recorded: 1.0 AIT pays 3510", () => {
    expect(netComputeSeconds(100_000_000)).toBe(3510);
    expect(netE8(100_000_000)).toBe(97_500_000);
  });

  it("loses nothing on multiples of 0.1 AIT, and less than one compute-second on anything else", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 100_000 }),
        fc.integer({ min: 1, max: 10 ** 12 }),
        (tenths, e8) => {
          expect(netComputeSeconds(tenths * 10_000_000)).toBe(tenths * 351);
          const exact = (e8 * 3600 * 0.975) / 1e8;
          expect(netComputeSeconds(e8)).toBeLessThanOrEqual(exact + 1e-6);
          expect(netComputeSeconds(e8)).toBeGreaterThan(exact - 1 - 1e-6);
        },
      ),
    );
  });

  it("reads back what it wrote", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 10 ** 15 }), (e8) => {
        expect(parseAmountE8(formatE8(e8))).toBe(e8);
      }),
    );
  });
});
