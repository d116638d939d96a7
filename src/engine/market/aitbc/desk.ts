/**
 * AITBC's services for a person at a terminal: each call alone, without an engine. It changes nothing the engine keeps
 * track of (offers, jobs); those go through the engine.
 */
import type { AitbcConfig } from "../../../shared/config.ts";
import type { Send } from "../send.ts";
import { type ChainBooks, createChainBooks } from "./chain.ts";
import { type CoordinatorClient, createCoordinatorClient } from "./client.ts";
import { createInventory, type Inventory } from "./inventory.ts";
import { createPresence, type Presence } from "./presence.ts";
import { createGpuRegistry, type GpuRegistry } from "./registry.ts";

export interface AitbcDesk {
  readonly minerId: string;
  readonly region: string | null;
  /** null: not configured. */
  readonly gpuService: { readonly inventory: Inventory; readonly presence: Presence } | null;
  readonly coordinator: { readonly client: CoordinatorClient; readonly registry: GpuRegistry } | null;
  readonly chain: ChainBooks | null;
}

export function openDesk(config: AitbcConfig, deps: { readonly fetch?: Send } = {}): AitbcDesk {
  const { coordinatorUrl, gpuUrl, rpcUrl, minerId, region } = config;
  const common = { now: Date.now, ...deps };
  const inventory = gpuUrl === null ? null : createInventory({ config: { ...config, gpuUrl }, ...common });
  const forCoordinator =
    coordinatorUrl === null ? null : { config: { ...config, coordinatorUrl }, ...common };
  return {
    minerId,
    region,
    gpuService: inventory && { inventory, presence: createPresence(inventory) },
    coordinator: forCoordinator && {
      client: createCoordinatorClient(forCoordinator),
      registry: createGpuRegistry(forCoordinator),
    },
    chain: rpcUrl === null ? null : createChainBooks({ rpcUrl, ...deps }),
  };
}
