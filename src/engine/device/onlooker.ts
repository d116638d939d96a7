/** Whether somebody looks at the devices: a look counts for a while, so that a window that dies stops counting by itself. */
import { WATCH_MS } from "../../shared/contract/devices.ts";

export class Onlooker {
  readonly #clock: () => number;
  #until = Number.NEGATIVE_INFINITY;

  /** `clock`: milliseconds, monotonic. */
  constructor(clock: () => number = () => performance.now()) {
    this.#clock = clock;
  }

  look(): void {
    this.#until = this.#clock() + WATCH_MS;
  }

  get looks(): boolean {
    return this.#clock() < this.#until;
  }
}
