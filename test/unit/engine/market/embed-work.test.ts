import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { MAX_TEXT_LENGTH, MAX_TEXTS, readEmbedWork } from "../../../../src/engine/market/embed-work.ts";

describe("embedding work", () => {
  test("is one text or a list of texts", () => {
    expect(readEmbedWork("hello")).toEqual({ kind: "embed", texts: ["hello"] });
    expect(readEmbedWork(["a", "", "ü"])).toEqual({ kind: "embed", texts: ["a", "", "ü"] });
  });

  test.each([
    ["nothing", undefined, "neither"],
    ["an object", { text: "a" }, "neither"],
    ["an empty list", [], "empty"],
    ["a number among texts", ["a", 1], "not a text"],
    ["too many texts", Array.from({ length: MAX_TEXTS + 1 }, () => "a"), "more than"],
    ["a text too long", ["x".repeat(MAX_TEXT_LENGTH + 1)], "longer than"],
    ["too much text together", Array.from({ length: 100 }, () => "x".repeat(MAX_TEXT_LENGTH)), "together"],
  ])("%s is declined with the reason", (_what, input, words) => {
    const work = readEmbedWork(input);
    expect(work.kind).toBe("unsupported");
    expect(work.kind === "unsupported" && work.reason).toContain(words);
  });

  test("anything a stranger sends is either texts or declined", () => {
    fc.assert(
      fc.property(fc.anything(), (input) => {
        const work = readEmbedWork(input);
        if (work.kind === "embed") expect(work.texts.every((text) => typeof text === "string")).toBe(true);
        else expect(work.reason).not.toBe("");
      }),
    );
  });
});
