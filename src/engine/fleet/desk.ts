/**
 * The fleet as the Fleet screen asks for it. Machines are looked at only when somebody asks, at most once in two seconds,
 * within a time limit; what a silent one said last is kept, with its moment, for as long as this engine runs.
 */
import { stat } from "node:fs/promises";
import type { FleetMachine, FleetView } from "../../shared/contract/fleet.ts";
import { SECOND } from "../../shared/durations.ts";
import type { ErrorValue } from "../../shared/errors.ts";
import { shownAddress } from "./exchange.ts";
import type { Inventory } from "./inventory.ts";
import { type FleetPlace, inventoryAt } from "./place.ts";
import { type FleetReport, readFleet } from "./read-workers.ts";
import type { WorkerReport } from "./report.ts";
import { summarise } from "./summary.ts";

/** Several windows share one look. */
const FRESH = 2 * SECOND;
const LOOK_WITHIN = 20 * SECOND;

export interface FleetDeskDeps {
  readonly place: () => FleetPlace | null;
  /** Told when there is a fleet now, or none any more. */
  readonly onPlace: () => void;
  readonly signal: AbortSignal;
  readonly now: () => number;
}

export class FleetDesk {
  readonly #deps: FleetDeskDeps;
  #source: FleetPlace | null = null;
  #view: FleetView | null = null;
  #look: Promise<FleetView> | null = null;
  #inventory: { readonly stamp: string; readonly value: Inventory } | null = null;

  constructor(deps: FleetDeskDeps) {
    this.#deps = deps;
  }

  /** Throws CONFIG_INVALID for a wrong inventory. */
  async read(): Promise<FleetView> {
    const place = this.#deps.place();
    if (!isSame(place, this.#source)) {
      this.#source = place;
      this.#view = null;
      this.#look = null;
      this.#deps.onPlace();
    }
    if (place === null) return NOWHERE;
    const view = this.#view;
    if (view?.at != null && this.#deps.now() - view.at < FRESH) return view;
    if (this.#look !== null) return this.#look;
    const look = this.#lookAt(place, view).finally(() => {
      if (this.#look === look) this.#look = null;
    });
    this.#look = look;
    return look;
  }

  async #lookAt(place: FleetPlace, before: FleetView | null): Promise<FleetView> {
    const inventory = await this.#inventoryOf(place);
    const signal = AbortSignal.any([this.#deps.signal, AbortSignal.timeout(LOOK_WITHIN)]);
    const known = before?.machines ?? [];
    const dark = new Set(known.filter(({ error }) => error !== null).map(({ name }) => name));
    const report = await readFleet(inventory, signal, dark);
    const workers = [...report.workers, ...lostOf(report, known)];
    const lastOf = new Map(known.map(({ name, last }) => [name, last]));
    const at = this.#deps.now();
    const view: FleetView = {
      source: {
        file: place.file,
        prometheus: inventory.prometheus === null ? null : shownAddress(inventory.prometheus.url),
      },
      at,
      machines: workers.map((worker) => machineOf(worker, lastOf.get(worker.name) ?? null, at)),
      summary: summarise(workers, (name) => lastOf.get(name)?.facts ?? null),
      prometheusError: report.prometheusError,
    };
    if (isSame(place, this.#source)) this.#view = view;
    return view;
  }

  /** A file of thousands is not read again while it is the same. */
  async #inventoryOf(place: FleetPlace): Promise<Inventory> {
    const stats = place.file === null ? null : await stat(place.file).catch(() => null);
    const stamp = JSON.stringify([place, stats?.mtimeMs, stats?.size, stats?.ino]);
    if (this.#inventory?.stamp === stamp) return this.#inventory.value;
    const value = inventoryAt(place);
    this.#inventory = { stamp, value };
    return value;
  }
}

/** Nobody said which machines are a fleet. */
export const NOWHERE: FleetView = {
  source: null,
  at: null,
  machines: [],
  summary: summarise([]),
  prometheusError: null,
};

function isSame(a: FleetPlace | null, b: FleetPlace | null): boolean {
  return a?.file === b?.file && a?.prometheus === b?.prometheus;
}

function machineOf(report: WorkerReport, last: FleetMachine["last"], at: number): FleetMachine {
  const { name, readBy, place } = report;
  const common = { name, readBy, ...place };
  if (report.reached) return { ...common, error: null, last: { at, facts: report.facts } };
  const { error, version } = report;
  return { ...common, error, ...(version === undefined ? {} : { otherVersion: version }), last };
}

/** Whom a Prometheus told of that is silent now. */
function lostOf({ workers, prometheusError }: FleetReport, before: readonly FleetMachine[]): WorkerReport[] {
  if (prometheusError === null || prometheusError.code === "NOBODY_SCRAPED") return [];
  const names = new Set(workers.map(({ name }) => name));
  return before
    .filter(({ name, readBy }) => readBy === "prometheus" && !names.has(name))
    .map(({ name, readBy, where, host, pod }) => ({
      name,
      readBy,
      place: { where, host, pod },
      reached: false,
      error: unseen(prometheusError),
    }));
}

/** Nothing is wrong with the machine itself, as far as anybody knows. */
function unseen({ help }: ErrorValue): ErrorValue {
  return {
    code: "PROMETHEUS_SILENT",
    message: "Prometheus, which reads it, did not answer",
    actor: "machine",
    ...(help === undefined ? {} : { help }),
  };
}
