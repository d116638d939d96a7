/**
 * Jobs we declined, and how often in a row. A market may give the same job to us again at once and for ever: whoever asks it
 * for work waits longer each time, and in the end it is told that the job came to nothing.
 */
import type { MarketId } from "../../shared/contract/views.ts";
import { MINUTE, SECOND } from "../../shared/durations.ts";
import type { ErrorValue } from "../../shared/errors.ts";
import { backoffMs } from "../../shared/wait.ts";

/** Others may take it: so often it goes back without a word against it. */
const RETURNS = 3;
const WAIT = { base: SECOND, cap: MINUTE };
/** Far more than come back; the oldest are forgotten first. */
const MOST_JOBS = 1000;
/** The input itself is at fault: no provider can compute it. */
const NEVER_ANYWHERE = /^(?:INPUT_|IMAGE_)/;
/** Nothing that passes with time: this job asks for what is not done here. */
const NEVER_HERE = ["WORK_UNSUPPORTED", "WORK_MISMATCH", "JOB_TOO_LONG"];

type Job = { readonly market: MarketId; readonly jobId: string };

/** `return`: somebody else may have it. `fail`: the market is told, and whether another try is of any use. */
export type DeclinedFate =
  | { readonly kind: "return" }
  | { readonly kind: "fail"; readonly retryable: boolean };

export class Declines {
  /** In order of the last decline. */
  readonly #times = new Map<string, number>();

  /** It was declined (once more) for this reason. */
  note(job: Job, { code }: Pick<ErrorValue, "code">): DeclinedFate {
    const key = keyOf(job);
    const times = (this.#times.get(key) ?? 0) + 1;
    this.#times.delete(key);
    this.#times.set(key, times);
    const [oldest] = this.#times.keys();
    if (oldest !== undefined && this.#times.size > MOST_JOBS) this.#times.delete(oldest);
    if (times <= RETURNS) return { kind: "return" };
    if (NEVER_ANYWHERE.test(code)) return { kind: "fail", retryable: false };
    return NEVER_HERE.includes(code) ? { kind: "fail", retryable: true } : { kind: "return" };
  }

  /** It was taken. */
  forget(job: Job): void {
    this.#times.delete(keyOf(job));
  }

  /** How long to leave the market alone after it gave us these: 0 unless each of them was declined, ms. */
  pauseAfter(jobs: readonly Job[], random?: () => number): number {
    const times = jobs.map((job) => this.#times.get(keyOf(job)) ?? 0);
    if (times.length === 0 || times.includes(0)) return 0;
    return backoffMs(Math.max(...times), WAIT, random);
  }
}

function keyOf({ market, jobId }: Job): string {
  return `${market} ${jobId}`;
}
