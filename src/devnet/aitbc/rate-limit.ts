/** Upstream's sliding-window limits: so many calls per client address and handler in 60 s. */
import { MINUTE } from "../../shared/durations.ts";
import type { Clock } from "../clock.ts";

const WINDOW_MS = MINUTE;

export class RateLimiter {
  readonly #clock: Clock;
  readonly #calls = new Map<string, number[]>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Counts the call when it is allowed. */
  allow(address: string, handler: string, limit: number): boolean {
    const now = this.#clock();
    const key = `${handler} ${address}`;
    const recent = (this.#calls.get(key) ?? []).filter((at) => at > now - WINDOW_MS);
    const allowed = recent.length < limit;
    if (allowed) recent.push(now);
    this.#calls.set(key, recent);
    return allowed;
  }
}
