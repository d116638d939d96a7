/** The contract's fleet command for scripted engines, and machines for it to tell of. */
import { NOWHERE } from "../../src/engine/fleet/desk.ts";
import { summarise } from "../../src/engine/fleet/summary.ts";
import type { ContractHandlers } from "../../src/shared/contract/contract.ts";
import type { FleetMachine, FleetView, WorkerFacts } from "../../src/shared/contract/fleet.ts";
import { DAY, SECOND } from "../../src/shared/durations.ts";
import type { AppError } from "../../src/shared/errors.ts";

export interface ScriptedFleet {
  /** Read a moment ago, whenever it is asked for. */
  view: FleetView;
  /** Thrown instead of an answer. */
  error: AppError | null;
  /** Answers wait for it. */
  until: Promise<void>;
}

export const scriptedFleet = (): ScriptedFleet => ({ view: NOWHERE, error: null, until: Promise.resolve() });

export function scriptedFleetHandlers(fleet: ScriptedFleet = scriptedFleet()) {
  return {
    "fleet.read": async () => {
      await fleet.until;
      if (fleet.error !== null) throw fleet.error;
      return fleet.view;
    },
  } satisfies Partial<ContractHandlers>;
}

/** A view of these machines, with the sums that the engine would make of those that were reached. */
export function fleetOf(machines: readonly FleetMachine[], more: Partial<FleetView> = {}): FleetView {
  const reports = machines.map(({ name, readBy, where, host, pod, error, otherVersion, last }) => {
    const common = { name, readBy, place: { where, host, pod } };
    const version = otherVersion === undefined ? {} : { version: otherVersion };
    if (error !== null) return { ...common, reached: false, error, ...version } as const;
    if (last === null) throw new Error("A machine that was reached has said something");
    return { ...common, reached: true, facts: last.facts } as const;
  });
  return {
    source: { file: "/home/ada/.local/share/bellows/fleet.toml", prometheus: null },
    at: Date.now(),
    machines: [...machines],
    summary: summarise(reports, (of) => machines.find(({ name }) => name === of)?.last?.facts ?? null),
    prometheusError: null,
    ...more,
  };
}

/** One that was reached, and is well. */
export function aMachine(
  name: string,
  {
    facts = {},
    ...more
  }: Partial<Omit<FleetMachine, "last">> & { readonly facts?: Partial<WorkerFacts> } = {},
): FleetMachine {
  return {
    name,
    readBy: "control",
    where: "http://127.0.0.1:17117",
    host: null,
    pod: null,
    error: null,
    last: { at: Date.now(), facts: { ...FACTS(), ...facts } },
    ...more,
  };
}

const FACTS = (): WorkerFacts => ({
  version: "1.0.0",
  mode: "live",
  intent: "running",
  level: "earning",
  sentence: "Earning on 1 of 1 devices",
  startedAt: Date.now() - 3 * DAY,
  accepted: 12_480,
  gpus: [aGpu("GPU-1")],
  markets: [{ market: "aicf", connected: true, lastHeartbeatAt: Date.now() - 6 * SECOND, leasesHeld: 2 }],
  earnings: [
    {
      market: "aicf",
      settled: { currency: "ANM", minor: "84210500000" },
      pending: { currency: "ANM", minor: "310000000" },
      settledToday: { currency: "ANM", minor: "2104000000" },
    },
  ],
  service: [
    {
      market: "aicf",
      name: "availability",
      value: 0.998,
      limit: 0.99,
      distance: 0.008,
      unit: "ratio",
      state: "good",
    },
    {
      market: "aicf",
      name: "latency-p95",
      value: 840,
      limit: 3000,
      distance: 2160,
      unit: "ms",
      state: "good",
    },
  ],
  models: ["text-embed-001"],
});

export function aGpu(
  id: string,
  more: Partial<WorkerFacts["gpus"][number]> = {},
): WorkerFacts["gpus"][number] {
  return {
    id,
    name: "NVIDIA L40S",
    usable: true,
    state: "working",
    driver: "590.44.01",
    temperatureC: 64,
    powerW: 268,
    utilisationPct: 91,
    ...more,
  };
}
