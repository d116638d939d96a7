/**
 * How this provider describes itself to the coordinator's matcher (protocols/aitbc.md §2.4, §12.7-8).
 *
 * The matcher compares GPU names for equality and asks for memory_mb ≥ GB × 1024, so a card that NVIDIA calls
 * "NVIDIA GeForce RTX 4090" and that reports 24564 MiB is never given a job for an "RTX 4090" or for 24 GB. Each
 * card is therefore listed once as the driver names it, with its true memory, and once per usual short name with the
 * memory it is sold with. Whether a job fits is decided again, against free memory, before it runs.
 */
import { KIB } from "../../../shared/durations.ts";
import type { ProviderProfile } from "../port.ts";

/** AIT, the ask compared with a job's max_price; the default of upstream's own miner (§0, §3). */
export const DEFAULT_PRICE_AIT = 0.01;
/** A card reports at most this much less than it is sold with. */
const RESERVED_SHARE = 0.02;
const MIB_PER_GIB = KIB;
const CPU_DEVICE = "cpu";

export interface GpuEntry {
  readonly name: string;
  readonly memory_mb: number;
}

export interface Registration {
  readonly capabilities: {
    readonly gpus: readonly GpuEntry[];
    readonly models: readonly string[];
    readonly price: number;
    readonly max_concurrent_jobs: number;
  };
  readonly concurrency: number;
  readonly region: string | null;
}

export function registrationOf(profile: ProviderProfile, region: string | null): Registration {
  return {
    capabilities: {
      gpus: gpuEntries(profile),
      models: profile.models,
      price: DEFAULT_PRICE_AIT,
      max_concurrent_jobs: profile.concurrency,
    },
    concurrency: profile.concurrency,
    region,
  };
}

/** The entries of all healthy GPUs, each name and size once. The CPU is no GPU. */
export function gpuEntries(profile: ProviderProfile): GpuEntry[] {
  const entries = profile.devices
    .filter((device) => device.healthy && device.id !== CPU_DEVICE)
    .flatMap((device) => {
      const memory = device.memoryMb ?? 0;
      const aliases = shortNames(device.name).map((name) => ({ name, memory_mb: marketedMb(memory) }));
      return [{ name: device.name, memory_mb: memory }, ...aliases];
    });
  return [...new Map(entries.map((entry) => [`${entry.name}/${entry.memory_mb}`, entry])).values()];
}

/** "NVIDIA GeForce RTX 4090" → "GeForce RTX 4090", "RTX 4090". */
function shortNames(name: string): string[] {
  const withoutMaker = name.replace(/^NVIDIA\s+/i, "");
  const withoutLine = withoutMaker.replace(/^(GeForce|Quadro|Tesla)\s+(?=[A-Z])/i, "");
  return [...new Set([withoutMaker, withoutLine])].filter((short) => short !== name);
}

/** 24564 MiB → 24576: the next whole GiB when the card is just below it. */
export function marketedMb(memoryMb: number): number {
  const rounded = Math.ceil(memoryMb / MIB_PER_GIB) * MIB_PER_GIB;
  return rounded - memoryMb <= rounded * RESERVED_SHARE ? rounded : memoryMb;
}
