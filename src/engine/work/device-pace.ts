/**
 * How fast one device computes each model, as its batches tell: whether a job can be done in its time, and how long a batch
 * may take before its process counts as hanging. The jobs of a batch run one after the other and are answered together.
 */
import type { CatalogueModel } from "../../shared/catalogue.ts";
import { MINUTE, SECOND } from "../../shared/durations.ts";
import { unitsOf } from "../../shared/work.ts";
import type { HeldLease } from "../ledger/leases.ts";

/** A job may take this long when its lease does not say. */
const DEFAULT_MAX_RUNTIME = 90 * SECOND;
/** A shorter batch tells more of what every batch costs than of its jobs. */
const TELLING = SECOND;
/** Nor does one tell much of a job that is more than so many times its size: the first one also warms the device up. */
const TELLS_OF = 4;
/** What was measured gets old: the machine may have had much else to do then. */
const KNOWN_FOR = 10 * MINUTE;
const KEPT = 16;
/** A job may take so many times what those before it let expect. */
const SLACK = 4;
/** ms per unit of effort while nothing is known: about twice what two processor cores were seen to take. */
const GUESSED: Readonly<Record<Job["work"]["kind"], number>> = {
  embed: 0.2,
  rerank: 0.2,
  vector: 0.001,
  clip: 200,
  generate: 200,
  unsupported: 0,
};
/** Of the time that a job may take, so much is planned for its whole batch. */
const PLANNED_SHARE = 0.5;

/** What each text costs whatever its length, in characters. */
const EACH_TEXT = 16;
/** A model reads so many tokens of a text and cuts the rest off. */
const CHARACTERS_PER_TOKEN = 4;

type Job = Pick<HeldLease, "work" | "maxRuntimeMs">;
/** null: the work needs none. */
type Model = CatalogueModel | null;

/** A batch that was long enough to tell. */
interface Sample {
  readonly effort: number;
  readonly ms: number;
  /** Unix ms. */
  readonly at: number;
}

export interface DevicePaceDeps {
  /** A job is ended after this long whatever its market allows, ms; absent: what it allows. */
  readonly jobMaxRuntimeMs?: number | undefined;
  /** Unix ms. */
  readonly now: () => number;
}

export class DevicePace {
  readonly #deps: DevicePaceDeps;
  /** By model: on what it was computed; another back end has another pace. */
  readonly #backends = new Map<string, string>();
  /** By model, the latest last. */
  readonly #samples = new Map<string, readonly Sample[]>();
  /** By model: ms per unit of effort, of short batches too and so rather too much. */
  readonly #atMost = new Map<string, number>();

  constructor(deps: DevicePaceDeps) {
    this.#deps = deps;
  }

  /** A batch whose jobs all came out on that back end, and what it took, ms. */
  note(batch: readonly Job[], model: Model, tookMs: number, backend: string): void {
    const [first] = batch;
    const effort = batch.reduce((sum, { work }) => sum + effortOf(work, model), 0);
    if (first === undefined || effort === 0) return;
    const key = keyOf(first.work, model);
    if (this.#backends.get(key) !== backend) {
      this.#backends.set(key, backend);
      this.#samples.delete(key);
      this.#atMost.delete(key);
    }
    const ms = tookMs / effort;
    this.#atMost.set(key, mean(this.#atMost.get(key), ms));
    if (tookMs < TELLING) return;
    const before = this.#samples.get(key) ?? [];
    this.#samples.set(key, [...before, { effort, ms: tookMs, at: this.#deps.now() }].slice(-KEPT));
  }

  /** Why the job is not to be begun here, in words: it would be ended before it is done. null: begin it. */
  tooLong(job: Job, model: Model): string | null {
    const expected = this.#expected(job, model);
    const most = this.#mayTake(job);
    if (expected === null || expected <= most) return null;
    return `It would take about ${inSeconds(expected)} here, and may take ${inSeconds(most)}`;
  }

  /** How many of these, from the first on, make a batch in which none waits too long for the others. At least 1. */
  fitting(jobs: readonly Job[], model: Model): number {
    let expected = 0;
    let shortest = Number.POSITIVE_INFINITY;
    const tooMany = jobs.findIndex((job) => {
      expected += this.#expected(job, model) ?? this.#roughly(job, model);
      shortest = Math.min(shortest, this.#mayTake(job));
      return expected > shortest * PLANNED_SHARE;
    });
    return tooMany === -1 ? jobs.length : Math.max(1, tooMany);
  }

  /** Milliseconds a batch of these may take. */
  allowance(batch: readonly Job[], model: Model): number {
    const longest = Math.max(...batch.map((job) => this.#mayTake(job)));
    const each = batch.map((job) => Math.min(this.#mayTake(job), SLACK * this.#roughly(job, model)));
    return Math.max(longest, sum(each));
  }

  /** Milliseconds, rather too many. */
  #roughly({ work }: Job, model: Model): number {
    return effortOf(work, model) * (this.#atMost.get(keyOf(work, model)) ?? GUESSED[work.kind]);
  }

  /** ms */
  #mayTake({ maxRuntimeMs }: Job): number {
    const { jobMaxRuntimeMs = Number.POSITIVE_INFINITY } = this.#deps;
    return Math.min(maxRuntimeMs ?? DEFAULT_MAX_RUNTIME, jobMaxRuntimeMs);
  }

  /** Milliseconds, as the fastest of late did it; null: not known. */
  #expected({ work }: Job, model: Model): number | null {
    const samples = this.#samples.get(keyOf(work, model));
    if (samples === undefined) return null;
    const effort = effortOf(work, model);
    const now = this.#deps.now();
    // A clock that was set back tells no age.
    const telling = samples.filter(
      (sample) => Math.abs(now - sample.at) <= KNOWN_FOR && effort <= TELLS_OF * sample.effort,
    );
    if (telling.length === 0) return null;
    return effort * Math.min(...telling.map((sample) => sample.ms / sample.effort));
  }
}

/** What a job's time grows with; to be compared within one model only. A job keeps its work, and is looked at often. */
function effortOf(work: Job["work"], model: Model): number {
  const known = EFFORTS.get(work);
  if (known !== undefined) return known;
  const effort = countEffort(work, model);
  EFFORTS.set(work, effort);
  return effort;
}

const EFFORTS = new WeakMap<Job["work"], number>();

function countEffort(work: Job["work"], model: Model): number {
  const longest = CHARACTERS_PER_TOKEN * tokensRead(model);
  const read = (characters: number) => EACH_TEXT + Math.min(characters, longest);
  switch (work.kind) {
    case "embed":
      return sum(work.texts.map((text) => read(text.length)));
    case "rerank":
      return sum(work.documents.map((text) => read(work.query.length + text.length)));
    case "vector":
      return work.a.data.length + work.b.data.length;
    case "clip":
    case "generate":
      return unitsOf(work);
    case "unsupported":
      return 0;
  }
}

function tokensRead(model: Model): number {
  if (model?.task === "embed") return model.embed.maxTokens;
  return model?.task === "rerank" ? model.rerank.maxTokens : Number.POSITIVE_INFINITY;
}

function keyOf(work: Job["work"], model: Model): string {
  return model?.id ?? work.kind;
}

function inSeconds(ms: number): string {
  return `${Math.ceil(ms / SECOND)} s`;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}

function mean(before: number | undefined, ms: number): number {
  return before === undefined ? ms : (before + ms) / 2;
}
