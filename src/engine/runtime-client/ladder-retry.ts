/**
 * When a process that works on a slower back end than the first is to be replaced by one that tries them all again: the
 * ladder is climbed down at a start only, and what was in the way then may be gone. Longer each time that it was in vain.
 */
import { HOUR, MINUTE } from "../../shared/durations.ts";
import { backoffMs } from "../../shared/wait.ts";

const AFTER = { base: 10 * MINUTE, cap: 12 * HOUR };

export class LadderRetry {
  readonly #firstAfterMs: number;
  /** Processes in a row that stepped down. */
  #inRow = 0;
  /** The present process has stepped down and may work so until then, by `performance.now()`; null: it has not. */
  #due: number | null = null;

  constructor(firstAfterMs = AFTER.base) {
    this.#firstAfterMs = firstAfterMs;
  }

  get isDue(): boolean {
    return this.#due !== null && performance.now() >= this.#due;
  }

  /** A process has begun, and nothing is known of it yet. */
  noteStart(): void {
    if (this.#due === null) this.#inRow = 0;
    this.#due = null;
  }

  /** There is something new to try: now, and as soon as ever afterwards. */
  noteOutdated(): void {
    this.#inRow = 0;
    this.#due = Number.NEGATIVE_INFINITY;
  }

  /** The present process, or one of its models, had to take a slower back end. */
  noteStepDown(): void {
    if (this.#due !== null) return;
    this.#inRow++;
    this.#due = performance.now() + backoffMs(this.#inRow, { ...AFTER, base: this.#firstAfterMs });
  }
}
