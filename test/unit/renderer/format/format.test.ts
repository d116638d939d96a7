import fc from "fast-check";
import { afterEach, describe, expect, it } from "vitest";
import { amountText, decimalsOf, shareOf, shortAmountText } from "../../../../src/renderer/format/amount.ts";
import {
  shortDigest,
  showGigabytes,
  showNumber,
  showRate,
  showTiny,
  UNKNOWN,
} from "../../../../src/renderer/format/reading.ts";
import {
  coarse,
  fileDate,
  formatAge,
  formatDuration,
  formatStep,
} from "../../../../src/renderer/format/time.ts";
import { DAY, HOUR, MINUTE, SECOND } from "../../../../src/shared/durations.ts";
import { CURRENCIES, fromMoneyValue, parseDecimal, toMoneyValue } from "../../../../src/shared/money.ts";
import { groupThousands } from "../../../../src/shared/words/numbers.ts";

const anm = (text: string) => toMoneyValue(parseDecimal("ANM", text));

describe("the date in a file's name", () => {
  const zone = process.env.TZ;
  afterEach(() => {
    if (zone === undefined) delete process.env.TZ;
    else process.env.TZ = zone;
  });

  it("is the day of the person who saves it", () => {
    process.env.TZ = "Europe/Berlin";
    expect(fileDate(Date.UTC(2026, 0, 31, 23, 30))).toBe("2026-02-01");
    process.env.TZ = "America/New_York";
    expect(fileDate(Date.UTC(2026, 0, 1, 3))).toBe("2025-12-31");
  });
});

describe("amounts of a table in little room", () => {
  const decimals = (...texts: string[]) => decimalsOf(texts.map(anm));

  it("have as many decimals as the biggest leaves room for, and two at least", () => {
    expect(decimals("0.1", "12.5")).toBe(6);
    expect(decimals("0.1", "18411.2")).toBe(3);
    expect(decimals("123456789.12")).toBe(2);
    expect(decimals()).toBe(0);
  });

  it("are cut and never rounded up", () => {
    expect(shortAmountText(anm("18411.20399"), 4)).toBe("18\u202f411.2039");
    expect(shortAmountText(anm("0.999999"), 2)).toBe("0.99");
  });
});

describe("a tiny difference", () => {
  it.each([
    [0, "0"],
    [0.25, "0.25"],
    [3.1234e-7, "3.1e-7"],
    [-0.0000021, "-2.1e-6"],
    [12.34, "12"],
  ])("of %f is %s", (value, text) => {
    expect(showTiny(value)).toBe(text);
  });

  it("that nobody knows is a dash", () => {
    expect(showTiny(null)).toBe(UNKNOWN);
  });
});

describe("amounts", () => {
  it("have as many decimals whatever they are, so that figures stand under each other", () => {
    expect(amountText(anm("1.287651"))).toBe("1.287651");
    expect(amountText(anm("0.0041"))).toBe("0.004100");
    expect(amountText(anm("0"))).toBe("0.000000");
    expect(amountText(anm("-18411.5"))).toBe("-18\u202f411.500000");
  });

  it("never show more than there is, to the shown decimal", () => {
    fc.assert(
      fc.property(
        fc.bigInt({ min: -(10n ** 24n), max: 10n ** 24n }),
        fc.constantFrom("AIT", "ANM"),
        (minor, currency) => {
          const shown = parseDecimal(
            currency,
            amountText({ currency, minor: minor.toString() }).replaceAll("\u202f", ""),
          );
          const difference = minor - shown.minor;
          const unit = CURRENCIES[currency].scale / 10n ** BigInt(CURRENCIES[currency].decimals);
          expect(minor >= 0n ? difference >= 0n : difference <= 0n).toBe(true);
          expect(difference < 0n ? -difference : difference).toBeLessThan(unit);
        },
      ),
    );
  });

  it("are drawn in proportion, and not at all without money or over two currencies", () => {
    expect(shareOf(anm("3"), anm("1"))).toBe(0.75);
    expect(shareOf(anm("0"), anm("0"))).toBeNull();
    expect(shareOf(anm("1"), { currency: "AIT", minor: "1" })).toBeNull();
    fc.assert(
      fc.property(
        fc.bigInt({ min: 0n, max: 10n ** 30n }),
        fc.bigInt({ min: 0n, max: 10n ** 30n }),
        (part, rest) => {
          const share = shareOf({ currency: "ANM", minor: `${part}` }, { currency: "ANM", minor: `${rest}` });
          if (share !== null) expect(share >= 0 && share <= 1).toBe(true);
          expect(fromMoneyValue({ currency: "ANM", minor: `${part}` }).minor).toBe(part);
        },
      ),
    );
  });

  it("group whole digits from five on", () => {
    expect(groupThousands("1840")).toBe("1840");
    expect(groupThousands("18400")).toBe("18\u202f400");
    expect(groupThousands("-1234567")).toBe("-1\u202f234\u202f567");
  });
});

describe("readings", () => {
  it("show unknown as a dash, and zero as zero", () => {
    expect(showNumber(null)).toBe(UNKNOWN);
    expect(showNumber(Number.NaN)).toBe(UNKNOWN);
    expect(showNumber(0)).toBe("0");
    expect(showRate(null)).toBe(UNKNOWN);
    expect(showGigabytes(null)).toBe(UNKNOWN);
  });

  it("have a decimal only where it says something", () => {
    expect(showRate(0.42)).toBe("0.4");
    expect(showRate(184.4)).toBe("184");
    expect(showGigabytes(24_564)).toBe("24");
    expect(showGigabytes(10_035)).toBe("9.8");
    expect(showGigabytes(0)).toBe("0");
  });

  it("shorten digests to what is recognised", () => {
    expect(shortDigest("9f3c0000000000a1e0")).toBe("9f3c…a1e0");
    expect(shortDigest("lease_3a875d600d83aa0fc916")).toBe("lease_3a87…c916");
    expect(shortDigest("short-id")).toBe("short-id");
  });
});

describe("times", () => {
  it("say one unit, rounded down", () => {
    expect(formatAge(1_000, 1_400)).toBe("just now");
    expect(formatAge(5_000, 1_000)).toBe("just now");
    expect(formatAge(0, 59.9 * SECOND)).toBe("59 s ago");
    expect(formatAge(0, 60 * SECOND)).toBe("1 min ago");
    expect(coarse(36 * HOUR)).toBe("1 d");
    expect(coarse(-5)).toBe("0 s");
  });

  it("say two units for long durations, and milliseconds for short steps", () => {
    expect(formatDuration(3 * DAY + 4 * HOUR + 50 * MINUTE)).toBe("3 d 4 h");
    expect(formatDuration(2 * HOUR + 5 * MINUTE)).toBe("2 h 5 min");
    expect(formatStep(37.6)).toBe("38 ms");
    expect(formatStep(1_240)).toBe("1.24 s");
    expect(formatStep(-3)).toBe("0 ms");
  });
});
