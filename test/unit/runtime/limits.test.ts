import { describe, expect, test } from "vitest";
import {
  INPUT_LIMITS,
  requireTextsInLimits,
  requireWorkInModelLimits,
} from "../../../src/shared/runtime/limits.ts";

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

describe("a model's own limits", () => {
  const prompt = (text: string) =>
    ({ kind: "generate", prompt: text, maxTokens: 16, temperature: 0, seed: 1, stop: [] }) as const;

  test("hold for what a job brings in all, however it is divided", () => {
    const limits = { characters: 10, units: 2 };
    const within = { kind: "embed", texts: ["12345", "67890"] } as const;
    expect(() => requireWorkInModelLimits("m", limits, within)).not.toThrow();
    for (const texts of [
      ["12345", "678901"],
      ["a", "b", "c"],
    ])
      expect(() => requireWorkInModelLimits("m", limits, { kind: "embed", texts })).toThrow(tooLarge);
    const ranked = { kind: "rerank", query: "123456", documents: ["12345"] } as const;
    expect(() => requireWorkInModelLimits("m", limits, ranked)).toThrow(
      /11 characters for m; the limit is 10/,
    );
  });

  test("count every message of a conversation, and the tokens that are asked for", () => {
    const messages = [
      { role: "system", content: "123456" },
      { role: "user", content: "78901" },
    ] as const;
    expect(() =>
      requireWorkInModelLimits("m", { characters: 10 }, { ...prompt(""), prompt: messages }),
    ).toThrow(tooLarge);
    expect(() => requireWorkInModelLimits("m", { units: 15 }, prompt("hi"))).toThrow(tooLarge);
  });

  test("are none where the catalogue names none", () => {
    expect(() => requireWorkInModelLimits("m", {}, prompt("x".repeat(100_000)))).not.toThrow();
  });
});
