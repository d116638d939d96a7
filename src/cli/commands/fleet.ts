/** `bellows fleet`: many workers in one table, with what they earn together and where they differ. It only reads. */

import { existsSync } from "node:fs";
import { type Flags, readSettings } from "../../engine/config/from-environment.ts";
import { dataRoot } from "../../engine/config/layers.ts";
import { type Inventory, isAddress, JOB, readInventory } from "../../engine/fleet/inventory.ts";
import { fleetPlace, inventoryAt } from "../../engine/fleet/place.ts";
import { readFleet } from "../../engine/fleet/read-workers.ts";
import type { WorkerReport } from "../../engine/fleet/report.ts";
import { summarise } from "../../engine/fleet/summary.ts";
import type { FleetSummary, WorkerFacts } from "../../shared/contract/fleet.ts";
import type { ErrorValue } from "../../shared/errors.ts";
import {
  gpuCount,
  hottest,
  isUnusable,
  isWell,
  leasesHeld,
  nearestLimit,
  oldestHeartbeat,
} from "../../shared/fleet.ts";
import type { CliContext } from "../context.ts";
import { advice, ago, money, orUnknown, quantity, table, UNKNOWN } from "../format.ts";
import { usageError } from "../usage.ts";

/** Looked for where the command is typed, before the place that the engine would read. */
const HERE = "fleet.toml";

export interface FleetOptions {
  /** The inventory; ignored when `prometheus` is given. */
  readonly file: string | undefined;
  /** Read what this Prometheus scrapes, without an inventory. */
  readonly prometheus: string | undefined;
  /** The scrape job of its workers, before what the inventory says. */
  readonly job: string | undefined;
  /** Of the command line: where the data folder is. */
  readonly flags: Flags;
  readonly json: boolean;
}

/** False when a worker was not reached, or is not well. Throws CONFIG_INVALID for a wrong inventory. */
export async function fleet(context: CliContext, options: FleetOptions): Promise<boolean> {
  const { terminal, now } = context;
  const { workers, prometheusError } = await readFleet(
    inventoryFor(context, options),
    new AbortController().signal,
  );
  const summary = summarise(workers);
  if (options.json) terminal.json({ summary, workers, prometheusError });
  else for (const line of fleetLines(workers, summary, prometheusError, now())) terminal.print(line);
  return summary.well === summary.workers && prometheusError === null;
}

function inventoryFor(context: CliContext, options: FleetOptions): Inventory {
  const inventory = inventoryNamed(context, options);
  const { job } = options;
  if (job === undefined) return inventory;
  if (inventory.prometheus === null) {
    throw usageError(
      "--job names a scrape job of a Prometheus, and none is read here",
      "Add --prometheus URL, or [prometheus] to the inventory.",
    );
  }
  return { ...inventory, prometheus: { ...inventory.prometheus, job } };
}

/** What the options name, else the file in this folder, else what the engine's Fleet screen would read. */
function inventoryNamed({ env, paths }: CliContext, { file, prometheus, flags }: FleetOptions): Inventory {
  if (prometheus !== undefined) {
    if (!isAddress(prometheus)) {
      throw usageError(
        `--prometheus "${prometheus}" is no http:// or https:// address`,
        "Write it like http://127.0.0.1:9090",
      );
    }
    return { workers: [], prometheus: { url: prometheus, job: JOB } };
  }
  if (file !== undefined || existsSync(HERE)) return readInventory(file ?? HERE);
  const where = { env, paths, flags };
  const settings = readSettings(where, ["fleetFile", "fleetPrometheus"]);
  const place = fleetPlace({
    file: settings.fleetFile,
    prometheus: settings.fleetPrometheus,
    dataRoot: dataRoot(where),
  });
  return place === null ? readInventory(HERE) : inventoryAt(place);
}

export function fleetLines(
  workers: readonly WorkerReport[],
  summary: FleetSummary,
  prometheusError: ErrorValue | null,
  now: number,
): string[] {
  const cell = (read: (facts: WorkerFacts) => string) => (report: WorkerReport) =>
    report.reached ? read(report.facts) : UNKNOWN;
  const lines = table<WorkerReport>(
    [
      { title: "Worker", value: ({ name }) => name },
      { title: "State", value: stateOf },
      { title: "Version", value: (report) => orUnknown(versionOf(report)) },
      { title: "GPUs", align: "right", value: cell(({ gpus }) => gpuCount(gpus)) },
      { title: "Hottest", align: "right", value: cell(({ gpus }) => quantity(hottest(gpus), "°C")) },
      {
        title: "Heartbeat",
        align: "right",
        value: cell(({ markets }) => ago(oldestHeartbeat(markets), now)),
      },
      {
        title: "Held",
        align: "right",
        value: cell(({ markets }) => String(leasesHeld(markets))),
      },
      { title: "Accepted", align: "right", value: cell(({ accepted }) => String(accepted)) },
      {
        title: "Settled",
        align: "right",
        value: cell(({ earnings }) => earnings.map((e) => money(e.settled)).join(" + ")),
      },
      { title: "Service", value: cell(({ service }) => orUnknown(nearestLimit(service)?.state ?? null)) },
    ],
    workers,
  );
  return [
    ...lines,
    "",
    ...workers.flatMap((report) => troublesOf(report)),
    ...(prometheusError === null ? [] : [`Prometheus: ${advice(prometheusError)}`]),
    `${summary.reached} of ${summary.workers} workers reached, ${summary.gpusUsable} of ${summary.gpus} GPUs usable, ${summary.leasesHeld} leases held.`,
    `Settled ${amounts(summary.settled)}, pending ${amounts(summary.pending)}, ${summary.accepted} results accepted.`,
    ...(summary.demo === 0 ? [] : [`Play money of ${summary.demo} in the demo is not counted.`]),
    ...summary.drift.map(
      ({ what, values }) =>
        `Different ${what === "models" ? "models" : `${what}s`}: ${values.map(({ value, workers }) => `${value} (${named(workers)})`).join("; ")}.`,
    ),
  ];
}

function stateOf(report: WorkerReport): string {
  if (report.reached) return report.facts.level;
  return report.version === undefined ? "not reached" : "other version";
}

const versionOf = (report: WorkerReport): string | null =>
  report.reached ? report.facts.version : (report.version ?? null);

function troublesOf(report: WorkerReport): string[] {
  if (!report.reached) return [`${report.name}: ${advice(report.error)}`];
  const { facts, name } = report;
  const service = facts.service.filter(({ state }) => state === "breached" || state === "warning");
  return [
    ...(isWell(facts) ? [] : [`${name}: ${facts.sentence ?? `is in state ${facts.level}`}.`]),
    ...facts.gpus.filter(isUnusable).map((gpu) => `${name}: ${gpu.name} (${gpu.id}) can't be used.`),
    ...service.map(
      ({ market, name: measure, value, limit, state }) =>
        `${name}: ${measure} at ${market} is ${state === "breached" ? "beyond" : "near"} its limit (${value === null ? UNKNOWN : round(value)}, limit ${round(limit)}).`,
    ),
  ];
}

/** Enough of them to go and look; the whole list is in --json. */
function named(workers: readonly string[]): string {
  const shown = 3;
  return workers.length <= shown
    ? workers.join(", ")
    : `${workers.slice(0, shown).join(", ")} and ${workers.length - shown} more`;
}

function amounts(values: FleetSummary["settled"]): string {
  return values.length === 0 ? "nothing" : values.map(money).join(" + ");
}

const round = (value: number) => String(Math.round(value * 1000) / 1000);
