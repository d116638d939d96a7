/**
 * May a GPU be on the market? Only with a passed self-test. What failed leaves it at once; what waits for its test, or for
 * its driver after a boot, stays for a while.
 */
import type { ListingTest } from "../../shared/contract/offers.ts";
import { MINUTE } from "../../shared/durations.ts";

/** `later`: not to be published now, but nothing that is listed is taken back yet. */
export type Fitness = "fit" | "later" | "unfit";

const PATIENCE = 5 * MINUTE;

export const GPU_GONE: ListingTest = {
  state: "impossible",
  text: "This GPU is not in the machine now",
  help: null,
};

export const GPU_SWITCHED_OFF: ListingTest = {
  state: "impossible",
  text: "This GPU is switched off here",
  help: "Switch it on to offer it.",
};

export class FitnessWatch {
  readonly #testOf: (device: string) => ListingTest;
  readonly #now: () => number;
  /** Since when a device is not fit to be listed. */
  readonly #since = new Map<string, number>();

  constructor(testOf: (device: string) => ListingTest, now: () => number) {
    this.#testOf = testOf;
    this.#now = now;
  }

  of(device: string): Fitness {
    const { state } = this.#testOf(device);
    if (state === "passed") {
      this.#since.delete(device);
      return "fit";
    }
    const since = this.#since.get(device) ?? this.#now();
    this.#since.set(device, since);
    return state === "failed" || this.#now() - since > PATIENCE ? "unfit" : "later";
  }
}
