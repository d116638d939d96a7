/**
 * NVML (nvml.h), called through koffi. Every function returns nvmlReturn_t; what it tells goes into buffers that the
 * caller gives. The table of prototypes is the only thing that has to be right: a wrong one crashes the process, which
 * is why this runs in a process of its own.
 */
import { join } from "node:path";
import koffi, { type LibraryHandle } from "koffi";
import { NVML_FUNCTION_NOT_FOUND } from "./return-codes.ts";

/** Arguments of each function: a device handle, an unsigned int, or a buffer it writes to. */
const PROTOTYPES = {
  nvmlInit_v2: [],
  nvmlShutdown: [],
  nvmlSystemGetDriverVersion: ["buffer", "uint"],
  nvmlSystemGetCudaDriverVersion_v2: ["buffer"],
  nvmlSystemGetProcessName: ["uint", "buffer", "uint"],
  nvmlDeviceGetCount_v2: ["buffer"],
  nvmlDeviceGetHandleByIndex_v2: ["uint", "buffer"],
  nvmlDeviceGetUUID: ["device", "buffer", "uint"],
  nvmlDeviceGetName: ["device", "buffer", "uint"],
  nvmlDeviceGetPciInfo_v3: ["device", "buffer"],
  nvmlDeviceGetCudaComputeCapability: ["device", "buffer", "buffer"],
  nvmlDeviceGetComputeMode: ["device", "buffer"],
  nvmlDeviceGetDisplayActive: ["device", "buffer"],
  nvmlDeviceGetDriverModel_v2: ["device", "buffer", "buffer"],
  nvmlDeviceGetDriverModel: ["device", "buffer", "buffer"],
  nvmlDeviceGetMemoryInfo: ["device", "buffer"],
  nvmlDeviceGetMemoryInfo_v2: ["device", "buffer"],
  nvmlDeviceGetUtilizationRates: ["device", "buffer"],
  nvmlDeviceGetTemperature: ["device", "uint", "buffer"],
  nvmlDeviceGetFanSpeed: ["device", "buffer"],
  nvmlDeviceGetPowerUsage: ["device", "buffer"],
  nvmlDeviceGetEnforcedPowerLimit: ["device", "buffer"],
  nvmlDeviceGetPowerManagementLimitConstraints: ["device", "buffer", "buffer"],
  nvmlDeviceGetClockInfo: ["device", "uint", "buffer"],
  nvmlDeviceGetMaxClockInfo: ["device", "uint", "buffer"],
  nvmlDeviceGetCurrentClocksEventReasons: ["device", "buffer"],
  nvmlDeviceGetCurrentClocksThrottleReasons: ["device", "buffer"],
  nvmlDeviceGetPerformanceState: ["device", "buffer"],
  nvmlDeviceGetCurrPcieLinkGeneration: ["device", "buffer"],
  nvmlDeviceGetMaxPcieLinkGeneration: ["device", "buffer"],
  nvmlDeviceGetCurrPcieLinkWidth: ["device", "buffer"],
  nvmlDeviceGetMaxPcieLinkWidth: ["device", "buffer"],
  nvmlDeviceGetMigMode: ["device", "buffer", "buffer"],
  nvmlDeviceGetMaxMigDeviceCount: ["device", "buffer"],
  nvmlDeviceGetMigDeviceHandleByIndex: ["device", "uint", "buffer"],
  nvmlDeviceGetComputeRunningProcesses_v3: ["device", "buffer", "buffer"],
  nvmlDeviceGetComputeRunningProcesses_v2: ["device", "buffer", "buffer"],
  nvmlDeviceGetGraphicsRunningProcesses_v3: ["device", "buffer", "buffer"],
  nvmlDeviceGetGraphicsRunningProcesses_v2: ["device", "buffer", "buffer"],
} as const satisfies Record<string, readonly Kind[]>;

type Kind = "device" | "uint" | "buffer";
type Values<Kinds extends readonly Kind[]> = { -readonly [I in keyof Kinds]: ValueOf<Kinds[I]> };
type ValueOf<K> = K extends "device" ? bigint : K extends "uint" ? number : Buffer;
export type NvmlFunction = keyof typeof PROTOTYPES;

/** nvmlDevice_t is an opaque pointer: passed on as the number that it is. */
const C_TYPES = { device: "uintptr_t", uint: "unsigned int", buffer: "void *" } as const;

export class NvmlLibrary {
  readonly file: string;
  readonly #handle: LibraryHandle;
  readonly #functions = new Map<NvmlFunction, ((...args: unknown[]) => number) | null>();

  private constructor(file: string, handle: LibraryHandle) {
    this.file = file;
    this.#handle = handle;
  }

  /** The first of `files` that can be loaded. Throws with the loader's words on each. */
  static load(files: readonly string[]): NvmlLibrary {
    const causes: string[] = [];
    for (const file of files) {
      try {
        return new NvmlLibrary(file, koffi.load(file));
      } catch (thrown) {
        const cause = thrown instanceof Error ? thrown.message : String(thrown);
        causes.push(`${file}: ${cause.replace(/^Failed to load shared library: /, "")}`);
      }
    }
    throw new Error(causes.join("; "));
  }

  /** nvmlReturn_t; NVML_FUNCTION_NOT_FOUND for what this driver's library does not have. */
  call<F extends NvmlFunction>(name: F, ...args: Values<(typeof PROTOTYPES)[F]>): number {
    const call = this.#function(name);
    return call === null ? NVML_FUNCTION_NOT_FOUND : call(...args);
  }

  #function(name: NvmlFunction): ((...args: unknown[]) => number) | null {
    const known = this.#functions.get(name);
    if (known !== undefined) return known;
    const found = this.#find(name);
    this.#functions.set(name, found);
    return found;
  }

  #find(name: NvmlFunction): ((...args: unknown[]) => number) | null {
    try {
      return this.#handle.func(
        name,
        "int",
        PROTOTYPES[name].map((kind) => C_TYPES[kind]),
      );
    } catch {
      return null; // An older or newer driver: the value is unknown.
    }
  }
}

/** Where the driver puts its library; WSL's folder is not always in the loader's path. */
export function nvmlFiles(platform: NodeJS.Platform, env: NodeJS.ProcessEnv): string[] {
  switch (platform) {
    case "win32":
      return [
        "nvml.dll",
        join(env.WINDIR ?? "C:\\Windows", "System32", "nvml.dll"),
        join(env.ProgramW6432 ?? "C:\\Program Files", "NVIDIA Corporation", "NVSMI", "nvml.dll"),
      ];
    case "linux":
      return ["libnvidia-ml.so.1", "/usr/lib/wsl/lib/libnvidia-ml.so.1"];
    default:
      return []; // No NVIDIA driver exists for it.
  }
}
