/** What AITBC's services answered to what was asked of them, as a person reads it; `--json` has it as they said it. */
import type { Beat } from "../../engine/market/aitbc/presence.ts";
import { readUtc } from "../../engine/market/aitbc/wire.ts";
import { dateTime, fields, orUnknown, quantity, table, UNKNOWN } from "../format.ts";

/** Of each service that is configured. */
interface Said<Gpu> {
  readonly miner_id: string;
  readonly gpu_service?: Gpu;
  readonly coordinator?: string;
}

export type RegisterSaid = Said<{ readonly minerId: string }>;
export type DeregisterSaid = Said<string>;
export interface HeartbeatSaid extends Omit<Said<Beat>, "coordinator"> {
  readonly coordinator?: string | { readonly kind: "sent" };
}

export function registerLines({ miner_id: miner, gpu_service: gpu, coordinator }: RegisterSaid): string[] {
  return saidLines(miner, {
    gpu: gpu && (gpu.minerId === miner ? "registered" : `registered, as ${gpu.minerId}`),
    coordinator,
  });
}

export function heartbeatLines({ miner_id: miner, gpu_service: gpu, coordinator }: HeartbeatSaid): string[] {
  return saidLines(miner, {
    gpu: gpu && beatWords(gpu),
    coordinator: typeof coordinator === "object" ? "sent" : coordinator,
  });
}

function beatWords(beat: Beat): string {
  if (beat.kind === "sent") return "sent";
  return `withheld: ${beat.gpuId} is ${beat.status}, and a heartbeat would put it on the market again`;
}

export function deregisterLines({ miner_id, gpu_service: gpu, coordinator }: DeregisterSaid): string[] {
  return saidLines(miner_id, { gpu, coordinator });
}

function saidLines(
  miner: string,
  { gpu, coordinator }: { gpu: string | undefined; coordinator: string | undefined },
): string[] {
  return fields([
    ["Machine", miner],
    ...(gpu === undefined ? [] : [["gpu service", gpu] as const]),
    ...(coordinator === undefined ? [] : [["coordinator", coordinator] as const]),
  ]);
}

export interface ScanSaid {
  readonly miner_id: string;
  readonly registered: number;
  readonly edge_optimized: number;
  readonly discovery_method?: string | null | undefined;
  readonly gpus: readonly {
    readonly id: string;
    readonly model: string;
    readonly memory_gb?: number | null | undefined;
    readonly region?: string | null | undefined;
    readonly status: string;
  }[];
}

export function scanLines(said: ScanSaid): string[] {
  const head = fields([
    ["Machine", said.miner_id],
    ["Registered", String(said.registered)],
    ["For the edge", String(said.edge_optimized)],
    ["Found by", orUnknown(said.discovery_method ?? null)],
  ]);
  if (said.gpus.length === 0) return [...head, "", "The service found no GPU."];
  return [
    ...head,
    "",
    ...table(
      [
        { title: "Id", value: (row) => row.id },
        { title: "Model", value: (row) => row.model },
        { title: "Memory", align: "right", value: (row) => quantity(row.memory_gb ?? null, "GB") },
        { title: "Region", value: (row) => orUnknown(row.region ?? null) },
        { title: "Status", value: (row) => row.status },
      ],
      said.gpus,
    ),
  ];
}

type Row = Readonly<Record<string, unknown>>;

/** Columns of protocols/aitbc.md §1.6; the service says which of them it knows. */
export function metricLines(rows: readonly Row[]): string[] {
  if (rows.length === 0) return ["The service keeps none for this GPU."];
  const figure = (title: string, name: string, unit: string, decimals = 0) => ({
    title,
    align: "right" as const,
    value: (row: Row) => quantity(numberIn(row[name]), unit, decimals),
  });
  return table(
    [
      { title: "Time", value: (row) => timeWords(row.timestamp) },
      figure("Latency", "total_latency_ms", "ms", 1),
      figure("GPU", "gpu_utilization_percent", "%"),
      figure("Memory", "memory_utilization_percent", "%"),
      figure("Power", "power_draw_w", "W"),
      figure("Heat", "temperature_celsius", "°C"),
      { title: "Held back by", value: heldBack },
    ],
    rows,
  );
}

const HELD_BACK = {
  thermal_throttling_active: "heat",
  power_limit_active: "power limit",
  clock_throttling_active: "clock",
} as const;

function heldBack(row: Row): string {
  const known = Object.entries(HELD_BACK).filter(([name]) => typeof row[name] === "boolean");
  const active = known.filter(([name]) => row[name] === true).map(([, words]) => words);
  return known.length === 0 ? UNKNOWN : active.length === 0 ? "nothing" : active.join(", ");
}

/** Numbers come as such or as decimal text. */
function numberIn(value: unknown): number | null {
  const read = typeof value === "string" && value.trim() !== "" ? Number(value) : value;
  return typeof read === "number" && Number.isFinite(read) ? read : null;
}

function timeWords(value: unknown): string {
  const at = typeof value === "string" ? readUtc(value) : null;
  return at === null ? orUnknown(typeof value === "string" ? value : null) : dateTime(at);
}

/** What was told, a line for each part of it however deep it lies: `limits.batch  32`. */
export function capabilityLines(capabilities: Row): string[] {
  const parts = partsOf(capabilities, "");
  return parts.length === 0
    ? ["The service took note of nothing."]
    : ["The service took note of:", ...fields(parts)];
}

function partsOf(value: unknown, name: string): [string, string][] {
  if (Array.isArray(value) && value.every((each) => typeof each !== "object"))
    return [[name, value.join(", ") || UNKNOWN]];
  if (typeof value !== "object" || value === null) return [[name, value === null ? UNKNOWN : String(value)]];
  return Object.entries(value).flatMap(([key, each]) => partsOf(each, name === "" ? key : `${name}.${key}`));
}
