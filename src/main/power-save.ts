/** Keeps the machine awake while jobs run, and not a moment for anything else. */
import type { State } from "../shared/contract/views.ts";

/** Electron's powerSaveBlocker, as far as it is used. */
export interface Blocker {
  start(type: "prevent-app-suspension"): number;
  stop(id: number): unknown;
}

export class PowerSave {
  readonly #blocker: Blocker;
  #id: number | null = null;

  constructor(blocker: Blocker) {
    this.#blocker = blocker;
  }

  get active(): boolean {
    return this.#id !== null;
  }

  /** `state` is null while no engine runs. */
  update(state: Pick<State, "devices" | "markets"> | null): void {
    const busy = state !== null && hasWork(state);
    if (busy && this.#id === null) this.#id = this.#blocker.start("prevent-app-suspension");
    if (!busy && this.#id !== null) {
      this.#blocker.stop(this.#id);
      this.#id = null;
    }
  }
}

/** A held lease is a promise: it must be ended before the machine may sleep. */
function hasWork({ devices, markets }: Pick<State, "devices" | "markets">): boolean {
  return devices.some((device) => device.runningJobs > 0) || markets.some((market) => market.leasesHeld > 0);
}
