/** Jobs as series: how many ended how, by kind and model, and how long their phases took. */
import type { JobState, MarketId } from "../../shared/contract/views.ts";
import { SECOND } from "../../shared/durations.ts";
import { WORK_KINDS } from "../../shared/work.ts";
import type { Ledger } from "../ledger/ledger.ts";
import type { BoardChange } from "../work/board.ts";
import { phasesOf, timeIn } from "../work/job-phases.ts";
import type { Series } from "./families.ts";
import type { GuideSeries } from "./guide-series.ts";

/** For whatever is in no closed set of ours: a market can name kinds and models at will. */
export const OTHER = "other";

/** States in which a job counts as ended, and under which name; `settled` was accepted before. */
const STATUS: Partial<Record<JobState, string>> = {
  accepted: "accepted",
  settled: "accepted",
  returned: "returned",
  failed: "failed",
  expired: "expired",
  lost: "lost",
  rejected: "rejected",
};

/** One state for each of those names. */
const ENDINGS: readonly JobState[] = ["accepted", "returned", "failed", "expired", "lost", "rejected"];

export interface JobSeriesDeps {
  readonly markets: readonly MarketId[];
  readonly ledger: Pick<Ledger, "tallies" | "leases">;
  readonly series: Pick<Series, "jobs" | "modelJobs" | "jobSeconds">;
  readonly guide: (market: MarketId) => Pick<GuideSeries, "jobs" | "compute" | "errors"> | undefined;
  /** The catalogue's id for a market's name of a model; null: the catalogue has none. */
  readonly modelId: (name: string) => string | null;
}

export class JobSeries {
  readonly #deps: JobSeriesDeps;

  /** Counts on from what the ledger has. */
  constructor(deps: JobSeriesDeps) {
    this.#deps = deps;
    // Each way of ending begins at 0: a counter that appears with its first job has never risen, as Prometheus sees it.
    for (const market of deps.markets) {
      for (const kind of [...WORK_KINDS, OTHER]) {
        for (const state of ENDINGS) this.#count(market, kind, state, 0);
      }
    }
    for (const { market, kind, state, jobs } of deps.ledger.tallies.endings()) {
      this.#count(market, kind, state, jobs);
    }
  }

  note({ row, market, event, state }: BoardChange): void {
    if (STATUS[state] === undefined || event === "settle") return;
    const { ledger } = this.#deps;
    const lease = ledger.tallies.brief(row);
    if (lease === null) return;
    this.#count(market, lease.kind, state, 1);
    const phases = phasesOf(ledger.leases.timeline(row));
    // What was declined failed without having run.
    if (event === "fail" && phases.at(-1)?.name === "compute")
      this.#deps.guide(market)?.errors.inc({ stage: "compute" });
    const compute = timeIn(phases, "compute");
    if (compute !== null) {
      this.#deps.guide(market)?.compute.observe({ kind: kindLabel(lease.kind) }, compute / SECOND);
    }
    if (event !== "accept") return;
    this.#deps.series.modelJobs.inc({ model: this.#deps.modelId(lease.model) ?? OTHER });
    this.#observe(market, "queue", timeIn(phases, "lease", "queue"));
    this.#observe(market, "compute", compute);
    this.#observe(market, "submit", timeIn(phases, "submit"));
    this.#observe(market, "total", timeIn(phases, "lease", "queue", "compute", "submit"));
  }

  #count(market: MarketId, kind: string, state: JobState, jobs: number): void {
    const status = STATUS[state];
    if (status === undefined) return;
    const labels = { kind: kindLabel(kind), status };
    this.#deps.series.jobs.inc({ market, ...labels }, jobs);
    this.#deps.guide(market)?.jobs.inc(labels, jobs);
  }

  #observe(market: MarketId, phase: string, ms: number | null): void {
    if (ms !== null) this.#deps.series.jobSeconds.observe({ market, phase }, ms / SECOND);
  }
}

function kindLabel(kind: string): string {
  return (WORK_KINDS as readonly string[]).includes(kind) ? kind : OTHER;
}
