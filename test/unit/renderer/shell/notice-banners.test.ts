import { describe, expect, it } from "vitest";
import { shownAtOnce } from "../../../../src/renderer/shell/notice-banners.tsx";
import type { Notice, NoticeSeverity } from "../../../../src/shared/notifications/notice.ts";

const notices = (...severities: NoticeSeverity[]): Notice[] =>
  severities.map((severity, place) => ({
    key: `${severity} ${place}`,
    type: "no-gpu",
    severity,
    title: "",
    text: "",
    screen: "home",
    lasting: true,
    quietFor: 0,
  }));
const shown = (...severities: NoticeSeverity[]) =>
  shownAtOnce(notices(...severities)).map(({ severity }) => severity);

describe("the banners that stand above a screen", () => {
  it("are the two worst, where something is wrong", () => {
    expect(shown("bad", "warn", "warn", "info")).toEqual(["bad", "warn"]);
    expect(shown("warn", "info", "good")).toEqual(["warn"]);
  });

  it("are one alone, where nothing is: good news don't push the screen out of sight", () => {
    expect(shown("info", "good", "good")).toEqual(["info"]);
    expect(shown("good")).toEqual(["good"]);
    expect(shown()).toEqual([]);
  });
});
