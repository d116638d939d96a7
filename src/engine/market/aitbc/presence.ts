/**
 * Being seen at the gpu service without damage: there, a heartbeat or a registration sets EVERY GPU of the miner to
 * `online`, booked and withdrawn ones too (protocols/aitbc.md §1.5, §12.5). Nothing ever times out in that service, so
 * a heartbeat is withheld while it would undo something, and what a registration undid is restored right after.
 */

import type { Inventory } from "./inventory.ts";
import type { GpuRow } from "./inventory-wire.ts";
import { type GpuStatus, planStatus, statusOf } from "./status-path.ts";

export type Beat =
  | { readonly kind: "sent" }
  /** `gpuId` is booked, in use or withdrawn, and would be put on the market again. */
  | { readonly kind: "withheld"; readonly gpuId: string; readonly status: GpuStatus };

export interface Presence {
  register(signal: AbortSignal): Promise<{ minerId: string }>;
  beat(signal: AbortSignal): Promise<Beat>;
  /** Brings one listed GPU to a status along legal moves; false when the service's era has no such call. */
  moveTo(row: GpuRow, to: GpuStatus, signal: AbortSignal): Promise<boolean>;
  /** This miner's GPUs; remembers their words, so that a revival can be told from a release. */
  gpus(signal: AbortSignal): Promise<readonly GpuRow[]>;
  /**
   * Was it held when it was read before, and `online` since? Only heartbeats and registrations write that word, a
   * release writes `available`: so somebody else's heartbeat put a rented GPU on the market.
   */
  wasRevived(gpuId: string): boolean;
  /** Opens a withdrawn GPU with a heartbeat, unless that would open another one that is held. */
  revive(gpuId: string, signal: AbortSignal): Promise<void>;
}

export function createPresence(inventory: Inventory): Presence {
  const lastWords = new Map<string, string>();
  const revived = new Set<string>();

  async function gpus(signal: AbortSignal): Promise<readonly GpuRow[]> {
    const rows = await inventory.gpus(signal);
    for (const { id, status } of rows) {
      const before = statusOf(lastWords.get(id) ?? "available");
      const rented = before === "booked" || before === "in_use";
      if (status !== "online") revived.delete(id);
      else if (rented) revived.add(id);
      lastWords.set(id, status);
    }
    return rows;
  }

  async function moveTo(row: GpuRow, to: GpuStatus, signal: AbortSignal): Promise<boolean> {
    const steps = planStatus(row.status, to);
    if (steps.length === 0) return true;
    if ((await inventory.dialect(signal)) === "guide") return false;
    for (const step of steps) {
      if (step.kind === "put") await inventory.update(row.id, { status: step.status }, signal);
      else await registerAgain(row, signal);
    }
    return true;
  }

  async function registerAgain(row: GpuRow, signal: AbortSignal): Promise<void> {
    const { id: offerId, model, memory_gb, region } = row;
    const specs = { model, memoryGb: memory_gb ?? 0, region: region ?? null, capabilities: [] };
    await inventory.registerGpu({ offerId, ...specs }, signal);
  }

  return {
    moveTo,
    gpus,
    wasRevived: (gpuId) => revived.has(gpuId),

    async revive(gpuId, signal) {
      const rows = await gpus(signal);
      if (!rows.some((row) => row.id !== gpuId && isHeld(row))) await inventory.heartbeat(signal);
    },

    async register(signal) {
      const before = await gpus(signal);
      const registration = await inventory.register(signal);
      const held = new Map(before.filter(isHeld).map((row) => [row.id, statusOf(row.status)]));
      if (held.size > 0) {
        for (const row of await inventory.gpus(signal)) {
          const status = held.get(row.id);
          if (status !== undefined) await moveTo(row, status, signal);
        }
      }
      return registration;
    },

    async beat(signal) {
      const held = (await gpus(signal)).find(isHeld);
      if (held) return { kind: "withheld", gpuId: held.id, status: statusOf(held.status) };
      await inventory.heartbeat(signal);
      return { kind: "sent" };
    },
  };
}

/** A status that means something to somebody, and that `online` would overwrite. */
function isHeld(row: GpuRow): boolean {
  return statusOf(row.status) !== "available";
}
