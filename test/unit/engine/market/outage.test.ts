/** What a fleet does to a market that comes back: simulated with the engine's own waits, the same each time. */
import { describe, expect, it } from "vitest";
import { MINUTE, SECOND } from "../../../../src/shared/durations.ts";
import { mean, type Outage, peak, seeded, simulate } from "../../../support/outage.ts";

const WORKERS = 2_000;

function away(ms: number) {
  const outage: Outage = {
    workers: WORKERS,
    startWithin: MINUTE,
    downAt: 2 * MINUTE,
    upAt: 2 * MINUTE + ms,
    end: 4 * MINUTE + ms,
    heartbeat: 15 * SECOND,
  };
  const load = simulate(outage, seeded(7));
  return { outage, load, quiet: mean(load, MINUTE, outage.downAt) };
}

describe("a market that was away", () => {
  it.each([SECOND, 10 * SECOND, 10 * MINUTE])("for %i ms is not overrun when it is back", (ms) => {
    const { outage, load, quiet } = away(ms);
    // At no moment more than a call a second from each worker, and after a long outage hardly more than always.
    expect(peak(load, outage.downAt, outage.end)).toBeLessThan(1.3 * WORKERS);
    if (ms >= MINUTE) expect(peak(load, outage.upAt, outage.end)).toBeLessThan(2.5 * quiet);
    expect(load.allBackAfter).toBeLessThan(20 * SECOND);
  });

  it("would be with the narrow waits of before", () => {
    const { outage } = away(SECOND);
    const narrow = simulate({ ...outage, retry: { base: 500, cap: 10 * SECOND, jitter: 0.2 } }, seeded(7));
    expect(peak(narrow, outage.downAt, outage.end)).toBeGreaterThan(4 * WORKERS);
  });
});

describe("workers that start within one second", () => {
  it("ask less and less together", () => {
    const end = 10 * MINUTE;
    const load = simulate(
      { workers: WORKERS, startWithin: SECOND, downAt: end, upAt: end, end, heartbeat: 15 * SECOND },
      seeded(3),
    );
    const quiet = mean(load, 5 * MINUTE, end);
    expect(peak(load, 0, MINUTE)).toBeGreaterThan(5 * quiet);
    expect(peak(load, 5 * MINUTE, end)).toBeLessThan(2.5 * quiet);
  });
});
