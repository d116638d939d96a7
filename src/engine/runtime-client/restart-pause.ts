/** How long a device's process is not started again: the first time after a crash at once, then longer each time. */
import { MILLISECOND, MINUTE, SECOND } from "../../shared/durations.ts";
import { backoffMs } from "../../shared/wait.ts";

const AFTER_CRASHES = { base: 500 * MILLISECOND, cap: 30 * SECOND };
/** After a start that found no memory on the device; nothing tells when there is some. */
const WITHOUT_MEMORY = { base: 5 * SECOND, cap: MINUTE };

export class RestartPause {
  #crashesInRow = 0;
  #startsWithoutMemory = 0;
  /** By `performance.now()`. */
  #notBefore = 0;

  /** Milliseconds; 0: it may be started. */
  get leftMs(): number {
    return Math.max(0, this.#notBefore - performance.now());
  }

  noteCrash(): void {
    this.#crashesInRow++;
    this.#wait(this.#crashesInRow === 1 ? 0 : backoffMs(this.#crashesInRow - 1, AFTER_CRASHES));
  }

  noteNoMemory(): void {
    this.#startsWithoutMemory++;
    this.#wait(backoffMs(this.#startsWithoutMemory, WITHOUT_MEMORY));
  }

  noteStarted(): void {
    this.#startsWithoutMemory = 0;
  }

  /** It computed something: what crashed before is past. */
  noteAnswer(): void {
    this.#crashesInRow = 0;
  }

  forget(): void {
    this.#crashesInRow = 0;
    this.#startsWithoutMemory = 0;
    this.#notBefore = 0;
  }

  #wait(ms: number): void {
    this.#notBefore = performance.now() + ms;
  }
}
