/**
 * A page that crashed shows nothing and says nothing, so it is loaded again: at once, then after longer waits. One that
 * crashes each time would do that for ever; then a person is asked.
 */
import { MINUTE, SECOND } from "../shared/durations.ts";

/** Before each of the tries. */
export const WAITS: readonly number[] = [0, SECOND, 5 * SECOND];

/** A page that lived this long was not killed by what it is. */
export const GOOD_LIFE = MINUTE;

export interface PageRevivalOptions {
  /** May reject: the page can crash while it loads, which is told by `crashed`. */
  readonly load: () => Promise<unknown>;
  /** Every try is used up. True: try again. */
  readonly ask: () => Promise<boolean>;
  /** The person wants no further try. */
  readonly giveUp: () => void;
  /** Unix ms. */
  readonly now?: () => number;
}

export class PageRevival {
  readonly #options: PageRevivalOptions;
  readonly #now: () => number;
  #tries = 0;
  #lastCrash = 0;
  #waiting: NodeJS.Timeout | null = null;
  #ended = false;

  constructor(options: PageRevivalOptions) {
    this.#options = options;
    this.#now = options.now ?? Date.now;
  }

  crashed(): void {
    if (this.#ended) return;
    const now = this.#now();
    if (now - this.#lastCrash > GOOD_LIFE) this.#tries = 0;
    this.#lastCrash = now;
    const wait = WAITS[this.#tries];
    this.#tries++;
    if (wait === undefined) void this.#ask();
    else this.#loadIn(wait);
  }

  /** The window is gone. */
  dispose(): void {
    this.#ended = true;
    if (this.#waiting !== null) clearTimeout(this.#waiting);
  }

  #loadIn(wait: number): void {
    if (this.#waiting !== null) clearTimeout(this.#waiting);
    this.#waiting = setTimeout(() => {
      this.#waiting = null;
      this.#options.load().catch(() => undefined);
    }, wait);
  }

  async #ask(): Promise<void> {
    const again = await this.#options.ask();
    if (this.#ended) return;
    this.#tries = 1;
    if (again) this.#loadIn(0);
    else this.#options.giveUp();
  }
}
