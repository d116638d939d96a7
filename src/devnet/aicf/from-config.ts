/** AICF's part of the devnet's configuration, with upstream's values where nothing is said. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { DevnetConfig } from "../../shared/config.ts";
import { DEFAULT_HEARTBEAT_MS, DEFAULT_LEASE_MS } from "./constants.ts";
import type { AicfOptions } from "./market.ts";
import { Traps } from "./traps.ts";

type FromConfig = Omit<AicfOptions, "store" | "clock" | "blocks" | "onBug">;

export function aicfOptions(config: DevnetConfig): FromConfig {
  const { aicf = {} } = config;
  return {
    chainId: config.chainId,
    epochMs: config.epochMs,
    leaseMs: config.leaseMs ?? DEFAULT_LEASE_MS,
    heartbeatMs: config.heartbeatMs ?? DEFAULT_HEARTBEAT_MS,
    windowMs: aicf.slaWindowMs,
    slashing: aicf.slashing,
    deny: { providers: aicf.denyProviders ?? [], regions: aicf.denyRegions ?? [] },
    settlementOrder: aicf.settlementOrder,
    traps: readTraps(join(config.resourcesFolder, "demo", "traps.json")),
  };
}

/** A market without the file sets no traps; a damaged file is said. */
function readTraps(file: string): Traps | null {
  return existsSync(file) ? Traps.read(file) : null;
}
