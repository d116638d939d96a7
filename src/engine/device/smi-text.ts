/**
 * nvidia-smi's words, read tolerantly: unknown is null, never 0; a bad row costs itself only.
 *
 * `--query-gpu=… --format=csv,noheader,nounits`: one row per GPU, cells parted by a comma and a space. Error lines may
 * stand between rows. A system whose language writes decimal commas may get them here ("39,32").
 */
import {
  type GpuProcess,
  type GpuReading,
  type GpuTable,
  normalPciBusId,
  unknownGpu,
} from "../../shared/gpu/reading.ts";
import { throttleWords } from "../../shared/gpu/throttle.ts";

/** What every driver since 2014 knows. */
export const SHORT_FIELDS: readonly string[] = [
  "index",
  "uuid",
  "name",
  "pci.bus_id",
  "driver_version",
  "memory.total",
  "memory.used",
  "memory.free",
  "utilization.gpu",
  "utilization.memory",
  "temperature.gpu",
  "fan.speed",
  "power.draw",
  "power.limit",
  "power.max_limit",
  "clocks.current.sm",
  "clocks.max.sm",
  "pstate",
  "pcie.link.gen.current",
  "pcie.link.gen.max",
  "pcie.link.width.current",
  "pcie.link.width.max",
  "compute_mode",
];
const NEWER_FIELDS = [
  ...SHORT_FIELDS,
  "compute_cap",
  "mig.mode.current",
  "clocks.current.memory",
  "clocks.max.memory",
  "display_active",
  "driver_model.current",
];
export const FULL_FIELDS: readonly string[] = [...NEWER_FIELDS, "clocks_event_reasons.active"];
/** The same under the name that drivers before 535 have for the last one. */
export const OLDER_FULL_FIELDS: readonly string[] = [...NEWER_FIELDS, "clocks_throttle_reasons.active"];

export const PROCESS_FIELDS: readonly string[] = ["gpu_uuid", "pid", "process_name", "used_gpu_memory"];

/** Rows of `csv,noheader,nounits` (units are put up with), in the order of `fields`. */
export function parseGpuTable(csv: string, fields: readonly string[] = FULL_FIELDS): GpuTable {
  const gpus: GpuReading[] = [];
  const complaints: string[] = [];
  for (const line of linesOf(csv)) {
    const row = parseRow(line, fields);
    if (row) gpus.push(row);
    else complaints.push(line.trim());
  }
  return { gpus, complaints };
}

/** Rows of `--query-compute-apps`: processes by the UUID of their GPU. Lines that are no rows are left out. */
export function parseProcesses(csv: string): Map<string, GpuProcess[]> {
  const byGpu = new Map<string, GpuProcess[]>();
  for (const line of linesOf(csv)) {
    const cells = splitRow(line, PROCESS_FIELDS, "process_name");
    const gpu = cells?.get("gpu_uuid") ?? "";
    const pid = numberOf(cells?.get("pid") ?? "");
    if (!cells || pid === null || !Number.isInteger(pid) || pid < 0 || !isUuid(gpu)) continue;
    const process: GpuProcess = {
      pid,
      name: textOf(cells.get("process_name") ?? ""),
      memoryMb: numberOf(cells.get("used_gpu_memory") ?? ""),
    };
    byGpu.set(gpu, [...(byGpu.get(gpu) ?? []), process]);
  }
  return byGpu;
}

export interface MigSlice {
  readonly uuid: string;
  /** Such as "3g.40gb". */
  readonly profile: string;
  readonly parentIndex: number;
}

/** Lines of `nvidia-smi -L`: a GPU line, then indented MIG lines of its slices. */
export function parseMigSlices(list: string): MigSlice[] {
  const slices: MigSlice[] = [];
  let parentIndex: number | null = null;
  for (const line of list.split(/\r?\n/)) {
    const gpu = /^GPU (\d+):/.exec(line);
    if (gpu) parentIndex = Number(gpu[1]);
    const mig = /^\s+MIG (\S+)\s+Device\s+\d+: \(UUID: (MIG-[^)]+)\)/.exec(line);
    const [, profile, uuid] = mig ?? [];
    if (profile && uuid && parentIndex !== null) slices.push({ uuid, profile, parentIndex });
  }
  return slices;
}

/** From the head line of plain `nvidia-smi`, the only place that names it: "13.1". */
export function parseCudaVersion(table: string): string | null {
  return /CUDA(?: UMD)? Version: *(\d+\.\d+)/.exec(table)?.[1] ?? null;
}

