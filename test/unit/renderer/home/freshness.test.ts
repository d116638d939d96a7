import { describe, expect, it } from "vitest";
import { areBooksLate, heartbeatFreshness } from "../../../../src/renderer/home/freshness.ts";
import { lastMinute, SECONDS } from "../../../../src/renderer/home/last-minute.ts";
import { DAY, HOUR, MINUTE, SECOND } from "../../../../src/shared/durations.ts";
import { earningPeriods } from "../../../support/earning-sums.ts";

const NOW = 1_800_000_000_000;
const afterSeconds = (seconds: number, heartbeatIntervalMs: number | null = 10 * SECOND) =>
  heartbeatFreshness({ lastHeartbeatAckAt: NOW - seconds * SECOND, heartbeatIntervalMs }, NOW);

describe("heartbeatFreshness", () => {
  it("is unknown before the first acknowledgement, which is neither good nor bad", () => {
    expect(heartbeatFreshness({ lastHeartbeatAckAt: null, heartbeatIntervalMs: 10_000 }, NOW)).toBe(
      "unknown",
    );
  });

  it("turns amber after two intervals and red after three", () => {
    expect([afterSeconds(0), afterSeconds(20), afterSeconds(21), afterSeconds(30), afterSeconds(31)]).toEqual(
      ["fresh", "fresh", "late", "late", "silent"],
    );
  });

  it("assumes the usual interval where the market names none", () => {
    expect([afterSeconds(60, null), afterSeconds(61, null), afterSeconds(91, null)]).toEqual([
      "fresh",
      "late",
      "silent",
    ]);
  });
});

describe("a market's books", () => {
  const coins = (minor: string) => ({ currency: "AIT" as const, minor });
  const owed = (minor: string) => earningPeriods(coins("5"), coins("5"), coins(minor));
  const read = (ago: number, minor = "800") => ({ reconciledAt: NOW - ago, periods: owed(minor) });
  const market = (acceptedAgo: number, unread = false) => ({
    lastAcceptedAt: NOW - acceptedAgo,
    limits: unread ? [{ of: "money" as const, failing: true, text: "They can't be read." }] : [],
  });

  it("are late when something is owed and they were not read for long", () => {
    expect(areBooksLate(read(2 * DAY), market(HOUR), NOW)).toBe(true);
    expect(areBooksLate(read(MINUTE), market(HOUR), NOW)).toBe(false);
  });

  it("are not while nothing is owed: then nobody reads them", () => {
    expect(areBooksLate(read(2 * DAY, "0"), market(3 * DAY), NOW)).toBe(false);
    const unpriced = { ...owed("0"), total: { ...owed("0").total, unpriced: 3 } };
    expect(areBooksLate({ reconciledAt: NOW - DAY, periods: unpriced }, market(HOUR), NOW)).toBe(true);
  });

  it("are not as soon as a first job is owed, but all the same where it is known that they can't be read", () => {
    expect(areBooksLate(read(2 * DAY), market(SECOND), NOW)).toBe(false);
    expect(areBooksLate(read(2 * DAY), market(SECOND, true), NOW)).toBe(true);
    expect(areBooksLate(read(MINUTE), market(SECOND, true), NOW)).toBe(false);
  });

  it("are nobody's at a market that is not configured any more", () => {
    expect(areBooksLate(read(2 * DAY), undefined, NOW)).toBe(false);
  });
});

describe("lastMinute", () => {
  it("is sixty seconds with the newest last, however little or much was measured", () => {
    expect(lastMinute([])).toEqual(Array.from({ length: SECONDS }, () => 0));
    expect(lastMinute([4, 2]).slice(-3)).toEqual([0, 4, 2]);
    const long = Array.from({ length: 75 }, (_, index) => index);
    expect(lastMinute(long)).toEqual(long.slice(15));
  });
});
