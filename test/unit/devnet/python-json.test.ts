import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { dumpPython, PyFloat, parsePython, pyFloatText } from "../../../src/devnet/python-json.ts";

describe("JSON as Python writes it", () => {
  it("keeps a float a float and an int an int", () => {
    expect(dumpPython(parsePython('{"a":2.0,"b":2,"c":[1e3,-0.0],"d":12345678901234567890}'))).toBe(
      '{"a":2.0,"b":2,"c":[1000.0,-0.0],"d":12345678901234567890}',
    );
  });

  it.each([
    [0.1, "0.1"],
    [1e-4, "0.0001"],
    [1e-5, "1e-05"],
    [1.5e-7, "1.5e-07"],
    [1e15, "1000000000000000.0"],
    [1e16, "1e+16"],
    [1.25e300, "1.25e+300"],
    [0, "0.0"],
  ])("writes %d as repr() does", (value, text) => {
    expect(pyFloatText(value)).toBe(text);
  });

  it("writes any float so that it reads back as the same float", () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
        const back = parsePython(pyFloatText(value));
        expect(back).toBeInstanceOf(PyFloat);
        expect(Object.is((back as PyFloat).value, value)).toBe(true);
      }),
    );
  });

  it("changes nothing but spaces in JSON without floats, and is idempotent with them", () => {
    fc.assert(
      fc.property(fc.json({ noUnicodeString: false }), (text) => {
        const once = dumpPython(parsePython(text));
        expect(dumpPython(parsePython(once))).toBe(once);
        expect(JSON.parse(once)).toEqual(JSON.parse(text));
      }),
    );
  });

  it("sorts keys by code point, escapes to ASCII and drops nulls when asked", () => {
    const value = { "\u{1F600}": 1, "\uFF5E": 2, b: null, a: { z: null, y: "é\u007f" } };
    expect(dumpPython(value, { sortKeys: true, ascii: true, dropNulls: true })).toBe(
      '{"a":{"y":"\\u00e9\\u007f"},"\\uff5e":2,"\\ud83d\\ude00":1}',
    );
  });
});
