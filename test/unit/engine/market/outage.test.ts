/** What a fleet does to a market that comes back or ends an epoch: simulated with the engine's own waits, the same each time. */
import { describe, expect, it } from "vitest";
import { MINUTE, SECOND } from "../../../../src/shared/durations.ts";
import { mean, NARROW_WAITS, type Outage, peak, seeded, simulate } from "../../../support/outage.ts";

const WORKERS = 2_000;
/** One result every ten seconds each. */
const JOBS = { every: 10 * SECOND, held: 8 };

function away(ms: number, extra: Partial<Outage> = {}) {
  const outage: Outage = {
    workers: WORKERS,
    startWithin: MINUTE,
    downAt: 2 * MINUTE,
    upAt: 2 * MINUTE + ms,
    end: 4 * MINUTE + ms,
    heartbeat: 15 * SECOND,
    ...extra,
  };
  const { calls, by, allBackAfter } = simulate(outage, seeded(7));
  const quiet = { mean: mean(calls, MINUTE, outage.downAt), peak: peak(calls, MINUTE, outage.downAt) };
  return { outage, calls, by, allBackAfter, quiet };
}

describe("a market that was away", () => {
  it.each([SECOND, 10 * SECOND, 10 * MINUTE])("for %i ms is not overrun when it is back", (ms) => {
    const { outage, calls, by, allBackAfter, quiet } = away(ms);
    // At no moment more than two calls a second from each worker, and after a long outage not many more than always.
    expect(peak(calls, outage.downAt, outage.end)).toBeLessThan(2 * WORKERS);
    if (ms >= MINUTE) expect(peak(calls, outage.upAt, outage.end)).toBeLessThan(3 * quiet.peak);
    expect(allBackAfter).toBeLessThan(20 * SECOND);
    for (const one of [by.poll, by.heartbeat, by.socket, by.standing])
      expect(peak(one, outage.downAt, outage.end)).toBeLessThan(1.3 * WORKERS);
  });

  it.each([SECOND, 10 * MINUTE])("for %i ms gets what waits to be sent as its workers find it back", (ms) => {
    const { outage, by } = away(ms, { jobs: JOBS });
    expect(peak(by.submit, outage.downAt, outage.upAt)).toBeLessThan(1.3 * WORKERS);
    expect(peak(by.submit, outage.upAt, outage.end)).toBeLessThan(2.5 * WORKERS);
  });

  it("would be with the narrow waits of before", () => {
    const { outage, calls, by } = away(SECOND, { waits: NARROW_WAITS, jobs: JOBS });
    expect(peak(calls, outage.downAt, outage.end)).toBeGreaterThan(8 * WORKERS);
    expect(peak(by.socket, outage.downAt, outage.end)).toBeGreaterThan(4 * WORKERS);
  });
});

describe("an epoch's end", () => {
  const epoch = (extra: Partial<Outage> = {}) => {
    const end = 4 * MINUTE;
    const quietly = { downAt: end, upAt: end, end, jobs: JOBS, epochs: [2 * MINUTE] };
    const { by } = away(0, { ...quietly, ...extra });
    return { before: peak(by.books, MINUTE, 2 * MINUTE), after: peak(by.books, 2 * MINUTE, end) };
  };

  it("is read by all workers, none of them at the same moment", () => {
    const { before, after } = epoch();
    expect(after).toBeLessThan(0.6 * WORKERS);
    expect(after).toBeLessThan(6 * before);
  });

  it("was read by all of them at once before", () => {
    expect(epoch({ waits: NARROW_WAITS }).after).toBeGreaterThan(9 * WORKERS);
  });
});

describe("workers that start within one second", () => {
  it("ask less and less together", () => {
    const end = 10 * MINUTE;
    const { calls } = simulate(
      { workers: WORKERS, startWithin: SECOND, downAt: end, upAt: end, end, heartbeat: 15 * SECOND },
      seeded(3),
    );
    const quiet = mean(calls, 5 * MINUTE, end);
    expect(peak(calls, 0, MINUTE)).toBeGreaterThan(5 * quiet);
    expect(peak(calls, 5 * MINUTE, end)).toBeLessThan(3 * quiet);
  });
});
