/**
 * A market that goes away and comes back, or ends an epoch, and thousands of workers that all notice: how many calls
 * reach its door each tenth of a second. The waits are those of the engine's own code; only the calls themselves are
 * not made, and take no time.
 */
import { EVENTS_RETRY, missedWait } from "../../src/engine/market/aicf/events.ts";
import { heartbeatWait, longPollWait, moneyWait, RETRY } from "../../src/engine/market/pace.ts";
import { CALM_LOOK } from "../../src/engine/market/standing-watch.ts";
import { RETRY as SUBMIT_RETRY } from "../../src/engine/work/submitter.ts";
import { SECOND } from "../../src/shared/durations.ts";
import { backoffMs, type Pace } from "../../src/shared/wait.ts";

export const TICK = SECOND / 10;
/** What is asked, in the order of the tables. */
export const CALLS = ["poll", "heartbeat", "standing", "leases", "socket", "submit", "books"] as const;
export type Call = (typeof CALLS)[number];

/** Results that go out at the same time, and how long each takes. */
const LANES = 4;
const SUBMIT_TAKES = SECOND / 20;
/** Looks at the books while jobs are unpaid: sooner after one that brought money. */
const BOOKS = { fast: 2 * SECOND, slow: 30 * SECOND, factor: 1.5 };

/** How the engine waits; another one to compare with. */
export interface Waits {
  readonly retry: Pace;
  readonly events: Pace;
  readonly submit: Pace;
  /** From a connection of the event stream to the questions for what was missed, ms. */
  readonly missed: (random: () => number) => number;
  /** From a push that money moved to the look at the books, ms. */
  readonly money: (random: () => number) => number;
}

export const ENGINE_WAITS: Waits = {
  retry: RETRY,
  events: EVENTS_RETRY,
  submit: SUBMIT_RETRY,
  missed: missedWait,
  money: moneyWait,
};
/** What the engine did before: everybody within a fifth of the same moment, and at once when the market speaks. */
export const NARROW_WAITS: Waits = {
  retry: { base: 500, cap: 10 * SECOND, jitter: 0.2 },
  events: { base: 500, cap: 30 * SECOND, jitter: 0.2 },
  submit: { base: 300, cap: 30 * SECOND, jitter: 0.2 },
  missed: () => 0,
  money: () => 0,
};

export interface Outage {
  readonly workers: number;
  /** All workers start within this time, ms. */
  readonly startWithin: number;
  /** From its beginning: when the market goes and when it is back, ms. */
  readonly downAt: number;
  readonly upAt: number;
  readonly end: number;
  /** What the market asks for, ms. */
  readonly heartbeat: number;
  /** Each worker finishes a job this often, ms, and holds at most `held`; absent: there is no work. */
  readonly jobs?: { readonly every: number; readonly held: number };
  /** When the market's epochs end, ms. */
  readonly epochs?: readonly number[];
  readonly waits?: Waits;
}

export interface Load {
  /** Calls a second, by tick of a tenth, all together. */
  readonly calls: Float64Array;
  /** By what is asked. */
  readonly by: Readonly<Record<Call, Float64Array>>;
  /** When the last worker had its first answer after the outage, ms after its end. */
  readonly allBackAfter: number;
}

export function simulate(outage: Outage, random: () => number): Load {
  const { workers, startWithin, upAt, end } = outage;
  const ticks = () => new Float64Array(Math.ceil(end / TICK));
  const calls = ticks();
  const by = Object.fromEntries(CALLS.map((call) => [call, ticks()])) as Record<Call, Float64Array>;
  const note = (call: Call, at: number) => {
    const tick = Math.floor(at / TICK);
    if (at < 0 || tick >= calls.length) return;
    for (const each of [calls, by[call]]) each[tick] = (each[tick] ?? 0) + SECOND / TICK;
  };
  let allBack = upAt;
  for (let worker = 0; worker < workers; worker++) {
    const start = random() * startWithin;
    allBack = Math.max(allBack, ...oneWorker(outage, start, note, random));
  }
  return { calls, by, allBackAfter: allBack - upAt };
}

