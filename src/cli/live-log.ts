/** A running engine in a few words: one line for each change of state and each result that was accepted or went wrong. */
import { FAILED_STATES } from "../engine/work/job-machine.ts";
import type { Delta, DeviceView, JobRow, State } from "../shared/contract/views.ts";
import type { ErrorValue } from "../shared/errors.ts";
import { BACKEND_NAMES } from "../shared/runtime/backends.ts";
import { unitsText } from "../shared/words/job-words.ts";
import { advice, sentence as asSentence, clock, marketName, money, short } from "./format.ts";

const FAILED: ReadonlySet<string> = new Set(FAILED_STATES);
const ACCEPTED: ReadonlySet<string> = new Set(["accepted", "settled"]);

export class LiveLog {
  readonly #print: (line: string) => void;
  /** Ended jobs that were told already, as many as `recentJobs` can name again; null before the first look. */
  #told: ReadonlySet<string> | null = null;
  /** The headline of this moment, and every reason that was told of it. */
  #sentence = "";
  #reasons = new Set<string>();
  readonly #notices = new Set<string>();
  readonly #devices = new Map<string, string>();

  constructor(print: (line: string) => void) {
    this.#print = print;
  }

  /** Slices of a snapshot or delta. */
  show(slices: Delta["slices"], at: number): void {
    if (slices.engine) this.#showNotices(slices.engine.notices);
    if (slices.devices) this.#showDevices(slices.devices, at);
    if (slices.recentJobs) this.#showJobs(slices.recentJobs, at);
    if (slices.headline) this.#showHeadline(slices.headline, at);
  }

  /** What was found at the start and stays true, such as a ledger that had to be restored. */
  #showNotices(notices: readonly ErrorValue[]): void {
    for (const notice of notices) {
      const text = advice(notice);
      if (this.#notices.has(text)) continue;
      this.#notices.add(text);
      this.#print(`Notice: ${text}`);
    }
  }

  #showDevices(devices: readonly DeviceView[], at: number): void {
    for (const device of devices) {
      const text = deviceLine(device);
      if (this.#devices.get(device.id) === text) continue;
      this.#devices.set(device.id, text);
      this.#print(`${clock(at)}  ${text}`);
    }
  }

  #showHeadline({ sentence, reasons }: State["headline"], at: number): void {
    const isSame = shapeOf(sentence) === this.#sentence;
    if (!isSame) this.#reasons.clear();
    this.#sentence = shapeOf(sentence);
    // A market with two silent services names them in turns: each is news once.
    const fresh = reasons.filter((reason) => !this.#reasons.has(shapeOf(reason.text)));
    if (isSame && fresh.length === 0) return;
    for (const reason of fresh) this.#reasons.add(shapeOf(reason.text));
    const why = reasons.map((reason) => reason.text).join(" ");
    this.#print(`${clock(at)}  ${sentence}.${why === "" ? "" : ` ${why}`}`);
  }

  #showJobs(newestFirst: readonly JobRow[], at: number): void {
    const ended = newestFirst.filter((job) => ACCEPTED.has(job.state) || FAILED.has(job.state)).reverse();
    // What is there at the first look was done in an earlier run.
    const told = this.#told ?? new Set(ended.map(key));
    for (const job of ended) {
      if (!told.has(key(job))) this.#print(`${clock(at)}  ${jobLine(job)}`);
    }
    this.#told = new Set(ended.map(key));
  }
}

/** A count or an age that changes is no news. */
const shapeOf = (text: string) => text.replaceAll(/\d+ \w+/g, "#");

const key = (job: JobRow) => `${job.market} ${job.leaseId}`;

function jobLine(job: JobRow): string {
  const market = marketName(job.market).padEnd(5);
  if (ACCEPTED.has(job.state)) {
    const units = unitsText(job);
    const texts = units === null ? "" : `  ${units}`;
    return `${market}  accepted  ${short(job.leaseId)}${texts}${payment(job)}`;
  }
  return `${market}  ${job.state}  ${short(job.leaseId)}  ${job.error?.message ?? ""}`.trimEnd();
}

/** A market credits less than it offers, and later: the two are never mixed up. */
function payment({ earned, fee }: JobRow): string {
  if (earned !== null) return `  credited ${money(earned)}`;
  return fee === null ? "" : `  offered ${money(fee)}`;
}

/** A GPU's back end is proved by its first work; until then only the device is named. */
function deviceLine({ name, kind, backend, backendReason, verdict }: DeviceView): string {
  if (verdict?.usable === false && backend === null)
    return `Can't work on ${name}. ${advice({ message: verdict.why, help: verdict.help ?? undefined })}`;
  const runsOn = kind === "cpu" ? "CPU" : backend === null ? null : BACKEND_NAMES[backend];
  const works = `Works on ${name}${runsOn === null ? "" : ` (${runsOn})`}.`;
  return backendReason === null ? works : `${works} ${asSentence(backendReason)}`;
}
