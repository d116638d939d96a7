import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  AIT_COMPUTE_SECOND,
  add,
  basisPoints,
  CURRENCIES,
  formatDecimal,
  fromMoneyValue,
  money,
  parseDecimal,
  toMoneyValue,
} from "../../../src/shared/money.ts";

const code = (c: string) => expect.objectContaining({ code: c });

describe("money", () => {
  it.each([
    ["35.00000000", 35n * CURRENCIES.AIT.scale],
    [35, 35n * CURRENCIES.AIT.scale],
    ["0E-8", 0n],
    ["1.5e3", 1500n * CURRENCIES.AIT.scale],
    ["0.00000001", 9n],
    [1e-8, 9n],
    ["-2", -2n * CURRENCIES.AIT.scale],
    [".5", CURRENCIES.AIT.scale / 2n],
  ])("reads %s AIT exactly", (text, minor) => {
    expect(parseDecimal("AIT", text).minor).toBe(minor);
  });

  it.each(["", "abc", "1,5", "NaN", "Infinity", "--1", "1e99999", ".", "0x10"])("refuses %j", (text) => {
    expect(() => parseDecimal("AIT", text)).toThrowError(code("BAD_AMOUNT"));
  });

  it("refuses an amount finer than the minor unit instead of rounding it", () => {
    expect(() => parseDecimal("ANM", "0.0000000001")).toThrowError(code("AMOUNT_TOO_FINE"));
  });

  it("holds both of AIT's fractions exactly: 1/3600 and 1e-8", () => {
    expect(AIT_COMPUTE_SECOND * 3600n).toBe(CURRENCIES.AIT.scale);
    expect(CURRENCIES.AIT.scale % 100_000_000n).toBe(0n);
    // 1.0 AIT less 2.5 % is 3510 compute-seconds (protocols/aitbc.md §5).
    const gross = parseDecimal("AIT", "1.0");
    expect(gross.minor - basisPoints(gross, 250n).minor).toBe(3510n * AIT_COMPUTE_SECOND);
  });

  it("never mixes currencies", () => {
    expect(() => add(money("AIT", 1n), money("ANM", 1n))).toThrowError(code("CURRENCY_MISMATCH"));
  });

  it("shows at most what there is", () => {
    expect(formatDecimal(money("ANM", 1_999_999_999n), 2)).toBe("1.99");
    expect(formatDecimal(money("ANM", 1_230_000_000n))).toBe("1.23");
    expect(formatDecimal(money("ANM", 0n))).toBe("0.00");
    expect(formatDecimal(money("ANM", -1n), 2)).toBe("0.00");
    expect(formatDecimal(money("ANM", -1_500_000_000n), 2)).toBe("-1.50");
  });

  it("is kept to the last unit by parse ∘ format and across a border", () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(10n ** 24n), max: 10n ** 24n }), (minor) => {
        const nano = money("ANM", minor);
        expect(parseDecimal("ANM", formatDecimal(nano, 9))).toEqual(nano);
        expect(fromMoneyValue(JSON.parse(JSON.stringify(toMoneyValue(nano))))).toEqual(nano);
      }),
    );
  });

  it("adds like integers do", () => {
    fc.assert(
      fc.property(fc.array(fc.bigInt({ min: 0n, max: 10n ** 20n })), (parts) => {
        const total = parts.reduce((sum, minor) => add(sum, money("AIT", minor)), money("AIT", 0n));
        expect(total.minor).toBe(parts.reduce((a, b) => a + b, 0n));
      }),
    );
  });
});
