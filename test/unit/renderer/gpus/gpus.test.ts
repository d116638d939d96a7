import { describe, expect, onTestFinished, test } from "vitest";
import { deviceLook, pauseHelp, pauseSentence } from "../../../../src/renderer/gpus/device-look.ts";
import { withGaps } from "../../../../src/renderer/gpus/use-history.ts";
import { spansOf } from "../../../../src/renderer/settings/presence-schedule.tsx";
import type { PauseView } from "../../../../src/shared/contract/presence.ts";
import { HOUR, SECOND } from "../../../../src/shared/durations.ts";
import { say } from "../../../../src/shared/words/said.ts";
import { setLanguage } from "../../../../src/shared/words/words.ts";
import { gpu } from "../../../e2e/ui/states.ts";
import { aPause } from "../../../support/scripted-devices.ts";

describe("a device's state", () => {
  test.each([
    [{}, "working"],
    [{ paused: aPause() }, "paused"],
    [{ paused: aPause(), enabled: false }, "switched off"],
    [{ paused: aPause(), state: "failed" as const }, "failed"],
    [{ state: "asleep" as const }, "asleep"],
    [
      {
        state: "failed" as const,
        verdict: { usable: false as const, code: "not-visible", why: "CUDA_VISIBLE_DEVICES", help: null },
      },
      "left out on purpose",
    ],
  ])("%j is %s", (change, word) => {
    expect(deviceLook(gpu(change)).word).toBe(word);
  });
});

describe("a pause in words", () => {
  const NOW = Date.UTC(2026, 0, 14, 12);
  const pause = (change: Partial<PauseView>) => aPause({ resumesByItself: true, ...change });

  test.each([
    [
      say("pausedForHolding", { program: "mpv", megabytes: 600 }),
      "Paused for mpv, which holds 600 MB of it.",
    ],
    [say("fullscreenUnnamed"), "Paused for a program that fills the screen."],
    [say("snoozed"), "Paused by you."],
    [{ text: "paused for Elden Ring" }, "Paused for Elden Ring."],
  ])("%j: %s, as the headline says it too", (words, sentence) => {
    expect(pauseSentence(pause(words))).toBe(sentence);
  });

  test("is in the language of the page", () => {
    setLanguage("de");
    onTestFinished(() => setLanguage("en"));
    expect(pauseSentence(pause(say("snoozed")))).toBe("Von Ihnen pausiert.");
  });

  test("says when, or by whom, it ends, and what else speaks against work", () => {
    expect(pauseHelp(pause({ by: "busy" }), NOW)).toBe("Goes on by itself.");
    expect(pauseHelp(pause({ by: "switch", resumesByItself: false }), NOW)).toBe(
      "Switch it on to use it again.",
    );
    expect(pauseHelp(pause({ resumesByItself: false }), NOW)).toBe("Resume it to use it again.");
    expect(pauseHelp(pause({ until: NOW + HOUR }), NOW)).toMatch(/^Goes on at \d\d:\d\d\.$/);
    expect(pauseHelp(pause({ until: NOW + 60 * HOUR }), NOW)).toMatch(
      /^Goes on at [A-Z][a-z]{2},? \d\d:\d\d\.$/,
    );
    expect(pauseHelp(pause({ by: "battery", signals: ["battery", "person"] }), NOW)).toBe(
      "Goes on by itself. Also: You are away.",
    );
  });
});

test("a time without readings is a gap in the line, not a line across it", () => {
  const sample = (second: number) => ({
    at: second * SECOND,
    temperatureC: second,
    powerW: null,
    utilisationPct: null,
    memoryUsedMb: null,
    textsPerSecond: null,
  });
  const shown = withGaps([sample(0), sample(30), sample(200)], 70 * SECOND);
  expect(shown.map(({ at, temperatureC }) => [at / SECOND, temperatureC])).toEqual([
    [0, 0],
    [30, 30],
    [30.001, null],
    [200, 200],
  ]);
});

describe("a day of the week's hours", () => {
  const night = { days: [5], from: "18:00", to: "08:00" };
  test.each([
    ["nothing said is all day", [], 3, [[0, 1440]]],
    ["its own evening", [night], 5, [[1080, 1440]]],
    ["what is left of the night before", [night], 6, [[0, 480]]],
    ["until midnight leaves nothing to the next day", [{ days: [5], from: "18:00", to: "24:00" }], 6, []],
    ["another day is closed", [night], 1, []],
  ])("%s", (_, windows, day, spans) => {
    expect(spansOf(windows, day)).toEqual(spans);
  });
});
