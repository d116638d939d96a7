/** Which devices can work here: every NVIDIA GPU (or its MIG slices), else the CPU and the reason why, in words. */
import { cpus, totalmem } from "node:os";
import { cpu } from "systeminformation";
import { MIB, SECOND } from "../../shared/durations.ts";
import { AppError } from "../../shared/errors.ts";
import { withTimeout } from "../../shared/wait.ts";
import type { DeviceInfo } from "./device-info.ts";
import {
  type GpuRow,
  listMigSlices,
  type MigSlice,
  NoNvidiaDriver,
  queryGpus,
  type SmiOptions,
} from "./nvidia-smi.ts";

const CPU_NAME_TIMEOUT = 0.5 * SECOND;

export interface Detection {
  /** Never empty, but with `wanted: "cuda"` on a machine without a GPU. */
  readonly devices: readonly DeviceInfo[];
  /** Why no GPU works; null when one does. */
  readonly noGpuReason: string | null;
  /** GPUs that are there and can't work, and what the driver complained about; one sentence each. */
  readonly problems: readonly string[];
}

export interface DetectOptions {
  /** GPU_BACKEND: `cpu` does not look for GPUs, `cuda` does not make do with the CPU. */
  readonly wanted: "auto" | "cuda" | "cpu";
  readonly smi?: SmiOptions;
}

/** Rejects with the signal's reason only. */
export async function detectDevices({ wanted, smi = {} }: DetectOptions): Promise<Detection> {
  if (wanted === "cpu") {
    return {
      devices: [await describeCpu()],
      noGpuReason: "The settings ask for the CPU (GPU_BACKEND=cpu)",
      problems: [],
    };
  }
  const gpus = await detectGpus(smi);
  if (gpus.devices.length > 0) return { ...gpus, noGpuReason: null };
  const noGpuReason = gpus.reason ?? gpus.problems[0] ?? "The NVIDIA driver answers, but shows no GPU";
  return { devices: wanted === "cuda" ? [] : [await describeCpu()], noGpuReason, problems: gpus.problems };
}

interface GpuDetection {
  readonly devices: readonly DeviceInfo[];
  readonly problems: readonly string[];
  readonly reason: string | null;
}

async function detectGpus(smi: SmiOptions): Promise<GpuDetection> {
  try {
    const { gpus, complaints } = await queryGpus(smi);
    const slices = gpus.some((gpu) => gpu.migEnabled) ? await listMigSlices(smi) : [];
    return { ...devicesOf(gpus, slices, complaints), reason: null };
  } catch (thrown) {
    if (thrown instanceof NoNvidiaDriver) return { devices: [], problems: [], reason: thrown.message };
    throw thrown;
  }
}

/** Rows to devices: a GPU that needs a reset is left out, a MIG parent stands for its slices. */
export function devicesOf(
  gpus: readonly GpuRow[],
  slices: readonly MigSlice[],
  complaints: readonly string[],
): { devices: DeviceInfo[]; problems: string[] } {
  const devices: DeviceInfo[] = [];
  const problems = complaints.map((line) => `The NVIDIA driver says: ${line}`);
  for (const gpu of gpus) {
    const own = slices.filter((slice) => slice.parentIndex === gpu.index);
    if (gpu.needsReset)
      problems.push(`${gpu.name} (GPU ${gpu.index}) requires a reset before it works again`);
    else if (!gpu.migEnabled) devices.push(wholeGpu(gpu));
    else if (own.length > 0) devices.push(...own.map((slice) => migDevice(gpu, slice)));
    else problems.push(`${gpu.name} (GPU ${gpu.index}) is in MIG mode, but has no MIG device to work on`);
  }
  return { devices, problems };
}

function wholeGpu(gpu: GpuRow): DeviceInfo {
  const { uuid, index, name, memoryTotalMb, driverVersion, computeCap } = gpu;
  return { id: uuid, kind: "gpu", index, name, memoryTotalMb, driverVersion, computeCap, sensorId: uuid };
}

function migDevice(gpu: GpuRow, slice: MigSlice): DeviceInfo {
  // nvidia-smi tells the slice's profile, not its exact memory.
  return { ...wholeGpu(gpu), id: slice.uuid, name: `${gpu.name} MIG ${slice.profile}`, memoryTotalMb: null };
}

async function describeCpu(): Promise<DeviceInfo> {
  return {
    id: "cpu",
    kind: "cpu",
    index: 0,
    name: await cpuName(),
    memoryTotalMb: Math.round(totalmem() / MIB),
    driverVersion: null,
    computeCap: null,
    sensorId: null,
  };
}

async function cpuName(): Promise<string> {
  const tooSlow = () =>
    new AppError({ code: "CPU_UNNAMED", message: "The CPU did not tell its name", actor: "machine" });
  try {
    const { manufacturer, brand } = await withTimeout(cpu(), CPU_NAME_TIMEOUT, tooSlow);
    const name = `${manufacturer} ${brand}`.trim();
    if (name !== "") return name;
  } catch {
    // The name is a label and nothing depends on it: Node's will do.
  }
  return cpus()[0]?.model.trim() || `${process.arch} CPU`;
}
