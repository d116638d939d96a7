/** The devices of this machine with everything they are asked through, put together. */
import type { ProcessHost } from "../../host/process-host.ts";
import type { HostInfo } from "../../shared/contract/views.ts";
import type { WantedBackend } from "../../shared/runtime/protocol.ts";
import type { Unfinished } from "../unfinished.ts";
import type { Attention } from "./cadence.ts";
import { readHostInfo } from "./host-info.ts";
import { LayeredGpus } from "./layered-gpus.ts";
import { NvidiaSmi } from "./nvidia-smi.ts";
import { NvmlClient } from "./nvml-client.ts";
import { DeviceWatcher } from "./watcher.ts";

export interface OpenDevicesOptions {
  readonly wanted: WantedBackend;
  /** Numbers or ids of the only GPUs that may work; absent: all. */
  readonly visible?: readonly string[] | undefined;
  readonly host: ProcessHost;
  /** Entry of the NVML helper process, absolute. */
  readonly nvmlEntry: string;
  /** Not called before the first detection is over. */
  readonly attention: () => Attention;
  /** Ends the driver's helper, and a detection that is under way. */
  readonly unfinished: Unfinished;
}

export interface OpenedDevices {
  readonly machine: HostInfo;
  readonly watcher: DeviceWatcher;
}

/** Resolves after the first detection. */
export async function openDevices(options: OpenDevicesOptions, signal?: AbortSignal): Promise<OpenedDevices> {
  const { wanted, visible, host, nvmlEntry, attention, unfinished } = options;
  const gpus = openGpus(host, nvmlEntry);
  const given = new AbortController();
  unfinished.also(() => {
    given.abort();
    gpus.close();
  });
  const until = signal === undefined ? given.signal : AbortSignal.any([given.signal, signal]);
  const machine = await readHostInfo();
  const watcher = await DeviceWatcher.start({ wanted, visible, gpus, host: machine, attention }, until);
  return { machine, watcher };
}

export function openGpus(host: ProcessHost, nvmlEntry: string): LayeredGpus {
  // No NVIDIA driver exists for any other system.
  const possible = process.platform === "linux" || process.platform === "win32";
  return new LayeredGpus({
    nvml: possible ? new NvmlClient({ host, entry: nvmlEntry }) : null,
    smi: new NvidiaSmi(),
  });
}
