/**
 * A fleet on paper: what 10,000 workers ask of a market when all is quiet, when they start together, and when the
 * market was away for a second, ten seconds or ten minutes. The engine's own waits, a seeded random.
 */
import { MINUTE, SECOND } from "../../src/shared/durations.ts";
import { mean, type Outage, peak, seeded, simulate } from "../support/outage.ts";
import { benchOptions, report, round } from "./measure.ts";

const WORKERS = 10_000;
const HEARTBEAT = 15 * SECOND;
/** Quiet before the outage, and watched after it. */
const QUIET = 3 * MINUTE;
const AFTER = 2 * MINUTE;
/** What the engine did before: everybody within a fifth of the same moment. */
const NARROW = { base: 500, cap: 10 * SECOND, jitter: 0.2 };

const options = benchOptions(1);

function away(ms: number, retry?: Outage["retry"]) {
  const outage: Outage = {
    workers: WORKERS,
    startWithin: MINUTE,
    downAt: QUIET,
    upAt: QUIET + ms,
    end: QUIET + ms + AFTER,
    heartbeat: HEARTBEAT,
    ...(retry === undefined ? {} : { retry }),
  };
  const load = simulate(outage, seeded(1));
  const quiet = mean(load, MINUTE, QUIET);
  return {
    quietPerSecond: round(quiet),
    highestWhileAway: round(peak(load, outage.downAt, outage.upAt)),
    highestAfter: round(peak(load, outage.upAt, outage.end)),
    timesQuiet: round(peak(load, outage.upAt, outage.end) / quiet),
    lastOneBackAfterSeconds: round(load.allBackAfter / SECOND),
  };
}

function startedTogether() {
  const load = simulate(
    { workers: WORKERS, startWithin: SECOND, downAt: 1e9, upAt: 1e9, end: 10 * MINUTE, heartbeat: HEARTBEAT },
    seeded(2),
  );
  const minute = (n: number) => round(peak(load, n * MINUTE, (n + 1) * MINUTE));
  return { highestInMinute1: minute(0), minute2: minute(1), minute5: minute(4), minute10: minute(9) };
}

report(
  {
    bench: "scaling",
    workers: WORKERS,
    heartbeatSeconds: HEARTBEAT / SECOND,
    awayFor1s: away(SECOND),
    awayFor10s: away(10 * SECOND),
    awayFor10min: away(10 * MINUTE),
    withNarrowJitter: {
      awayFor1s: away(SECOND, NARROW),
      awayFor10s: away(10 * SECOND, NARROW),
      awayFor10min: away(10 * MINUTE, NARROW),
    },
    startedWithinOneSecond: startedTogether(),
  },
  options,
);
