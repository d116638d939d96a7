/** A token bucket of bytes: what was read is paid for afterwards, so that a piece of any size passes once. */
import { SECOND } from "../../../shared/durations.ts";
import { delay } from "../../../shared/wait.ts";

/** What may pass at once after a silence, as a share of a second. */
const BURST = 1 / 8;

export class RateLimiter {
  readonly #now: () => number;
  #bytesPerSecond: number | null;
  #tokens = 0;
  #at: number;

  /** `bytesPerSecond` null: no limit. `now` in ms. */
  constructor(bytesPerSecond: number | null, now: () => number = () => performance.now()) {
    this.#bytesPerSecond = bytesPerSecond;
    this.#now = now;
    this.#at = now();
  }

  /** Takes effect with the next piece. */
  set(bytesPerSecond: number | null): void {
    this.#refill();
    this.#bytesPerSecond = bytesPerSecond;
  }

  /** Resolves when `bytes` that came in are within the rate; rejects with the signal's reason. */
  async take(bytes: number, signal: AbortSignal): Promise<void> {
    if (this.#bytesPerSecond === null) return;
    this.#refill();
    this.#tokens -= bytes;
    if (this.#tokens < 0) await delay((-this.#tokens / this.#bytesPerSecond) * SECOND, signal);
  }

  #refill(): void {
    const now = this.#now();
    const rate = this.#bytesPerSecond ?? 0;
    this.#tokens = Math.min(rate * BURST, this.#tokens + ((now - this.#at) / SECOND) * rate);
    this.#at = now;
  }
}
