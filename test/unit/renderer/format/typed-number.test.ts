import fc from "fast-check";
import { afterEach, describe, expect, it } from "vitest";
import { readNumber } from "../../../../src/renderer/format/typed-number.ts";
import { setLanguage } from "../../../../src/shared/words/words.ts";

const PRICE = { min: 0, max: 100, digits: 6 };

describe("a typed number with a range", () => {
  afterEach(() => setLanguage("en"));

  it("is read where it lies in the range, its ends included", () => {
    expect(readNumber("0.31", PRICE, "en")).toEqual({ number: 0.31 });
    expect(readNumber("0,31", PRICE, "de")).toEqual({ number: 0.31 });
    expect(readNumber("0", PRICE, "en")).toEqual({ number: 0 });
    expect(readNumber("100", PRICE, "en")).toEqual({ number: 100 });
  });

  it("is never moved into the range: what would be right is said instead", () => {
    expect(readNumber("-1", PRICE, "en")).toEqual({ problem: "Allowed: 0 to 100" });
    expect(readNumber("99999", { min: 1, max: 256, digits: 0 }, "en")).toEqual({
      problem: "Allowed: 1 to 256",
    });
    expect(readNumber("0", { min: 0.5, digits: 1 }, "en")).toEqual({ problem: "Allowed: 0.5 or more" });
    expect(readNumber("7", { max: 5, digits: 0 }, "en")).toEqual({ problem: "Allowed: 5 or less" });
    setLanguage("de");
    expect(readNumber("-1", { min: 0.5, max: 100, digits: 1 }, "de")).toEqual({
      problem: "Erlaubt: 0,5 bis 100",
    });
  });

  it("keeps every digit or says how many there may be", () => {
    expect(readNumber("1.5", { min: 1, digits: 0 }, "en")).toEqual({ problem: "A whole number is wanted" });
    expect(readNumber("2.0", { min: 1, digits: 0 }, "en")).toEqual({ number: 2 });
    expect(readNumber("0.12345678", PRICE, "en")).toEqual({ problem: "At most 6 digits after the point" });
  });

  it("is no number, or one in the range", () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(..."0123456789.,-+ a") }), (typed) => {
        const found = readNumber(typed, PRICE, "en");
        if ("number" in found) expect(found.number >= 0 && found.number <= 100).toBe(true);
        else expect(found.problem).not.toBe("");
      }),
    );
  });
});
