/**
 * A market that goes away and comes back, and thousands of workers that all notice: how many calls reach its door each
 * tenth of a second. The waits are those of the engine's own code; only the calls themselves are not made.
 */
import { heartbeatWait, longPollWait, RETRY } from "../../src/engine/market/session.ts";
import { SECOND } from "../../src/shared/durations.ts";
import { backoffMs } from "../../src/shared/wait.ts";

export const TICK = SECOND / 10;

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
  readonly retry?: { readonly base: number; readonly cap: number; readonly jitter?: number };
}

export interface Load {
  /** Calls a second, by tick of a tenth: polls and heartbeats together. */
  readonly calls: Float64Array;
  /** When the last worker had its first answer after the outage, ms after its end. */
  readonly allBackAfter: number;
}

export function simulate(outage: Outage, random: () => number): Load {
  const { workers, startWithin, downAt, upAt, end, heartbeat, retry = RETRY } = outage;
  const calls = new Float64Array(Math.ceil(end / TICK));
  const isDown = (at: number) => at >= downAt && at < upAt;
  const note = (at: number) => {
    const tick = Math.floor(at / TICK);
    calls[tick] = (calls[tick] ?? 0) + SECOND / TICK;
  };
  let allBack = upAt;
  for (let worker = 0; worker < workers; worker++) {
    const start = random() * startWithin;
    allBack = Math.max(allBack, poll(start), beat(start));
  }
  return { calls, allBackAfter: allBack - upAt };

  /** The loop that asks for work, none of which there is. Returns when it was first answered after the outage. */
  function poll(start: number): number {
    let answered = Number.POSITIVE_INFINITY;
    let attempt = 0;
    for (let at = start; at < end; ) {
      note(at);
      // Down: refused at once. Held open when the market goes: broken at that moment.
      const held = longPollWait(random);
      const broken = isDown(at) ? at : at < downAt && at + held > downAt ? downAt : null;
      if (broken === null) {
        if (at >= upAt) answered = Math.min(answered, at);
        attempt = 0;
        at += held;
      } else {
        at = broken + backoffMs(++attempt, retry, random);
      }
    }
    return answered;
  }

  function beat(start: number): number {
    let answered = Number.POSITIVE_INFINITY;
    let attempt = 0;
    let interval = heartbeat;
    for (let at = start; at < end; at += heartbeatWait(interval, random)) {
      note(at);
      if (isDown(at)) {
        interval = Math.min(heartbeat, backoffMs(++attempt, retry, random));
      } else {
        if (at >= upAt) answered = Math.min(answered, at);
        attempt = 0;
        interval = heartbeat;
      }
    }
    return answered;
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
export function peak({ calls }: Load, from: number, to: number): number {
  return Math.max(...calls.subarray(Math.floor(from / TICK), Math.ceil(to / TICK)));
}

export function mean({ calls }: Load, from: number, to: number): number {
  const part = calls.subarray(Math.floor(from / TICK), Math.ceil(to / TICK));
  return part.reduce((sum, n) => sum + n, 0) / part.length;
}
