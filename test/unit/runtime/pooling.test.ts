import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { poolRow } from "../../../src/runtime/tasks/pooling.ts";

describe("poolRow", () => {
  test("is the unit mean of a row's own tokens; padding and other rows do not count", () => {
    // Two rows of three tokens with two dimensions; the second row has two tokens and one of padding.
    const data = Float32Array.of(9, 9, 9, 9, 9, 9, 1, 0, 5, 8, -100, 100);
    const target = new Float32Array(4).fill(7);
    poolRow({ data, width: 3, dimensions: 2 }, 1, 2, target, 1);
    expect([...target]).toEqual([7, 7, Math.fround(0.6), Math.fround(0.8)]);
  });

  test("gives unit vectors, whatever the scale of the states", () => {
    const states = fc.array(fc.float({ noNaN: true, noDefaultInfinity: true, min: -1e6, max: 1e6 }), {
      minLength: 24,
      maxLength: 24,
    });
    fc.assert(
      fc.property(states, (states) => {
        fc.pre(states.slice(0, 8).some((value) => Math.abs(value) > 1e-3));
        const target = new Float32Array(8);
        poolRow({ data: Float32Array.from(states), width: 3, dimensions: 8 }, 0, 1, target, 0);
        expect(Math.hypot(...target)).toBeCloseTo(1, 5);
      }),
    );
  });

  test.each([
    ["not a number", Number.NaN],
    ["infinite", Number.POSITIVE_INFINITY],
    ["all zero", 0],
  ])("refuses states that are %s", (_, value) => {
    const data = new Float32Array(4).fill(value);
    expect(() => poolRow({ data, width: 2, dimensions: 2 }, 0, 2, new Float32Array(2), 0)).toThrow(
      expect.objectContaining({ code: "RESULT_NOT_FINITE" }),
    );
  });
});
