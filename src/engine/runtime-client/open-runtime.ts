/** A device's runtime as the configuration wants it. */
import { availableParallelism } from "node:os";
import type { ProcessHost } from "../../host/process-host.ts";
import type { EngineConfig } from "../../shared/config.ts";
import { LLAMA_FOLDER_VARIABLE } from "../../shared/runtime/llama-folder.ts";
import type { DeviceInfo } from "../device/device-info.ts";
import type { Seat } from "../device/seat.ts";
import { setUpGpu } from "../gpu-pack/gpu-setup.ts";
import { llamaHome } from "../llama/install.ts";
import { RuntimeClient } from "./runtime-client.ts";

export interface RuntimePlace {
  readonly device: DeviceInfo;
  /** Devices that share the machine's processor. */
  readonly devices: number;
  readonly host: ProcessHost;
  /** Free memory of the device, MiB; null: unknown. */
  readonly freeMemoryMb: () => number | null;
  /** MiB that a model takes of a GPU at work, by its id; absent: the process estimates it. */
  readonly needMb?: (model: string) => number;
  /** On which GPU a process computes, by its number; absent: it is not looked at. */
  readonly seatOf?: (pid: number) => Promise<Seat>;
}

export function openRuntime(config: EngineConfig, place: RuntimePlace): RuntimeClient {
  const { device, devices, host, freeMemoryMb, needMb, seatOf } = place;
  return new RuntimeClient({
    device,
    host,
    entry: config.runtimeEntry,
    backend: config.gpuBackend,
    threads: Math.max(1, Math.floor(availableParallelism() / devices)),
    keepAliveMs: config.keepAliveMs,
    gpuSetup: () => setUpGpu(config),
    env: llamaEnvironment(config),
    freeMemoryMb,
    ...(seatOf && { seatOf }),
    // The processor's memory is not what the figures of a GPU are about.
    ...(needMb !== undefined && device.kind === "gpu" && { needMb }),
  });
}

/** Where llama.cpp lies, unless the person named another folder. */
function llamaEnvironment({ llamaFolder }: EngineConfig): Readonly<Record<string, string>> {
  if (llamaFolder === undefined || process.env[LLAMA_FOLDER_VARIABLE]) return {};
  return { [LLAMA_FOLDER_VARIABLE]: llamaHome(llamaFolder) };
}
