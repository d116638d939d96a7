/**
 * When to look for a GPU where none is known: eagerly for five minutes, because drivers and docks are slow, then
 * hardly; and at once when the driver's footprint in the system changed.
 */
import { MINUTE, SECOND } from "../../shared/durations.ts";

const PAUSES = [2, 4, 8, 16, 30].map((seconds) => seconds * SECOND);
const EAGER_FOR = 5 * MINUTE;
const AFTERWARDS = 5 * MINUTE;

export class GpuSearch {
  #since = 0;
  #looks = 0;
  #next = 0;
  #footprint: string | null = null;

  /** The five minutes begin; the first look was made just now. */
  restart(now: number): void {
    this.#since = now;
    this.#looks = 0;
    this.#schedule(now);
  }

  /** Until the five minutes are over, ms; 0: they are. */
  eagerFor(now: number): number {
    return Math.max(0, this.#since + EAGER_FOR - now);
  }

  /** Asked every few seconds; a look that is due counts as made. */
  isDue(now: number, footprint: string): boolean {
    const changed = this.#footprint !== null && footprint !== this.#footprint;
    this.#footprint = footprint;
    if (changed) {
      this.restart(now);
      return true;
    }
    if (now < this.#next) return false;
    this.#schedule(now);
    return true;
  }

  #schedule(now: number): void {
    const eager = PAUSES[Math.min(this.#looks, PAUSES.length - 1)] ?? AFTERWARDS;
    this.#next = now + (now - this.#since >= EAGER_FOR ? AFTERWARDS : eager);
    this.#looks++;
  }
}

/** A driver that is silent this often and this long has lost its GPUs; before that it may just be slow. */
const SILENCES = 3;
const SILENT_FOR = 15 * SECOND;

export class DriverSilence {
  #count = 0;
  #since = 0;

  heard(): void {
    this.#count = 0;
  }

  /** It did not answer again: is it gone for good? */
  isForGood(now: number): boolean {
    if (this.#count === 0) this.#since = now;
    this.#count++;
    return this.#count >= SILENCES && now - this.#since >= SILENT_FOR;
  }
}
