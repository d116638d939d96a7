/** Which devices can work here: every NVIDIA GPU (or its MIG slices), else the CPU and the reason why, in words. */

import type { DeviceVerdict, HostInfo } from "../../shared/contract/views.ts";
import { type GpuReading, type MigDevice, unknownGpu } from "../../shared/gpu/reading.ts";
import type { WantedBackend } from "../../shared/runtime/protocol.ts";
import { say } from "../../shared/words/said.ts";
import type { DeviceInfo } from "./device-info.ts";
import { NoNvidiaDriver } from "./gpu-source.ts";
import { readHostInfo } from "./host-info.ts";
import type { LayeredGpus, LayeredTable } from "./layered-gpus.ts";
import type { NvidiaCard } from "./nvidia-cards.ts";
import { judgeGpu, judgeLeftOut, judgeWithoutDriver } from "./verdict.ts";

/** A GPU that is there and can't work. */
export interface UnusableGpu {
  readonly gpu: GpuReading;
  readonly verdict: Extract<DeviceVerdict, { usable: false }>;
}

export interface Detection {
  /** Never empty, but with a GPU back end forced where no GPU is, or not yet. */
  readonly devices: readonly DeviceInfo[];
  /** Why no GPU works; null when one does. */
  readonly noGpuReason: string | null;
  readonly unusable: readonly UnusableGpu[];
  /** GPUs that can't work, and what the driver complained about; one sentence each. */
  readonly problems: readonly string[];
}

export interface DetectOptions {
  /** GPU_BACKEND: `cpu` does not look for GPUs, `cuda` and its like do not make do with the CPU. */
  readonly wanted: WantedBackend;
  /** CUDA_VISIBLE_DEVICES: numbers or the beginnings of ids; absent: every GPU. */
  readonly visible?: readonly string[] | undefined;
  readonly gpus: LayeredGpus;
  /** Default: asked now. */
  readonly host?: HostInfo;
}

/** Rejects with the signal's reason only. */
export async function detectDevices(
  { wanted, visible, gpus, host }: DetectOptions,
  signal?: AbortSignal,
): Promise<Detection> {
  const machine = host ?? (await readHostInfo());
  if (wanted === "cpu") return detectionOf(null, wanted, machine, visible);
  try {
    return detectionOf(await gpus.read(signal), wanted, machine, visible);
  } catch (thrown) {
    if (!(thrown instanceof NoNvidiaDriver)) throw thrown;
    return detectionOf(thrown, wanted, machine, visible);
  }
}

/**
 * From a table, from the reason why there is none, or from not asking (null). `cards`: what the system knows of where no
 * driver answers.
 */
export function detectionOf(
  found: LayeredTable | NoNvidiaDriver | null,
  wanted: WantedBackend,
  host: HostInfo,
  visible?: readonly string[],
  cards: readonly NvidiaCard[] = [],
): Detection {
  if (found === null) {
    return cpuInstead(say("reasonCpuAsked").text, "auto", host, NOTHING);
  }
  if (found instanceof NoNvidiaDriver) {
    const unusable = cards.map((card, index) => withoutDriver(card, index, found.message));
    return cpuInstead(found.message, wanted, host, { ...NOTHING, unusable });
  }
  const sorted = sortGpus(found, wanted, host.wsl, visible);
  if (sorted.devices.length > 0) return { ...sorted, noGpuReason: null };
  const hidden = sorted.unusable.length > 0 ? say("reasonNoneVisible").text : null;
  const reason = sorted.problems[0] ?? hidden ?? say("reasonNoGpuShown").text;
  return cpuInstead(reason, wanted, host, sorted);
}

function withoutDriver({ id, name }: NvidiaCard, index: number, reason: string): UnusableGpu {
  return { gpu: unknownGpu(index, `pci-${id}`, name), verdict: judgeWithoutDriver(reason) };
}

type Sorted = Pick<Detection, "devices" | "unusable" | "problems">;
const NOTHING: Sorted = { devices: [], unusable: [], problems: [] };

function cpuInstead(noGpuReason: string, wanted: WantedBackend, host: HostInfo, sorted: Sorted): Detection {
  const makesDo = wanted === "auto" || wanted === "cpu";
  return { ...sorted, devices: makesDo ? [cpuOf(host)] : [], noGpuReason };
}

/** A GPU that can't work is left out with the reason; a MIG parent stands for its slices. */
function sortGpus(
  { gpus, complaints }: LayeredTable,
  wanted: WantedBackend,
  wsl: boolean,
  visible: readonly string[] | undefined,
): Sorted {
  const devices: DeviceInfo[] = [];
  const unusable: UnusableGpu[] = [];
  const problems = complaints.map((line) => `The NVIDIA driver says: ${line}`);
  for (const gpu of gpus) {
    const isSplit = gpu.migEnabled && gpu.health === "ok" && gpu.migDevices.length > 0;
    const verdict = judgeForDetection(gpu, wanted, wsl, isSplit);
    const slices = gpu.migDevices.filter(({ uuid }) => isVisible(visible, gpu.index, [uuid, gpu.uuid]));
    const leftOut =
      gpu.migDevices.length > 0 ? slices.length === 0 : !isVisible(visible, gpu.index, [gpu.uuid]);
    if (leftOut) {
      unusable.push({ gpu, verdict: judgeLeftOut() });
    } else if (verdict.usable || verdict.code === "busy") {
      // Busy passes: what waits for a while is no reason to forget a device.
      devices.push(...(isSplit ? slices.map((slice) => migDevice(gpu, slice)) : [wholeGpu(gpu)]));
    } else {
      unusable.push({ gpu, verdict });
      problems.push(`${gpu.name} (GPU ${gpu.index}) can't work: ${verdict.why}`);
    }
  }
  return { devices, unusable, problems };
}

/** A list names a device by the number or the beginning of an id, as CUDA reads it. */
function isVisible(list: readonly string[] | undefined, index: number, ids: readonly string[]): boolean {
  return list?.some((name) => name === String(index) || ids.some((id) => id.startsWith(name))) ?? true;
}

/** What is true of a split GPU's driver and generation is true of its slices. */
function judgeForDetection(
  gpu: GpuReading,
  wanted: WantedBackend,
  wsl: boolean,
  isSplit: boolean,
): DeviceVerdict {
  return judgeGpu({
    gpu,
    slices: gpu.migDevices.length,
    isSlice: isSplit,
    platform: process.platform,
    wsl,
    wanted,
    proved: null,
    ourPids: new Set(),
  });
}

function wholeGpu(gpu: GpuReading): DeviceInfo {
  const { uuid, index, name, memoryTotalMb, driverVersion, computeCap } = gpu;
  return { id: uuid, kind: "gpu", index, name, memoryTotalMb, driverVersion, computeCap, sensorId: uuid };
}

function migDevice(gpu: GpuReading, { uuid, profile, memoryTotalMb }: MigDevice): DeviceInfo {
  return { ...wholeGpu(gpu), id: uuid, name: `${gpu.name} MIG ${profile}`, memoryTotalMb };
}

function cpuOf(host: HostInfo): DeviceInfo {
  return {
    id: "cpu",
    kind: "cpu",
    index: 0,
    name: host.cpu,
    memoryTotalMb: host.memoryMb,
    driverVersion: null,
    computeCap: null,
    sensorId: null,
  };
}
