/** A start that takes long is told of to who listens, and not counted up at them. */
import { describe, expect, it } from "vitest";
import { startWords } from "../../../../src/renderer/shell/start-words.ts";
import { say } from "../../../../src/shared/words/said.ts";

describe("what a long start says", () => {
  const checking = (percent: number) => say("startCheckingModel", { model: "clip", percent });

  it("shows how far a step is, and reads out the step alone", () => {
    const at = (percent: number) => startWords("desktop", checking(percent), 0);
    expect(at(40).shown).toContain("clip: 40 %");
    expect(at(40).announced).toBe("Checking the model clip. This can take some minutes.");
    expect(at(41).announced).toBe(at(40).announced);
  });

  it("reads out a wait once, however long it gets", () => {
    const waited = (seconds: number) => startWords("desktop", undefined, seconds * 1000);
    expect(waited(7).shown).not.toBe(waited(8).shown);
    expect(waited(8).announced).toBe(waited(7).announced);
    expect(waited(1).shown).toBe(waited(1).announced);
  });

  it("reads out what has no count as it is shown", () => {
    const words = startWords("web", say("startReadingLedger", { size: 2.4 }), 0);
    expect(words.announced).toBe(words.shown);
  });
});
