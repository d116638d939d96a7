import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseHours, parseWindow, WindowTextError, windowText } from "../../../src/shared/week-windows.ts";

describe("windows of the week", () => {
  it.each([
    ["Mon-Fri 18:00-23:00", { days: [1, 2, 3, 4, 5], from: "18:00", to: "23:00" }, "Mon-Fri 18:00-23:00"],
    ["sat,sun 0:00-24:00", { days: [0, 6], from: "00:00", to: "24:00" }, "Sat,Sun 00:00-24:00"],
    ["Fri-Mon 22:00-06:00", { days: [0, 1, 5, 6], from: "22:00", to: "06:00" }, "Mon,Fri-Sun 22:00-06:00"],
    ["monday 1:05-2:00", { days: [1], from: "01:05", to: "02:00" }, "Mon 01:05-02:00"],
  ])("read %s", (text, window, written) => {
    expect(parseWindow(text)).toEqual(window);
    expect(windowText(window)).toBe(written);
  });

  it("are written as they are read", () => {
    const clock = fc.integer({ min: 0, max: 24 * 60 - 1 });
    const days = fc.uniqueArray(fc.integer({ min: 0, max: 6 }), { minLength: 1 });
    fc.assert(
      fc.property(days, clock, clock, (set, from, to) => {
        fc.pre(from !== to);
        const text = (minutes: number) =>
          `${String(Math.floor(minutes / 60)).padStart(2, "0")}:${String(minutes % 60).padStart(2, "0")}`;
        const window = { days: [...set].sort((a, b) => a - b), from: text(from), to: text(to) };
        expect(parseWindow(windowText(window))).toEqual(window);
      }),
    );
  });

  it.each([
    "",
    "Mon",
    "Mo 18:00-23:00",
    "Mon 24:00-25:00",
    "Mon 18:00-18:00",
    "Mon-Tue-Wed 1:00-2:00",
    "Mon 1:60-2:00",
  ])("refuse %j", (text) => {
    expect(() => parseWindow(text)).toThrow(WindowTextError);
  });

  it("end at midnight as 24:00", () => {
    expect(parseHours("18:00-24:00")).toEqual({ from: "18:00", to: "24:00" });
  });
});
