/**
 * The engine's metrics: counters that its parts feed as things happen, gauges that are set when somebody asks. No
 * scrape reads more of the ledger than the window does. Everything here exists only while metrics are switched on.
 */
import { Registry } from "prom-client";
import type { MarketId } from "../../shared/contract/views.ts";
import { SECOND } from "../../shared/durations.ts";
import type { Ledger } from "../ledger/ledger.ts";
import type { MarketAdapter } from "../market/port.ts";
import type { BoardChange } from "../work/board.ts";
import { BusyTime } from "./busy-time.ts";
import { CallSeries } from "./call-series.ts";
import { createSeries, type Series } from "./families.ts";
import { createGuideSeries, type GuideSeries } from "./guide-series.ts";
import { JobSeries } from "./job-series.ts";
import { observed } from "./observed-adapter.ts";
import { ProcessSeries } from "./process-series.ts";
import { type StateSources, setStateSeries } from "./state-series.ts";
import { UnclaimedMoney } from "./unclaimed.ts";

export interface MetricsDeps {
  readonly ledger: Pick<Ledger, "tallies" | "leases" | "outbox" | "newestCopyAt" | "snapshotTrouble">;
  readonly dataFolder: string;
  readonly modelId: (name: string) => string | null;
  readonly providerId: (market: MarketId) => string | null;
}

export type MetricsSources = Omit<StateSources, "unclaimed" | "guide" | "busy" | "keyBackup"> & {
  readonly keyBackup: () => Promise<boolean | null>;
};

export class Metrics {
  readonly #registry = new Registry();
  readonly #series: Series = createSeries(this.#registry);
  readonly #guides = new Map<MarketId, GuideSeries>();
  readonly #process: ProcessSeries;
  readonly #calls: CallSeries;
  readonly #jobs: JobSeries;
  readonly #busy = new BusyTime();
  readonly #unclaimed: UnclaimedMoney;
  readonly #deps: MetricsDeps;
  /** The adapters to use instead of those given: what they are asked is counted. */
  readonly adapters: readonly MarketAdapter[];
  #sources: MetricsSources | null = null;
  #scrape: Promise<string> | null = null;

  constructor(adapters: readonly MarketAdapter[], deps: MetricsDeps) {
    this.#deps = deps;
    for (const { id, guideNames } of adapters) {
      if (guideNames !== undefined) this.#guides.set(id, createGuideSeries(this.#registry, guideNames));
    }
    const series = this.#series;
    const guide = (market: MarketId) => this.#guides.get(market);
    this.#process = new ProcessSeries(series, deps.dataFolder);
    this.#calls = new CallSeries({ series, guide, providerId: deps.providerId });
    const markets = adapters.map(({ id }) => id);
    this.#jobs = new JobSeries({ markets, series, guide, ledger: deps.ledger, modelId: deps.modelId });
    this.#unclaimed = new UnclaimedMoney(adapters);
    this.adapters = adapters.map((adapter) => observed(adapter, (call) => this.#calls.note(call)));
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  noteJob(change: BoardChange): void {
    this.#busy.note(change, performance.now());
    this.#jobs.note(change);
  }

  /** What is read when somebody asks; before it is given there is nothing to read. */
  readFrom(sources: MetricsSources): void {
    this.#sources = sources;
  }

  async run(signal: AbortSignal): Promise<void> {
    await this.#unclaimed.run(signal);
  }

  /** Prometheus' text format. Who asks while an answer is being made gets the same one. */
  scrape(): Promise<string> {
    this.#scrape ??= this.#make().finally(() => {
      this.#scrape = null;
    });
    return this.#scrape;
  }

  close(): void {
    this.#process.close();
  }

  async #make(): Promise<string> {
    const began = performance.now();
    const sources = this.#sources;
    if (sources !== null) {
      const keyBackup = await sources.keyBackup();
      const devices = sources.slices.devices();
      setStateSeries(this.#series, devices, {
        ...sources,
        keyBackup,
        busy: () => this.#busy.seconds(performance.now()),
        unclaimed: () => this.#unclaimed.amounts(),
        guide: (market) => this.#guides.get(market),
      });
      const { ledger } = this.#deps;
      const { outbox } = ledger;
      // What is kept for a market that is not configured any more waits for a person, not for an answer.
      const markets = sources.slices.markets().map(({ id }) => id);
      const now = Date.now();
      // A clock that was set back makes nothing younger than new.
      const since = (at: number | null) => (at === null ? null : Math.max(0, now - at));
      this.#process.set(
        devices,
        { items: outbox.size(markets), ageMs: since(outbox.oldestAt(markets)) },
        { ageMs: since(ledger.newestCopyAt(now)), hasFailed: ledger.snapshotTrouble !== null },
      );
    }
    const text = await this.#registry.metrics();
    this.#series.scrapeSeconds.set((performance.now() - began) / SECOND);
    return text;
  }
}
