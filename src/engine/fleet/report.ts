/** How a worker of a fleet was found: with its facts, or with the reason why there are none. */
import type { FleetMeasure, ReadBy, WorkerFacts } from "../../shared/contract/fleet.ts";
import type { ErrorValue } from "../../shared/errors.ts";
import { isLeftOut } from "../../shared/gpu/left-out.ts";
import type { ToldState } from "./told-state.ts";

/** Where a worker is, as far as a person may read it. */
export interface WorkerPlace {
  /** A folder or an address, without a password. */
  readonly where: string;
  /** null: this machine, or one at the end of a tunnel. */
  readonly host: string | null;
  readonly pod: { readonly namespace: string; readonly name: string } | null;
}

export type WorkerReport = {
  readonly name: string;
  readonly readBy: ReadBy;
  readonly place: WorkerPlace;
} & (
  | { readonly reached: true; readonly facts: WorkerFacts }
  /** `version`: it did answer, in words of that version that are not understood here. */
  | { readonly reached: false; readonly error: ErrorValue; readonly version?: string }
);

export function factsOfState(state: ToldState, service: readonly FleetMeasure[]): WorkerFacts {
  const { engine, headline, devices, markets, earnings, throughput, models } = state;
  return {
    version: engine.version,
    mode: engine.mode,
    intent: engine.intent,
    level: headline.level,
    sentence: headline.sentence,
    ...(headline.said === undefined ? {} : { said: headline.said }),
    startedAt: engine.startedAt,
    accepted: throughput.acceptedTotal,
    gpus: devices
      .filter(({ kind }) => kind === "gpu")
      .map((device) => ({
        id: device.id,
        name: device.name,
        usable: device.verdict?.usable ?? device.state !== "failed",
        ...(isLeftOut(device) ? { leftOut: true } : {}),
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
    service: [...service],
    models: models.filter(({ state }) => state === "present").map(({ id }) => id),
  };
}
