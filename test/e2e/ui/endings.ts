/** What a suite has started and has to end: newest first, each for itself, whatever failed before or on the way. */
import { afterAll } from "vitest";
import { MINUTE } from "../../../src/shared/durations.ts";

type End = () => unknown;

export class Endings {
  readonly #ends: End[] = [];
  #over = false;

  /** Once all was ended, what comes late (a hook ran out of time, its work did not) is ended at once. */
  add(end: End): void {
    if (this.#over) void Promise.resolve().then(end);
    else this.#ends.push(end);
  }

  /** Rejects with the first failure, after all were tried. */
  async run(): Promise<void> {
    this.#over = true;
    const failures: unknown[] = [];
    for (let end = this.#ends.pop(); end !== undefined; end = this.#ends.pop()) {
      try {
        await end();
      } catch (failure) {
        failures.push(failure);
      }
    }
    if (failures.length > 0) throw failures[0];
  }
}

/** To be called where the suite is described. They run even where `beforeAll` failed. */
export function suiteEndings(): Endings {
  const endings = new Endings();
  afterAll(() => endings.run(), 2 * MINUTE);
  return endings;
}
