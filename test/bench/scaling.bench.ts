/**
 * A fleet on paper: what 10,000 workers ask of a market when all is quiet, when they start together, when an epoch ends,
 * and when the market was away for a second, ten seconds or ten minutes. The engine's own waits, a seeded random.
 */
import { MINUTE, SECOND } from "../../src/shared/durations.ts";
import { CALLS, mean, NARROW_WAITS, type Outage, peak, seeded, simulate } from "../support/outage.ts";
import { benchOptions, report, round } from "./measure.ts";

const WORKERS = 10_000;
const HEARTBEAT = 15 * SECOND;
/** Quiet before the outage, and watched after it. */
const QUIET = 3 * MINUTE;
const AFTER = 2 * MINUTE;
const JOBS = { every: 10 * SECOND, held: 8 };

const options = benchOptions(1);

function away(ms: number, extra: Partial<Outage> = {}) {
  const outage: Outage = {
    workers: WORKERS,
    startWithin: MINUTE,
    downAt: QUIET,
    upAt: QUIET + ms,
    end: QUIET + ms + AFTER,
    heartbeat: HEARTBEAT,
    ...extra,
  };
  const { calls, allBackAfter } = simulate(outage, seeded(1));
  const quietPeak = peak(calls, MINUTE, QUIET);
  const after = peak(calls, outage.upAt, outage.end);
  return {
    quietMean: round(mean(calls, MINUTE, QUIET)),
    quietPeak: round(quietPeak),
    peakWhileAway: round(peak(calls, outage.downAt, outage.upAt)),
    peakAfter: round(after),
    timesTheQuietPeak: round(after / quietPeak),
    lastOneBackAfterSeconds: round(allBackAfter / SECOND),
  };
}

/** Calls a second of one worker, by what is asked. */
function oneWorker(extra: Partial<Outage> = {}) {
  const end = 30 * MINUTE;
  const quiet = { workers: 1000, startWithin: MINUTE, downAt: end, upAt: end, end, heartbeat: HEARTBEAT };
  const { by } = simulate({ ...quiet, ...extra }, seeded(4));
  const each = CALLS.map((call) => [call, mean(by[call], MINUTE, end) / quiet.workers] as const);
  return Object.fromEntries(each.map(([call, perSecond]) => [call, Math.round(perSecond * 1000) / 1000]));
}

function epochEnds(extra: Partial<Outage> = {}) {
  const [epoch, end] = [QUIET, QUIET + AFTER];
  const quiet = { workers: WORKERS, startWithin: MINUTE, downAt: end, upAt: end, end, heartbeat: HEARTBEAT };
  const { by, calls } = simulate({ ...quiet, jobs: JOBS, epochs: [epoch], ...extra }, seeded(5));
  return {
    booksQuietPeak: round(peak(by.books, MINUTE, epoch)),
    booksPeakAfter: round(peak(by.books, epoch, end)),
    allQuietPeak: round(peak(calls, MINUTE, epoch)),
    allPeakAfter: round(peak(calls, epoch, end)),
  };
}

function startedTogether() {
  const end = 10 * MINUTE;
  const { calls } = simulate(
    { workers: WORKERS, startWithin: SECOND, downAt: end, upAt: end, end, heartbeat: HEARTBEAT },
    seeded(2),
  );
  const minute = (n: number) => round(peak(calls, n * MINUTE, (n + 1) * MINUTE));
  return { peakInMinute1: minute(0), minute2: minute(1), minute5: minute(4), minute10: minute(9) };
}

const outages = (extra: Partial<Outage> = {}) => ({
  awayFor1s: away(SECOND, extra),
  awayFor10s: away(10 * SECOND, extra),
  awayFor10min: away(10 * MINUTE, extra),
});

report(
  {
    bench: "scaling",
    workers: WORKERS,
    heartbeatSeconds: HEARTBEAT / SECOND,
    oneWorkerIdle: oneWorker(),
    oneWorkerBusy: oneWorker({ jobs: JOBS }),
    idle: outages(),
    aJobEvery10s: outages({ jobs: JOBS }),
    idleNarrow: outages({ waits: NARROW_WAITS }),
    aJobEvery10sNarrow: outages({ jobs: JOBS, waits: NARROW_WAITS }),
    epoch: epochEnds(),
    epochNarrow: epochEnds({ waits: NARROW_WAITS }),
    startedWithinOneSecond: startedTogether(),
  },
  options,
);
