/** Temperature, power, load and memory of one device, and for a GPU all its driver tells. Not measured is null. */
import { freemem, totalmem } from "node:os";
import { MIB } from "../../shared/durations.ts";
import type { GpuReading } from "../../shared/gpu/reading.ts";
import type { CpuLoad } from "./cpu-load.ts";
import { readCpuTemperature } from "./cpu-temperature.ts";
import type { DeviceInfo } from "./device-info.ts";
import type { LayeredTable } from "./layered-gpus.ts";

export interface Telemetry {
  readonly temperatureC: number | null;
  readonly powerW: number | null;
  /** 0–100. */
  readonly utilisationPct: number | null;
  readonly memoryUsedMb: number | null;
  /** Less than what is not used: a driver keeps some for itself. */
  readonly memoryFreeMb: number | null;
  /** The GPU that speaks for this device, a MIG slice's parent too; null for the CPU and while nothing is known. */
  readonly gpu: GpuReading | null;
  readonly source: "nvml" | "nvidia-smi" | "none";
  /** Why not NVML, or why nothing; null when NVML told it. */
  readonly sourceReason: string | null;
  /** The GPU is switched off for now: it is left asleep, so nothing is measured. */
  readonly suspended: boolean;
}

export const UNKNOWN_TELEMETRY: Telemetry = {
  temperatureC: null,
  powerW: null,
  utilisationPct: null,
  memoryUsedMb: null,
  memoryFreeMb: null,
  gpu: null,
  source: "none",
  sourceReason: null,
  suspended: false,
};

/** A MIG slice shares its parent's heat and power, but not its memory and load. */
export function gpuTelemetry(device: DeviceInfo, table: LayeredTable): Telemetry {
  const { source, sourceReason } = table;
  const gpu = table.gpus.find(({ uuid }) => uuid === device.sensorId);
  if (!gpu) return { ...UNKNOWN_TELEMETRY, sourceReason };
  const slice = gpu.migDevices.find(({ uuid }) => uuid === device.id);
  const isSlice = device.id !== device.sensorId;
  return {
    temperatureC: gpu.temperatureC,
    powerW: gpu.powerW,
    utilisationPct: isSlice ? null : gpu.utilisationPct,
    memoryUsedMb: isSlice ? (slice?.memoryUsedMb ?? null) : gpu.memoryUsedMb,
    memoryFreeMb: isSlice ? (slice?.memoryFreeMb ?? null) : gpu.memoryFreeMb,
    gpu,
    source,
    sourceReason,
    suspended: false,
  };
}

export async function cpuTelemetry(load: CpuLoad): Promise<Telemetry> {
  return {
    ...UNKNOWN_TELEMETRY,
    temperatureC: await readCpuTemperature(),
    utilisationPct: load.sinceLastTime(),
    memoryUsedMb: Math.round((totalmem() - freemem()) / MIB),
  };
}

/** MiB, of this device alone: a MIG slice's, not its parent's. Null: not known. */
export function freeMemoryOf(
  { memoryTotalMb }: Pick<DeviceInfo, "memoryTotalMb">,
  { memoryUsedMb, memoryFreeMb }: Pick<Telemetry, "memoryUsedMb" | "memoryFreeMb">,
): number | null {
  if (memoryFreeMb !== null) return memoryFreeMb;
  return memoryTotalMb === null || memoryUsedMb === null ? null : Math.max(0, memoryTotalMb - memoryUsedMb);
}
