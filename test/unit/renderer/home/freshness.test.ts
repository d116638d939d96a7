import { describe, expect, it } from "vitest";
import { heartbeatFreshness } from "../../../../src/renderer/home/freshness.ts";
import { lastMinute, SECONDS } from "../../../../src/renderer/home/last-minute.ts";
import { SECOND } from "../../../../src/shared/durations.ts";

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

describe("lastMinute", () => {
  it("is sixty seconds with the newest last, however little or much was measured", () => {
    expect(lastMinute([])).toEqual(Array.from({ length: SECONDS }, () => 0));
    expect(lastMinute([4, 2]).slice(-3)).toEqual([0, 4, 2]);
    const long = Array.from({ length: 75 }, (_, index) => index);
    expect(lastMinute(long)).toEqual(long.slice(15));
  });
});
