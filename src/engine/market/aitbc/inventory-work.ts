/**
 * A provider whose only AITBC service is the gpu service: it is registered and seen there, and never given work,
 * because that service dispatches none (protocols/aitbc.md §1.3): today's says so, and results sent to the guide's were
 * accepted and thrown away. So it is not asked for any.
 */
import { SECOND } from "../../../shared/durations.ts";
import type { Inventory } from "./inventory.ts";
import type { Presence } from "./presence.ts";
import type { WorkDeps, WorkHalf } from "./work-half.ts";

const HEARTBEAT_MS = 15 * SECOND;

export function createInventoryWork(
  inventory: Inventory,
  presence: Presence,
  { config }: Pick<WorkDeps, "config">,
): WorkHalf {
  return {
    async probe(signal) {
      inventory.forgetDialect();
      await inventory.dialect(signal);
    },
    async register(_profile, signal) {
      await presence.register(signal);
      return { providerId: config.minerId };
    },
    async heartbeat(_load, signal) {
      const beat = await presence.beat(signal);
      return {
        intervalMs: HEARTBEAT_MS,
        health: beat.kind === "sent" ? null : `${beat.gpuId} is ${beat.status}`,
      };
    },
    acquire: () => Promise.resolve([]),
    submit: () =>
      Promise.resolve({ kind: "rejected", code: "NO_DISPATCH", message: "The gpu service takes no results" }),
    // Of a job from a coordinator that was configured before.
    async fail({ jobId }, { code, message }, signal) {
      await inventory.fail(jobId, { error_code: code, error_message: message }, signal);
    },
    async giveBack({ jobId }, reason, signal) {
      await inventory.fail(jobId, { error_code: "RETURNED", error_message: reason }, signal);
    },
    openLeases: () => Promise.resolve(null),
    credits: () => Promise.resolve([]),
  };
}
