import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readTyped } from "../../../../src/renderer/format/typed-decimal.ts";

const read = (typed: string, language: string) => {
  const found = readTyped(typed, language);
  return "decimal" in found ? found.decimal : found.problem;
};

describe("a typed amount", () => {
  it("is read with the decimal mark of the page's language", () => {
    expect(read("12.5", "en")).toBe("12.5");
    expect(read("12,5", "de")).toBe("12.5");
    expect(read(" 1 000 ", "en")).toBe("1000");
    expect(read("18\u202f400,25", "de")).toBe("18400.25");
    expect(read(".5", "en")).toBe(".5");
    expect(read("-3,5", "de")).toBe("-3.5");
  });

  it("is refused with the other language's mark: it might separate thousands", () => {
    for (const typed of ["1,000", "12,5", "1,000.50", "1,000,000"]) {
      expect(read(typed, "en"), typed).toBe("otherMark");
    }
    for (const typed of ["1.000", "12.5", "1.000,50"]) expect(read(typed, "de"), typed).toBe("otherMark");
  });

  it("is refused where three digits behind the mark could as well be a group of thousands", () => {
    expect(read("1.000", "en")).toBe("twoWays");
    expect(read("12,500", "de")).toBe("twoWays");
    expect(readTyped("12,500", "de")).toMatchObject({ readings: { thousands: "12500", decimal: "12,50" } });
    expect(readTyped("1.125", "en")).toMatchObject({ readings: { thousands: "1125", decimal: "1.1250" } });
    // Nobody writes thousands like these.
    expect(read("0.312", "en")).toBe("0.312");
    expect(read("1234.567", "en")).toBe("1234.567");
    expect(read("1.0001", "en")).toBe("1.0001");
  });

  it("is refused when it is no number", () => {
    for (const typed of ["", " ", "a lot", "1.2.3", "1e5", ".", "--1", "1 2.5.", "0x10"]) {
      expect(read(typed, "en"), typed).toBe("notNumber");
    }
  });

  it("never changes its worth by a mark", () => {
    const mark = fc.constantFrom(
      ...([
        ["en", "."],
        ["de", ","],
      ] as const),
    );
    fc.assert(
      fc.property(
        fc.bigInt({ min: 0n, max: 10n ** 15n }),
        fc.stringMatching(/^\d{1,9}$/),
        mark,
        (whole, fraction, [language, sign]) => {
          const found = readTyped(`${whole}${sign}${fraction}`, language);
          if ("decimal" in found) expect(found.decimal).toBe(`${whole}.${fraction}`);
          else expect(found.problem).toBe("twoWays");
        },
      ),
    );
  });
});