/** Returns when its poll and its heartbeat were first answered after the outage. */
function oneWorker(
  outage: Outage,
  start: number,
  note: (call: Call, at: number) => void,
  random: () => number,
): [polled: number, beaten: number] {
  const { downAt, upAt, end, heartbeat, jobs, epochs = [], waits = ENGINE_WAITS } = outage;
  const isDown = (at: number) => at >= downAt && at < upAt;
  const polled = poll();
  const beaten = beat();
  // Its first answer rings: what waits to be sent goes out.
  const reached = Math.min(polled, beaten);
  const opened = listen();
  if (jobs !== undefined) {
    submit(jobs);
    readBooks([...epochs, ...opened.map((at) => at + waits.missed(random))]);
  }
  for (const at of opened) note("standing", at + waits.missed(random));
  return [polled, beaten];

  /** The loop that asks for work. */
  function poll(): number {
    let answered = Number.POSITIVE_INFINITY;
    let attempt = 0;
    for (let at = start; at < end; ) {
      note("poll", at);
      // Down: refused at once. Held open when the market goes: broken at that moment.
      const held = longPollWait(random);
      const broken = isDown(at) ? at : at < downAt && at + held > downAt ? downAt : null;
      if (broken === null) {
        if (at >= upAt) answered = Math.min(answered, at);
        attempt = 0;
        at += held;
      } else {
        at = broken + backoffMs(++attempt, waits.retry, random);
      }
    }
    return answered;
  }

  /** An answered heartbeat asks for the standing once in a while, the first one after a trouble for the leases held. */
  function beat(): number {
    let answered = Number.POSITIVE_INFINITY;
    let failures = 0;
    let judgedAt = Number.NEGATIVE_INFINITY;
    for (let at = start; at < end; at += heartbeatWait(heartbeat, failures, random, waits.retry)) {
      note("heartbeat", at);
      if (isDown(at)) {
        failures += 1;
        continue;
      }
      if (at - judgedAt >= CALM_LOOK) {
        note("standing", at);
        judgedAt = at;
      }
      if (at >= upAt && answered === Number.POSITIVE_INFINITY) {
        answered = at;
        note("leases", at);
      }
      failures = 0;
    }
    return answered;
  }

  /** The event stream. Returns when it was opened again. */
  function listen(): number[] {
    note("socket", start);
    if (downAt >= end) return [];
    let attempt = 0;
    for (let at = downAt + backoffMs(++attempt, waits.events, random); at < end; ) {
      note("socket", at);
      if (!isDown(at)) return [at];
      at += backoffMs(++attempt, waits.events, random);
    }
    return [];
  }

  /** Results, each tried by itself until the worker has had an answer to anything. */
  function submit({ every, held }: { every: number; held: number }): void {
    let waiting = 0;
    const first = start + random() * every;
    for (let made = first; made < end; made += every) {
      if (!isDown(made)) note("submit", made);
      else if (waiting < held) trySend(made, waiting++);
    }
  }

  function trySend(made: number, place: number): void {
    const rung = reached + Math.floor(place / LANES) * SUBMIT_TAKES;
    for (let at = made, attempt = 0; ; at += backoffMs(++attempt, waits.submit, random)) {
      const sent = Math.min(at, rung);
      note("submit", sent);
      if (!isDown(sent) || sent >= end) return;
    }
  }

  /** Jobs are unpaid all the time; what an epoch's end paid makes the next looks come sooner. */
  function readBooks(news: readonly number[]): void {
    const pushes = news.toSorted((a, b) => a - b).map((at) => ({ at, read: at + waits.money(random) }));
    let interval = BOOKS.slow;
    let paidUntil = 0;
    for (let at = start + random() * BOOKS.slow; at < end; ) {
      note("books", at);
      const paid = epochs.some((epoch) => epoch > paidUntil && epoch <= at) && !isDown(at);
      if (paid) paidUntil = at;
      if (isDown(at)) interval = Math.min(BOOKS.slow, interval * 2);
      else interval = paid ? BOOKS.fast : Math.min(BOOKS.slow, interval * BOOKS.factor);
      const next = at + interval;
      const pushed = pushes.find(({ read }) => read > at && read < next);
      at = pushed?.read ?? next;
    }
  }
}

/** The same numbers for the same seed (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** The highest of the ticks from `from` to `to`, ms, smoothed over nothing. */
export function peak(calls: Float64Array, from: number, to: number): number {
  return Math.max(...calls.subarray(Math.floor(from / TICK), Math.ceil(to / TICK)));
}

export function mean(calls: Float64Array, from: number, to: number): number {
  const part = calls.subarray(Math.floor(from / TICK), Math.ceil(to / TICK));
  return part.reduce((sum, n) => sum + n, 0) / part.length;
}
