/** What one worker of a fleet says of itself, however it was read; what it does not say is null. */
import type { ServiceMeasure } from "../../shared/contract/service-level.ts";
import type { HeadlineLevel, MarketId, RunIntent, State } from "../../shared/contract/views.ts";
import type { ErrorValue } from "../../shared/errors.ts";
import type { MoneyValue } from "../../shared/money.ts";

export interface FleetGpu {
  readonly id: string;
  readonly name: string;
  readonly usable: boolean;
  readonly state: State["devices"][number]["state"] | null;
  readonly driver: string | null;
  readonly temperatureC: number | null;
  readonly powerW: number | null;
  readonly utilisationPct: number | null;
}

export interface FleetMarket {
  readonly market: MarketId;
  readonly connected: boolean;
  /** Unix ms. */
  readonly lastHeartbeatAt: number | null;
  readonly leasesHeld: number;
}

export interface FleetEarnings {
  readonly market: MarketId;
  readonly settled: MoneyValue;
  readonly pending: MoneyValue;
  /** Metrics don't tell what is today's. */
  readonly settledToday: MoneyValue | null;
}

export type FleetMeasure = Pick<ServiceMeasure, "name" | "value" | "limit" | "distance" | "state"> & {
  readonly market: MarketId;
};

export interface WorkerFacts {
  readonly version: string;
  readonly mode: "demo" | "live";
  readonly intent: RunIntent;
  readonly level: HeadlineLevel;
  /** The state in a sentence; metrics have none. */
  readonly sentence: string | null;
  /** Unix ms. */
  readonly startedAt: number | null;
  readonly accepted: number;
  readonly gpus: readonly FleetGpu[];
  readonly markets: readonly FleetMarket[];
  readonly earnings: readonly FleetEarnings[];
  readonly service: readonly FleetMeasure[];
  /** Models ready to run. */
  readonly models: readonly string[] | null;
}

export type WorkerReport = { readonly name: string; readonly readBy: ReadBy } & (
  | { readonly reached: true; readonly facts: WorkerFacts }
  | { readonly reached: false; readonly error: ErrorValue }
);
export type ReadBy = "data" | "control" | "metrics" | "prometheus";

export function factsOfState(state: State, service: readonly FleetMeasure[]): WorkerFacts {
  const { engine, headline, devices, markets, earnings, throughput, models } = state;
  return {
    version: engine.version,
    mode: engine.mode,
    intent: engine.intent,
    level: headline.level,
    sentence: headline.sentence,
    startedAt: engine.startedAt,
    accepted: throughput.acceptedTotal,
    gpus: devices
      .filter(({ kind }) => kind === "gpu")
      .map((device) => ({
        id: device.id,
        name: device.name,
        usable: device.verdict?.usable ?? device.state !== "failed",
        state: device.state,
        driver: device.gpu?.driver ?? null,
        temperatureC: device.temperatureC,
        powerW: device.powerW,
        utilisationPct: device.utilisationPct,
      })),
    markets: markets.map((market) => ({
      market: market.id,
      connected: market.state === "registered",
      lastHeartbeatAt: market.lastHeartbeatAckAt,
      leasesHeld: market.leasesHeld,
    })),
    earnings: earnings.map((row) => ({
      market: row.market,
      settled: row.settledTotal,
      pending: row.pendingTotal,
      settledToday: row.settledToday,
    })),
    service,
    models: models.filter(({ state }) => state === "present").map(({ id }) => id),
  };
}
