import { afterEach, describe, expect, it } from "vitest";
import { silenceWords } from "../../../../src/renderer/models/model-progress.tsx";
import { SECOND } from "../../../../src/shared/durations.ts";
import { setLanguage } from "../../../../src/shared/words/words.ts";

const NOW = 1_800_000_000_000;
const silentFor = (ms: number, tries = 1) =>
  silenceWords({ waiting: { host: "registry.example", since: NOW - ms, tries } }, NOW);

describe("a download that nobody answers", () => {
  afterEach(() => setLanguage("en"));

  it("says so after ten seconds, with the tries", () => {
    expect(silenceWords({}, NOW)).toBeNull();
    expect(silentFor(9 * SECOND)).toBeNull();
    expect(silentFor(10 * SECOND)).toBe("no answer from registry.example yet");
    expect(silentFor(50 * SECOND, 3)).toBe("no answer from registry.example yet, try 3");
    setLanguage("de");
    expect(silentFor(50 * SECOND, 3)).toBe("noch keine Antwort von registry.example, 3. Versuch");
  });
});
