/** A running engine in a few words: one line for each change of state and each result that was accepted or went wrong. */
import { FAILED_STATES } from "../engine/work/job-machine.ts";
import type { Delta, JobRow, State } from "../shared/contract/views.ts";
import { clock, money, short } from "./format.ts";

const FAILED: ReadonlySet<string> = new Set(FAILED_STATES);
const ACCEPTED: ReadonlySet<string> = new Set(["accepted", "settled"]);

export class LiveLog {
  readonly #print: (line: string) => void;
  /** Ended jobs that were told already; as many as `recentJobs` can name again. */
  #told = new Set<string>();
  #sentence: string | null = null;
  #reasons = "";

  constructor(print: (line: string) => void) {
    this.#print = print;
  }

  /** Slices of a snapshot or delta. */
  show(slices: Delta["slices"], at: number): void {
    if (slices.recentJobs) this.#showJobs(slices.recentJobs);
    if (slices.headline) this.#showHeadline(slices.headline, at);
  }

  #showHeadline({ sentence, reasons }: State["headline"], at: number): void {
    const why = reasons.map((reason) => reason.text).join(" ");
    // Reasons may hold an age that grows every second: that is no news.
    const shape = why.replaceAll(/\d+/g, "0");
    if (sentence === this.#sentence && shape === this.#reasons) return;
    this.#sentence = sentence;
    this.#reasons = shape;
    this.#print(`${clock(at)}  ${sentence}.${why === "" ? "" : ` ${why}`}`);
  }

  #showJobs(newestFirst: readonly JobRow[]): void {
    const ended = newestFirst.filter((job) => ACCEPTED.has(job.state) || FAILED.has(job.state)).reverse();
    for (const job of ended) {
      if (this.#told.has(key(job))) continue;
      this.#print(jobLine(job));
    }
    this.#told = new Set(ended.map(key));
  }
}

const key = (job: JobRow) => `${job.market} ${job.leaseId}`;

function jobLine(job: JobRow): string {
  const market = job.market.padEnd(5);
  const when = clock(job.finishedAt ?? job.leasedAt);
  if (ACCEPTED.has(job.state)) {
    const texts = job.units === null ? "" : `  ${job.units} ${job.units === 1 ? "text" : "texts"}`;
    return `${when}  ${market}  accepted  ${short(job.leaseId)}${texts}  ${money(job.earned ?? job.fee)}`;
  }
  return `${when}  ${market}  ${job.state}  ${short(job.leaseId)}  ${job.error?.message ?? ""}`.trimEnd();
}