function parseRow(line: string, fields: readonly string[]): GpuReading | null {
  const cells = splitRow(line, fields, "name");
  if (!cells) return null;
  const cell = (field: string) => cells.get(field) ?? "";
  const index = numberOf(cell("index"));
  const uuid = cell("uuid");
  if (index === null || !Number.isInteger(index) || index < 0 || !isUuid(uuid)) return null;

  const unknown: Record<string, string> = {};
  const known = <T>(value: keyof GpuReading, field: string, read: (cell: string) => T | null): T | null => {
    if (!cells.has(field)) return null;
    const found = read(cell(field));
    if (found === null) unknown[value] = whyUnknown(cell(field));
    return found;
  };
  const number = (value: keyof GpuReading, field: string) => known(value, field, numberOf);
  const mask = fields.at(-1)?.includes("_reasons.active") ? (fields.at(-1) ?? "") : "";
  const reading: GpuReading = {
    ...unknownGpu(index, uuid, textOf(cell("name")) ?? "NVIDIA GPU"),
    pciBusId: known("pciBusId", "pci.bus_id", normalPciBusId),
    driverVersion: known("driverVersion", "driver_version", textOf),
    computeCap: known("computeCap", "compute_cap", textOf),
    memoryTotalMb: number("memoryTotalMb", "memory.total"),
    memoryUsedMb: number("memoryUsedMb", "memory.used"),
    memoryFreeMb: number("memoryFreeMb", "memory.free"),
    utilisationPct: number("utilisationPct", "utilization.gpu"),
    memoryUtilisationPct: number("memoryUtilisationPct", "utilization.memory"),
    temperatureC: number("temperatureC", "temperature.gpu"),
    fanPct: number("fanPct", "fan.speed"),
    powerW: number("powerW", "power.draw"),
    powerLimitW: number("powerLimitW", "power.limit"),
    powerMaxW: number("powerMaxW", "power.max_limit"),
    clockSmMhz: number("clockSmMhz", "clocks.current.sm"),
    clockSmMaxMhz: number("clockSmMaxMhz", "clocks.max.sm"),
    clockMemoryMhz: number("clockMemoryMhz", "clocks.current.memory"),
    clockMemoryMaxMhz: number("clockMemoryMaxMhz", "clocks.max.memory"),
    throttle: known("throttle", mask, maskOf),
    pstate: known("pstate", "pstate", (text) => (/^P\d{1,2}$/.test(text) ? text : null)),
    pcieGen: number("pcieGen", "pcie.link.gen.current"),
    pcieGenMax: number("pcieGenMax", "pcie.link.gen.max"),
    pcieWidth: number("pcieWidth", "pcie.link.width.current"),
    pcieWidthMax: number("pcieWidthMax", "pcie.link.width.max"),
    computeMode: known("computeMode", "compute_mode", computeModeOf),
    displayActive: known("displayActive", "display_active", isEnabled),
    driverModel: known("driverModel", "driver_model.current", driverModelOf),
    migEnabled: cell("mig.mode.current") === "Enabled",
  };
  const all = [...cells.values()].join("\n");
  const health = /GPU is lost/i.test(all) ? "lost" : /GPU requires reset/i.test(all) ? "reset" : "ok";
  return { ...reading, health, unknown };
}

/** By field name. nvidia-smi quotes nothing, so surplus cells can only belong to the one that holds free text. */
function splitRow(line: string, fields: readonly string[], freeText: string): Map<string, string> | null {
  const at = fields.indexOf(freeText);
  // A comma without a space behind it is a decimal comma, or a program that leaves the spaces out.
  const parts = [/, +/, /,/]
    .map((comma) => line.trim().split(comma))
    .find((cells) => cells.length >= fields.length);
  if (!parts) return null;
  const surplus = parts.length - fields.length;
  if (surplus > 0) parts.splice(at, surplus + 1, parts.slice(at, at + surplus + 1).join(", "));
  return new Map(fields.map((field, i) => [field, (parts[i] ?? "").trim()]));
}

function linesOf(text: string): string[] {
  return text.split(/\r?\n/).filter((line) => line.trim() !== "");
}

function isUuid(text: string): boolean {
  return /^(GPU|MIG)-\S+$/.test(text);
}

/** "[N/A]", "N/A", "ERR!", "[Unknown Error]", "[Insufficient Permissions]", "": all of them mean unknown. */
function textOf(cell: string): string | null {
  return cell === "" || cell === "N/A" || cell === "ERR!" || /^\[.*\]$/.test(cell) ? null : cell;
}

/** A plain decimal number, with or without its unit; anything else is unknown. */
function numberOf(cell: string): number | null {
  const number = /^(-?\d{1,15}(?:[.,]\d+)?)(?: (?:%|W|MiB|C|MHz))?$/.exec(cell)?.[1];
  return number === undefined ? null : Number(number.replace(",", "."));
}

function maskOf(cell: string): string[] | null {
  return /^0x[0-9a-f]{1,16}$/i.test(cell) ? throttleWords(BigInt(cell)) : null;
}

function isEnabled(text: string): boolean | null {
  return text === "Enabled" ? true : text === "Disabled" ? false : null;
}

/** "WDM" is what older drivers call TCC. */
function driverModelOf(text: string): string | null {
  if (text === "WDM") return "TCC";
  return /^(WDDM|TCC|MCDM)$/.test(text) ? text : null;
}

function computeModeOf(cell: string): GpuReading["computeMode"] {
  if (cell === "Default") return "default";
  if (cell === "Prohibited") return "prohibited";
  return /^Exclusive/.test(cell) ? "exclusive" : null;
}

function whyUnknown(cell: string): string {
  const bare = cell.replace(/^\[(.*)\]$/, "$1");
  return UNKNOWN_WORDS[bare] ?? `nvidia-smi says "${bare}"`;
}

const UNKNOWN_WORDS: Readonly<Record<string, string>> = {
  "": "nvidia-smi says nothing",
  "N/A": "not available",
  "Not Supported": "not supported",
  "Insufficient Permissions": "no permission",
  "Unknown Error": "unknown error",
  "ERR!": "unknown error",
  "GPU requires reset": "the GPU requires a reset",
  "GPU is lost": "the GPU has fallen off the bus",
};
