/** `bellows fleet`: many workers in one table, with what they earn together and where they differ. It only reads. */

import type { CliContext } from "../context.ts";
import { type Inventory, readInventory } from "../fleet/inventory.ts";
import { readFleet } from "../fleet/read-workers.ts";
import type { WorkerFacts, WorkerReport } from "../fleet/report.ts";
import { type FleetSummary, isWell, summarise } from "../fleet/summary.ts";
import { advice, ago, money, orUnknown, quantity, table, UNKNOWN } from "../format.ts";

export interface FleetOptions {
  /** The inventory; ignored when `prometheus` is given. */
  readonly file: string;
  /** Read what this Prometheus scrapes, without an inventory. */
  readonly prometheus: string | undefined;
  readonly json: boolean;
}

/** False when a worker was not reached, or is not well. Throws CONFIG_INVALID for a wrong inventory. */
export async function fleet({ terminal, now }: CliContext, options: FleetOptions): Promise<boolean> {
  const inventory: Inventory =
    options.prometheus === undefined
      ? readInventory(options.file)
      : { workers: [], prometheus: { url: options.prometheus, job: "bellows" } };
  const workers = await readFleet(inventory);
  const summary = summarise(workers);
  if (options.json) terminal.json({ summary, workers });
  else for (const line of fleetLines(workers, summary, now())) terminal.print(line);
  return summary.well === summary.workers;
}

export function fleetLines(workers: readonly WorkerReport[], summary: FleetSummary, now: number): string[] {
  const cell = (read: (facts: WorkerFacts) => string) => (report: WorkerReport) =>
    report.reached ? read(report.facts) : UNKNOWN;
  const lines = table<WorkerReport>(
    [
      { title: "Worker", value: ({ name }) => name },
      { title: "State", value: (report) => (report.reached ? report.facts.level : "not reached") },
      { title: "Version", value: cell(({ version }) => version) },
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
        value: cell(({ markets }) => String(sum(markets, (m) => m.leasesHeld))),
      },
      { title: "Accepted", align: "right", value: cell(({ accepted }) => String(accepted)) },
      {
        title: "Settled",
        align: "right",
        value: cell(({ earnings }) => earnings.map((e) => money(e.settled)).join(" + ")),
      },
      { title: "Service", value: cell(({ service }) => orUnknown(serviceWord(service))) },
    ],
    workers,
  );
  return [
    ...lines,
    "",
    ...workers.flatMap((report) => troublesOf(report)),
    `${summary.reached} of ${summary.workers} workers reached, ${summary.gpusUsable} of ${summary.gpus} GPUs usable, ${summary.leasesHeld} leases held.`,
    `Settled ${amounts(summary.settled)}, pending ${amounts(summary.pending)}, ${summary.accepted} results accepted.`,
    ...summary.drift.map(
      ({ what, values }) =>
        `Different ${what === "models" ? "models" : `${what}s`}: ${values.map(({ value, workers }) => `${value} (${named(workers)})`).join("; ")}.`,
    ),
  ];
}

function troublesOf(report: WorkerReport): string[] {
  if (!report.reached) return [`${report.name}: ${advice(report.error)}`];
  const { facts, name } = report;
  const service = facts.service.filter(({ state }) => state === "breached" || state === "warning");
  return [
    ...(isWell(facts) ? [] : [`${name}: ${facts.sentence ?? `is in state ${facts.level}`}.`]),
    ...facts.gpus
      .filter(({ usable }) => !usable)
      .map((gpu) => `${name}: ${gpu.name} (${gpu.id}) can't be used.`),
    ...service.map(
      ({ market, name: measure, value, limit, state }) =>
        `${name}: ${measure} at ${market} is ${state === "breached" ? "beyond" : "near"} its limit (${value === null ? UNKNOWN : round(value)}, limit ${round(limit)}).`,
    ),
  ];
}

const gpuCount = (gpus: WorkerFacts["gpus"]) => {
  const usable = gpus.filter((gpu) => gpu.usable).length;
  return usable === gpus.length ? String(usable) : `${usable}/${gpus.length}`;
};

function hottest(gpus: WorkerFacts["gpus"]): number | null {
  const known = gpus.flatMap(({ temperatureC }) => temperatureC ?? []);
  return known.length === 0 ? null : Math.max(...known);
}

function oldestHeartbeat(markets: WorkerFacts["markets"]): number | null {
  const known = markets.flatMap(({ lastHeartbeatAt }) => lastHeartbeatAt ?? []);
  return known.length === 0 ? null : Math.min(...known);
}

function serviceWord(service: WorkerFacts["service"]): string | null {
  const states = new Set(service.map(({ state }) => state));
  if (states.has("breached")) return "breached";
  if (states.has("warning")) return "warning";
  return states.has("good") ? "good" : null;
}

function sum<T>(items: readonly T[], of: (item: T) => number): number {
  return items.reduce((total, item) => total + of(item), 0);
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
