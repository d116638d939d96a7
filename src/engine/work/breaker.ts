/**
 * A device that fails again and again rests. Three failures in a row open the breaker; after the rest one batch is
 * tried, and if that fails too the device rests twice as long.
 */
import { MINUTE } from "../../shared/durations.ts";
import { hasPassed } from "../../shared/wait.ts";
import { type Said, type Spoken, say } from "../../shared/words/said.ts";

const FAILURES_TO_REST = 3;
const REST = { first: 3 * MINUTE, longest: 48 * MINUTE } as const;

export interface Rest {
  /** Unix ms. */
  readonly until: number;
  /** `failures`: of this device; `start`: its process may be started again only then. */
  readonly kind: "failures" | "start";
  readonly text: string;
  readonly said?: Said;
}

export class Breaker {
  #failures = 0;
  /** The jobs of the last failure that counted. */
  #blamed = "";
  /** Rests since the device last did its work. */
  #rests = 0;
  #rest: Rest | null = null;
  /** Unix ms. */
  #restBegan = 0;

  /** null: it may work. It lasts until `endRest` finds it over. */
  get rest(): Rest | null {
    return this.#rest;
  }

  /** It has rested and not proved itself since: it is given as little as possible. */
  get isOnTrial(): boolean {
    return this.#rests > 0;
  }

  noteSuccess(): void {
    this.#failures = 0;
    this.#blamed = "";
    this.#rests = 0;
  }

  /**
   * The device failed with these jobs (ids). The same jobs as the time before say nothing new of the device: one bad
   * job does not stop it. `isFinal`: no use in trying again now. Returns whether it counted.
   */
  noteFailure(jobs: readonly number[], cause: Said | string, now: number, isFinal = false): boolean {
    // What was still under way when the rest began adds nothing to it.
    if (this.#rest !== null) return false;
    const blamed = jobs.join();
    if (blamed === this.#blamed && !isFinal) return false;
    this.#blamed = blamed;
    this.#failures++;
    if (this.#failures < FAILURES_TO_REST && !this.isOnTrial && !isFinal) return true;
    const length = Math.min(REST.longest, REST.first * 2 ** this.#rests);
    const values = { minutes: length / MINUTE, failures: this.#failures, cause };
    const sentence = say(this.#failures === 1 ? "restsAfterOne" : "restsAfter", values);
    this.#rest = { until: now + length, kind: "failures", ...sentence };
    this.#restBegan = now;
    this.#rests++;
    return true;
  }

  /** It can't be used for `ms`, and nobody is to blame. A rest that is longer, or one after failures, stays as it is. */
  holdFor(ms: number, { text, said }: Spoken, now: number): void {
    if (this.#rest !== null && (this.#rest.kind === "failures" || this.#rest.until >= now + ms)) return;
    this.#rest = { until: now + ms, kind: "start", text, ...(said && { said }) };
    this.#restBegan = now;
  }

  /** true: the rest was over and has ended. */
  endRest(now: number): boolean {
    if (this.#rest === null) return false;
    if (!hasPassed(this.#rest.until - this.#restBegan, this.#restBegan, now)) return false;
    this.#rest = null;
    this.#blamed = "";
    return true;
  }
}
