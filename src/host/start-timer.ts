/** The patience with a process that starts: it is ended when it says nothing for too long, and each word of it counts. */
import type { StartNews } from "../shared/config.ts";
import { SECOND } from "../shared/durations.ts";

export class StartTimer {
  readonly #usual: number;
  readonly #giveUp: () => void;
  #timer: NodeJS.Timeout | null = null;
  #patience = 0;
  #lastWord: string | null = null;
  #over = false;

  /** Runs from now on. `usual`: ms without a word. */
  constructor(usual: number, giveUp: () => void) {
    this.#usual = usual;
    this.#giveUp = giveUp;
    this.#wait(usual);
  }

  /** False: it is ready, or given up, so what it is at no longer matters. */
  hear({ doing, patienceMs }: StartNews): boolean {
    if (this.#timer === null) return false;
    this.#lastWord = doing.text;
    this.#wait(Math.max(this.#usual, patienceMs));
    return true;
  }

  stop(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }

  /** How it was too slow, as the end of a sentence that names it; null: it was not. */
  get complaint(): string | null {
    if (!this.#over) return null;
    const time = `within ${Math.round(this.#patience / SECOND)} s`;
    return this.#lastWord === null ? `was not ready ${time}` : `got no further ${time} (${this.#lastWord})`;
  }

  #wait(patience: number): void {
    this.stop();
    this.#patience = patience;
    this.#timer = setTimeout(() => {
      this.#timer = null;
      this.#over = true;
      this.#giveUp();
    }, patience);
  }
}
