/**
 * May a GPU be on the market? While it may work and its self-test has passed. What failed or was switched off leaves the
 * market at once; what rests, or waits for its test or for its driver after a boot, leaves it after five minutes.
 */
import type { ListingTest } from "../../shared/contract/offers.ts";
import { MINUTE } from "../../shared/durations.ts";
import { hasPassed } from "../../shared/wait.ts";
import { type Advised, advise, type Spoken, say } from "../../shared/words/said.ts";

/** `later`: not to be published now, but nothing that is listed is taken back yet. */
export type Fitness = "fit" | "later" | "unfit";

const PATIENCE = 5 * MINUTE;

export const GPU_GONE: ListingTest = {
  state: "impossible",
  ...advise(say("gpuGone"), null),
};

/** A GPU that may not work now; `off`: until somebody says otherwise, `resting`: for a while. */
export interface Rest extends Advised {
  readonly kind: "off" | "resting";
}

export interface DeviceStanding {
  readonly test: ListingTest;
  /** null: it may work. */
  readonly rest: Rest | null;
}

/** What keeps a GPU off the market, the person's word first; null: nothing. */
export function obstacleOf({ test, rest }: DeviceStanding): Advised | null {
  if (rest !== null) return adviceIn(rest);
  return test.state === "passed" ? null : adviceIn(test);
}

function adviceIn({ text, said, help, helpSaid }: Advised): Advised {
  return advise({ text, said }, help === null ? null : { text: help, said: helpSaid });
}

export class FitnessWatch {
  readonly #standingOf: (device: string) => DeviceStanding;
  readonly #now: () => number;
  /** Since when a device is not fit to be listed. */
  readonly #since = new Map<string, number>();

  constructor(standingOf: (device: string) => DeviceStanding, now: () => number) {
    this.#standingOf = standingOf;
    this.#now = now;
  }

  of(device: string): { fitness: Fitness; obstacle: Spoken | null } {
    const standing = this.#standingOf(device);
    const obstacle = obstacleOf(standing);
    if (obstacle === null) {
      this.#since.delete(device);
      return { fitness: "fit", obstacle };
    }
    const now = this.#now();
    const since = this.#since.get(device) ?? now;
    this.#since.set(device, since);
    const atOnce = standing.rest?.kind === "off" || standing.test.state === "failed";
    return { fitness: atOnce || hasPassed(PATIENCE, since, now) ? "unfit" : "later", obstacle };
  }
}
