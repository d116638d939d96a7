import { describe, expect, test } from "vitest";
import { readTime, stepTime } from "../../../../src/renderer/parts/controls/time-text.ts";

describe("a time of day", () => {
  test.each([
    ["6", "06:00"],
    ["06:30", "06:30"],
    ["6.30", "06:30"],
    ["630", "06:30"],
    ["2215", "22:15"],
    [" 18 Uhr ", "18:00"],
    ["0:00", "00:00"],
  ])("typed as %j is %s", (typed, time) => expect(readTime(typed)).toBe(time));

  test.each(["", "24:00", "6:60", "6:5", "six", "06:30 PM", "-1"])("%j is none", (typed) =>
    expect(readTime(typed)).toBeNull(),
  );

  test("goes round the clock", () => {
    expect(stepTime("23:50", 15)).toBe("00:05");
    expect(stepTime("00:05", -15)).toBe("23:50");
  });
});
