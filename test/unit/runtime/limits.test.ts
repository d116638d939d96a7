import { describe, expect, test } from "vitest";
import { INPUT_LIMITS, requireTextsInLimits } from "../../../src/shared/runtime/limits.ts";

const tooLarge = expect.objectContaining({ code: "INPUT_TOO_LARGE", actor: "market" });

describe("input limits", () => {
  test("ordinary texts pass, the empty text included", () => {
    expect(() =>
      requireTextsInLimits(["", "hello", "x".repeat(INPUT_LIMITS.charactersPerText)]),
    ).not.toThrow();
  });

  test("a job without texts is refused", () => {
    expect(() => requireTextsInLimits([])).toThrow(expect.objectContaining({ code: "INPUT_EMPTY" }));
  });

  test("too many texts, a text too long, and too much in all are refused with the limit", () => {
    expect(() => requireTextsInLimits(Array(INPUT_LIMITS.textsPerItem + 1).fill("a"))).toThrow(tooLarge);
    expect(() => requireTextsInLimits(["a", "x".repeat(INPUT_LIMITS.charactersPerText + 1)])).toThrow(
      /in text 2; the limit is 65536/,
    );
    expect(() => requireTextsInLimits(Array(100).fill("x".repeat(INPUT_LIMITS.charactersPerText)))).toThrow(
      tooLarge,
    );
  });

  test("a million texts are refused without looking at them", () => {
    const startedAt = performance.now();
    expect(() => requireTextsInLimits(Array(1_000_000).fill("a"))).toThrow(tooLarge);
    expect(performance.now() - startedAt).toBeLessThan(100);
  });
});
