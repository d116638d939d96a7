/** A device as the contract shows it: the worker's view with the driver's details, the verdict and the last self-test. */
import type { DeviceView, GpuDetails, SelfTestSummary } from "../../shared/contract/views.ts";
import type { GpuReading } from "../../shared/gpu/reading.ts";
import type { WantedBackend } from "../../shared/runtime/protocol.ts";
import type { UnusableGpu } from "./detect.ts";
import type { DeviceInfo } from "./device-info.ts";
import type { Telemetry } from "./telemetry.ts";
import { judgeCpu, judgeGpu, programName } from "./verdict.ts";

export interface ViewFacts {
  readonly platform: NodeJS.Platform;
  readonly wsl: boolean;
  readonly wanted: WantedBackend;
  /** Of our runtimes. */
  readonly ourPids: ReadonlySet<number>;
  /** Why the CPU works; null when a GPU does. */
  readonly noGpuReason: string | null;
  /** null: never tested. */
  readonly lastSelfTest: SelfTestSummary | null;
}

export function describeDevice(
  view: DeviceView,
  device: DeviceInfo,
  telemetry: Telemetry,
  facts: ViewFacts,
): DeviceView {
  const { lastSelfTest } = facts;
  const { gpu } = telemetry;
  if (device.kind === "cpu") return { ...view, verdict: judgeCpu(facts), lastSelfTest };
  if (gpu === null) return { ...view, gpu: silentGpu(device, telemetry), lastSelfTest };
  const isSlice = device.id !== device.sensorId;
  const { backend } = view;
  // What Ollama does there says nothing of our own way to the GPU.
  const proved = backend === null || backend === "ollama" ? null : { backend, reason: view.backendReason };
  return {
    ...view,
    gpu: gpuDetails(gpu, telemetry, isSlice ? "slice" : "off", facts.ourPids),
    verdict: judgeGpu({
      gpu,
      slices: gpu.migDevices.length,
      isSlice,
      proved,
      weRun: view.runtimePid !== null,
      ...facts,
    }),
    lastSelfTest,
  };
}

/** A GPU that is there and does no work is shown too, with the reason. */
export function describeUnusable({ gpu, verdict }: UnusableGpu): DeviceView {
  const telemetry = { source: "none", sourceReason: null, suspended: false } as const;
  return {
    id: gpu.uuid,
    kind: "gpu",
    name: gpu.name,
    backend: null,
    backendReason: null,
    state: "failed",
    stateReason: [verdict.why, verdict.help].filter(Boolean).join(". "),
    runtimePid: null,
    enabled: true,
    paused: null,
    runningJobs: 0,
    temperatureC: null,
    powerW: null,
    utilisationPct: null,
    memoryUsedMb: null,
    memoryTotalMb: gpu.memoryTotalMb,
    textsPerSecond: null,
    gpu: gpuDetails(gpu, telemetry, gpu.migEnabled ? "parent" : "off", new Set()),
    verdict,
  };
}

function gpuDetails(
  gpu: GpuReading,
  { source, sourceReason, suspended }: Pick<Telemetry, "source" | "sourceReason" | "suspended">,
  mig: GpuDetails["mig"],
  ourPids: ReadonlySet<number>,
): GpuDetails {
  // While it sleeps only what does not change is still true.
  const now = <T>(value: T): T | null => (suspended ? null : value);
  return {
    source,
    sourceReason,
    suspended,
    index: gpu.index,
    pciBusId: gpu.pciBusId,
    driver: gpu.driverVersion,
    cuda: gpu.cudaVersion,
    computeCap: gpu.computeCap,
    memoryFreeMb: now(gpu.memoryFreeMb),
    memoryUtilisationPct: now(gpu.memoryUtilisationPct),
    fanPct: now(gpu.fanPct),
    powerLimitW: gpu.powerLimitW,
    powerMaxW: gpu.powerMaxW,
    clockMhz: now(gpu.clockSmMhz),
    clockMaxMhz: gpu.clockSmMaxMhz,
    clockMemoryMhz: now(gpu.clockMemoryMhz),
    clockMemoryMaxMhz: gpu.clockMemoryMaxMhz,
    throttle: now(gpu.throttle),
    pstate: now(gpu.pstate),
    pcie: {
      gen: now(gpu.pcieGen),
      genMax: gpu.pcieGenMax,
      width: now(gpu.pcieWidth),
      widthMax: gpu.pcieWidthMax,
    },
    computeMode: gpu.computeMode,
    displayActive: now(gpu.displayActive),
    driverModel: gpu.driverModel,
    mig,
    processes:
      now(gpu.processes)?.map(({ pid, name, memoryMb, kind }) => ({
        pid,
        // The program only: a path can hold somebody's name.
        name: name === null ? null : programName(name),
        memoryMb,
        ours: ourPids.has(pid),
        ...(kind === undefined ? {} : { kind }),
      })) ?? null,
    unknown: gpu.unknown,
  };
}

/** The driver says nothing now: who the GPU is stays known. */
function silentGpu(device: DeviceInfo, { sourceReason, suspended }: Telemetry): GpuDetails {
  return {
    source: "none",
    sourceReason,
    suspended,
    index: device.index,
    pciBusId: null,
    driver: device.driverVersion,
    cuda: null,
    computeCap: device.computeCap,
    memoryFreeMb: null,
    memoryUtilisationPct: null,
    fanPct: null,
    powerLimitW: null,
    powerMaxW: null,
    clockMhz: null,
    clockMaxMhz: null,
    clockMemoryMhz: null,
    clockMemoryMaxMhz: null,
    throttle: null,
    pstate: null,
    pcie: { gen: null, genMax: null, width: null, widthMax: null },
    computeMode: null,
    displayActive: null,
    driverModel: null,
    mig: device.id === device.sensorId ? "off" : "slice",
    processes: null,
    unknown: {},
  };
}
