/** Energy of each device in this run, from its own power readings: each reading holds until the next. */
import { MINUTE, SECOND } from "../../shared/durations.ts";

/** Readings further apart than this say nothing of the time between them (a machine that slept, a silent driver). */
const LONGEST_GAP = 2 * MINUTE;

export class EnergyMeter {
  readonly #joules = new Map<string, number>();
  readonly #last = new Map<string, { readonly watts: number; readonly at: number }>();

  /** `at`: monotonic ms. A reading without power ends what was known. */
  note(device: string, watts: number | null, at: number): void {
    const last = this.#last.get(device);
    if (last !== undefined && at - last.at <= LONGEST_GAP) {
      const joules = (last.watts * (at - last.at)) / SECOND;
      this.#joules.set(device, (this.#joules.get(device) ?? 0) + joules);
    }
    if (watts === null) this.#last.delete(device);
    else {
      this.#last.set(device, { watts, at });
      if (!this.#joules.has(device)) this.#joules.set(device, 0);
    }
  }

  /** By device; one whose power was never known is absent. */
  get joules(): ReadonlyMap<string, number> {
    return this.#joules;
  }
}
