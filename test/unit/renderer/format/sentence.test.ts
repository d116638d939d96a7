import { describe, expect, it } from "vitest";
import { asSentence } from "../../../../src/shared/words/sentence.ts";

describe("asSentence", () => {
  it("ends what does not end, so that the next sentence stands apart", () => {
    expect(asSentence("Another engine uses /var/lib/bellows")).toBe("Another engine uses /var/lib/bellows.");
    expect(asSentence("No device can run jobs ")).toBe("No device can run jobs.");
  });

  it("leaves what ends already", () => {
    for (const text of ["Done.", "Why?", "Wait…", "It said “no.”", ""]) expect(asSentence(text)).toBe(text);
  });
});
