import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { localDays, localMidnight } from "../../../../src/engine/earnings/local-days.ts";
import { SLOT_MS } from "../../../../src/engine/ledger/migrations/005-scale.ts";
import { HOUR } from "../../../../src/shared/durations.ts";

describe("local days", () => {
  const zone = process.env.TZ;
  beforeEach(() => {
    process.env.TZ = "Europe/Berlin";
  });
  afterEach(() => {
    if (zone === undefined) delete process.env.TZ;
    else process.env.TZ = zone;
  });

  it("are 23 and 25 hours long where clocks change", () => {
    const spring = localDays(Date.parse("2026-03-30T10:00:00+02:00"), 3);
    expect(spring.map(({ date }) => date)).toEqual(["2026-03-28", "2026-03-29", "2026-03-30"]);
    expect(spring.map(({ from, until }) => (until - from) / HOUR)).toEqual([24, 23, 24]);
    const autumn = localDays(Date.parse("2026-10-26T10:00:00+01:00"), 2);
    expect(autumn.map(({ from, until }) => (until - from) / HOUR)).toEqual([25, 24]);
  });

  it("follow each other without a gap over a year, and the last one holds now", () => {
    const now = Date.parse("2026-11-21T23:59:59+01:00");
    const days = localDays(now, 366);
    expect(days).toHaveLength(366);
    expect(new Set(days.map(({ date }) => date)).size).toBe(366);
    for (const [index, { until }] of days.slice(0, -1).entries()) expect(days[index + 1]?.from).toBe(until);
    expect(days.at(-1)?.from).toBe(localMidnight(now));
    expect(days.at(-1)?.until).toBeGreaterThan(now);
  });

  it.each(["Asia/Kolkata", "Asia/Kathmandu", "Pacific/Chatham", "America/St_Johns", "America/Santiago"])(
    "begin on a slot's border in %s",
    (name) => {
      process.env.TZ = name;
      for (const { from } of localDays(Date.parse("2026-11-21T12:00:00Z"), 400))
        expect(from % SLOT_MS).toBe(0);
    },
  );
});
