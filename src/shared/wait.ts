/** Every wait takes an AbortSignal, so that stopping never has to outlive a timer. */
import { SECOND } from "./durations.ts";
import type { AppError } from "./errors.ts";

const BEAT = 5 * SECOND;

/** Resolves after `ms`, or rejects at once with the signal's reason when it aborts. */
export function delay(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    const onAbort = () => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", onAbort);
      resolve();
    }, ms);
    signal?.addEventListener("abort", onAbort, { once: true });
  });
}

/** A wait that an abort ends early, quietly: for a loop that looks at its signal next. */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await delay(ms, signal).catch(() => undefined);
}

/**
 * `ms`, a little longer or shorter, so that it ends on a beat of five seconds: looks that wait for nothing in particular
 * wake an idle process together, once, and not each by itself. For waits of some seconds and more.
 */
export function toBeat(ms: number, now: number = performance.now()): number {
  return Math.max(1, Math.round((now + ms) / BEAT) * BEAT - now);
}

/** Looks about every `ms`, on the beat; keeps no process alive. Returns how to stop. */
export function everyBeat(ms: number, look: () => void): () => void {
  let timer: NodeJS.Timeout;
  const wait = () => {
    timer = setTimeout(() => {
      wait();
      look();
    }, toBeat(ms));
    timer.unref();
  };
  wait();
  return () => clearTimeout(timer);
}

/** Resolves with `promise`, or rejects with `error` after `ms`. The promise itself is not cancelled. */
export async function withTimeout<T>(promise: Promise<T>, ms: number, error: () => AppError): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const expiry = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(error()), ms);
  });
  try {
    return await Promise.race([promise, expiry]);
  } finally {
    clearTimeout(timer);
  }
}

/** Does `work` with a signal that aborts when `signal` does, or with a TimeoutError after `ms`. */
export async function withinTime<T>(
  ms: number,
  signal: AbortSignal,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(new DOMException("It took too long", "TimeoutError")), ms);
  try {
    return await work(AbortSignal.any([signal, late.signal]));
  } finally {
    clearTimeout(timer);
  }
}

/** Have `ms` gone by since then (both unix ms)? A beginning that is still to come was noted before the clock was set back. */
export function hasPassed(ms: number, since: number, now: number): boolean {
  return now < since || now - since >= ms;
}

export interface Pace {
  /** Waits, ms: after the first failure, and the longest. */
  readonly base: number;
  readonly cap: number;
  /** From one failure to the next; default 2. */
  readonly factor?: number;
  /** So much of the wait is left to chance, both ways; default 0.2. */
  readonly jitter?: number;
  /** ms. However the dice fall it is not less, and what they left above the wait is less by as much; default 0. */
  readonly least?: number;
}

/** Exponential back-off: `base * factor^(attempt-1)` capped at `cap`, with ±`jitter` of it; attempt counts from 1. */
export function backoffMs(attempt: number, pace: Pace, random: () => number = Math.random): number {
  const { base, cap, factor = 2, jitter = 0.2, least = 0 } = pace;
  const raw = Math.min(cap, base * factor ** Math.max(0, attempt - 1));
  const spread = Math.max(0, Math.min(jitter * raw, raw - least));
  return Math.round(raw - spread + 2 * spread * random());
}

/** A doorbell: whoever waits is let through by the next ring, or after `ms`, or rejected when the signal aborts. */
export class Wakeup {
  #waiting = new Set<() => void>();

  ring(): void {
    const waiting = this.#waiting;
    this.#waiting = new Set();
    for (const wake of waiting) wake();
  }

  wait(signal: AbortSignal, ms?: number): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason);
      const wake = () => {
        clearTimeout(timer);
        signal.removeEventListener("abort", onAbort);
        this.#waiting.delete(wake);
        resolve();
      };
      const onAbort = () => {
        clearTimeout(timer);
        this.#waiting.delete(wake);
        reject(signal.reason);
      };
      const timer = ms === undefined ? undefined : setTimeout(wake, ms);
      signal.addEventListener("abort", onAbort, { once: true });
      this.#waiting.add(wake);
    });
  }
}
