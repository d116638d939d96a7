import { describe, expect, test } from "vitest";
import { isOpen, nextOpening, wallMinute } from "../../../../src/engine/presence/schedule.ts";
import type { PresenceWindow } from "../../../../src/shared/contract/presence.ts";
import { HOUR, MINUTE } from "../../../../src/shared/durations.ts";

const BERLIN = "Europe/Berlin";
const LORD_HOWE = "Australia/Lord_Howe";
const EVERY_DAY = [0, 1, 2, 3, 4, 5, 6];
const at = (iso: string) => Date.parse(iso);
const night: PresenceWindow = { days: EVERY_DAY, from: "22:00", to: "07:00" };

describe("the hours for work", () => {
  test.each<[string, PresenceWindow[], string, boolean]>([
    ["no window: always", [], "2026-01-14T12:00:00Z", true],
    ["within", [{ days: [3], from: "09:00", to: "17:00" }], "2026-01-14T11:00:00+01:00", true],
    ["the first minute", [{ days: [3], from: "09:00", to: "17:00" }], "2026-01-14T09:00:00+01:00", true],
    ["not the last one", [{ days: [3], from: "09:00", to: "17:00" }], "2026-01-14T17:00:00+01:00", false],
    ["another day", [{ days: [4], from: "09:00", to: "17:00" }], "2026-01-14T11:00:00+01:00", false],
    ["before midnight", [night], "2026-01-14T23:30:00+01:00", true],
    ["past midnight", [night], "2026-01-15T06:59:00+01:00", true],
    [
      "past midnight, of a day that has no window",
      [{ ...night, days: [3] }],
      "2026-01-15T02:00:00+01:00",
      true,
    ],
    [
      "the night before that day is another window's",
      [{ ...night, days: [3] }],
      "2026-01-14T02:00:00+01:00",
      false,
    ],
    ["from Saturday into Sunday", [{ ...night, days: [6] }], "2026-01-18T02:00:00+01:00", true],
    ["a whole day", [{ days: [3], from: "00:00", to: "24:00" }], "2026-01-14T23:59:00+01:00", true],
    [
      "a whole day has its midnight",
      [{ days: [3], from: "00:00", to: "24:00" }],
      "2026-01-15T00:00:00+01:00",
      false,
    ],
  ])("%s", (_, windows, time, open) => {
    expect(isOpen(windows, at(time), BERLIN)).toBe(open);
  });

  test("midnight is minute 0 of its day", () => {
    expect(wallMinute(at("2026-01-18T00:00:00+01:00"), BERLIN)).toBe(0);
  });
});

describe("when it opens next", () => {
  test.each<[string, PresenceWindow[], string, string | null]>([
    ["today", [night], "2026-01-14T12:00:30+01:00", "2026-01-14T22:00:00+01:00"],
    [
      "next week",
      [{ days: [2], from: "09:00", to: "10:00" }],
      "2026-01-14T12:00:00+01:00",
      "2026-01-20T09:00:00+01:00",
    ],
    [
      "the earliest of several",
      [night, { days: [3], from: "18:00", to: "19:00" }],
      "2026-01-14T12:00:00+01:00",
      "2026-01-14T18:00:00+01:00",
    ],
    ["open already", [night], "2026-01-14T23:00:00+01:00", null],
    // The clock goes from 02:00 to 03:00 on 29 March 2026, and from 03:00 to 02:00 on 25 October 2026.
    [
      "22:00 stays 22:00 over the begin of summer time",
      [{ ...night, from: "22:00", to: "23:00" }],
      "2026-03-28T23:30:00+01:00",
      "2026-03-29T22:00:00+02:00",
    ],
    [
      "and over its end",
      [{ ...night, from: "22:00", to: "23:00" }],
      "2026-10-24T23:30:00+02:00",
      "2026-10-25T22:00:00+01:00",
    ],
    [
      "an hour the clock skips opens a week later",
      [{ days: [0], from: "02:15", to: "02:45" }],
      "2026-03-28T12:00:00+01:00",
      "2026-04-05T02:15:00+02:00",
    ],
    [
      "an hour it skips half of opens where it begins to be",
      [{ days: [0], from: "02:30", to: "04:00" }],
      "2026-03-28T12:00:00+01:00",
      "2026-03-29T03:00:00+02:00",
    ],
    [
      "an hour it repeats opens with the first",
      [{ days: [0], from: "02:00", to: "03:00" }],
      "2026-10-25T00:30:00+02:00",
      "2026-10-25T02:00:00+02:00",
    ],
  ])("%s", (_, windows, now, opens) => {
    const found = nextOpening(windows, at(now), BERLIN);
    expect(found === null ? null : new Date(found).toISOString()).toBe(
      opens === null ? null : new Date(at(opens)).toISOString(),
    );
  });

  test("a repeated hour is open twice", () => {
    const windows: PresenceWindow[] = [{ days: [0], from: "02:00", to: "03:00" }];
    expect(isOpen(windows, at("2026-10-25T02:30:00+02:00"), BERLIN)).toBe(true);
    expect(isOpen(windows, at("2026-10-25T02:30:00+01:00"), BERLIN)).toBe(true);
  });

  test("every opening of a year is one: closed the minute before, open at it", () => {
    const windows: PresenceWindow[] = [
      { days: [1, 2, 3, 4, 5], from: "18:30", to: "07:15" },
      { days: [0, 6], from: "01:45", to: "03:30" },
    ];
    for (const zone of [BERLIN, LORD_HOWE, "America/St_Johns", "UTC"]) {
      let now = at("2026-01-01T00:00:00Z");
      for (let openings = 0; openings < 120; openings++) {
        const opens = nextOpening(windows, now, zone);
        if (opens === null) {
          now += 17 * MINUTE;
          continue;
        }
        expect(opens).toBeGreaterThan(now);
        expect([isOpen(windows, opens - MINUTE, zone), isOpen(windows, opens, zone)]).toEqual([false, true]);
        now = opens + 20 * HOUR;
      }
    }
  });
});
