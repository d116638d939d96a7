/**
 * When something happened in this process's life, by the wall clock as it stands now: a clock that is set back takes its
 * moments with it, so that nothing seems to lie ahead, or to be fresher than it is. One that is set forward leaves them:
 * they seem older, and nobody can tell that from a machine that slept.
 */
import { SECOND } from "./durations.ts";

/** Clocks that are kept right move by less. */
const STEP = SECOND;

export class Moment {
  /** Unix ms. */
  #at: number;
  /** The same by a clock that only goes on. */
  readonly #steady: number;

  /** Of now. */
  constructor(now: number) {
    this.#at = now;
    this.#steady = performance.now();
  }

  /** Unix ms, never after `now`. */
  at(now: number): number {
    const latest = Math.round(now - (performance.now() - this.#steady));
    if (this.#at > latest + STEP || this.#at > now) this.#at = Math.min(latest, now);
    return this.#at;
  }
}
