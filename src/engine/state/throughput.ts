/** Accepted results per second over the last minute, in a ring of sixty buckets. */
import { SECOND } from "../../shared/durations.ts";

const BUCKETS = 60;

export class ThroughputMeter {
  readonly #counts = new Array<number>(BUCKETS).fill(0);
  #second = 0;

  /** `at`: ms by a clock that only goes on, here and below. */
  note(at: number): void {
    this.#advance(at);
    const slot = this.#second % BUCKETS;
    this.#counts[slot] = (this.#counts[slot] ?? 0) + 1;
  }

  /** Oldest first; the last bucket is the second under way. */
  perSecond(at: number): number[] {
    this.#advance(at);
    const newest = this.#second % BUCKETS;
    return Array.from({ length: BUCKETS }, (_, i) => this.#counts[(newest + 1 + i) % BUCKETS] ?? 0);
  }

  #advance(at: number): void {
    const second = Math.floor(at / SECOND);
    const steps = Math.min(BUCKETS, second - this.#second);
    for (let i = 1; i <= steps; i++) this.#counts[(second - steps + i) % BUCKETS] = 0;
    if (second > this.#second) this.#second = second;
  }
}
