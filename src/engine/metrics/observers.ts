/**
 * Whoever watches the engine from outside: Prometheus metrics and traces, each only where it is switched on. Nothing of
 * either is loaded otherwise, and none of them can hold work up: what fails in here is not the job's business.
 */
import type { EngineConfig } from "../../shared/config.ts";
import type { ErrorValue } from "../../shared/errors.ts";
import type { Readiness } from "../control/readiness.ts";
import type { MarketAdapter } from "../market/port.ts";
import type { JobTraces } from "../tracing/job-traces.ts";
import type { BoardChange } from "../work/board.ts";
import type { Metrics, MetricsDeps, MetricsSources } from "./metrics.ts";
import type { MetricsServer } from "./metrics-server.ts";

export interface ObserversDeps extends MetricsDeps {
  readonly version: string;
}

/** What is loaded of either. */
export interface ObserversCode {
  readonly metrics: typeof import("./metrics.ts") | null;
  readonly traces: {
    readonly code: typeof import("../tracing/job-traces.ts");
    readonly endpoint: string;
  } | null;
}

/** Loads only what the configuration switches on. */
export async function loadObservers({
  metrics,
  traceTo,
}: Pick<EngineConfig, "metrics" | "traceTo">): Promise<ObserversCode> {
  return {
    metrics: metrics == null ? null : await import("./metrics.ts"),
    traces:
      traceTo === undefined ? null : { code: await import("../tracing/job-traces.ts"), endpoint: traceTo },
  };
}

export class Observers {
  /** The adapters to use: counted ones where somebody counts. */
  readonly adapters: readonly MarketAdapter[];
  readonly #metrics: Metrics | null;
  readonly #traces: JobTraces | null;
  #server: MetricsServer | null = null;

  constructor(code: ObserversCode, adapters: readonly MarketAdapter[], deps: ObserversDeps) {
    const { metrics, traces } = code;
    this.#metrics = metrics === null ? null : new metrics.Metrics(adapters, deps);
    this.#traces = traces === null ? null : new traces.code.JobTraces({ endpoint: traces.endpoint, ...deps });
    this.adapters = this.#metrics?.adapters ?? adapters;
  }

  noteJob(change: BoardChange): void {
    try {
      this.#metrics?.noteJob(change);
      this.#traces?.noteJob(change);
    } catch {
      // Told within the transaction that moves the job: what can't be counted must not undo the move.
    }
  }

  /**
   * Serves the metrics from now on. Returns what a person should know about it; null: nothing. Throws AppError
   * METRICS_PORT_IN_USE, METRICS_ADDRESS_REFUSED.
   */
  async serve(
    { metrics }: Pick<EngineConfig, "metrics">,
    sources: MetricsSources,
    readiness: () => Readiness,
  ): Promise<ErrorValue | null> {
    const counting = this.#metrics;
    if (counting === null || metrics == null) return null;
    const { startMetricsServer } = await import("./metrics-server.ts");
    counting.readFrom(sources);
    this.#server = await startMetricsServer(metrics, {
      contentType: counting.contentType,
      scrape: () => counting.scrape(),
      readiness,
    });
    return this.#server.notice;
  }

  /** Where metrics are served; null: nowhere. */
  get metricsUrl(): string | null {
    return this.#server?.url ?? null;
  }

  async run(signal: AbortSignal): Promise<void> {
    await this.#metrics?.run(signal);
  }

  async close(): Promise<void> {
    await Promise.all([this.#server?.close(), this.#traces?.close()]);
    this.#metrics?.close();
  }
}
