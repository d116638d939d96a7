/**
 * A provider whose only AITBC service is the gpu service: it is registered and seen there, and never given work,
 * because that service dispatches none (protocols/aitbc.md §1.3). A job that comes all the same is declined: results
 * sent there were accepted and thrown away.
 */
import { SECOND } from "../../../shared/durations.ts";
import type { Lease } from "../port.ts";
import type { Inventory } from "./inventory.ts";
import type { Presence } from "./presence.ts";
import type { WorkDeps, WorkHalf } from "./work-half.ts";

const HEARTBEAT_MS = 15 * SECOND;

export function createInventoryWork(inventory: Inventory, presence: Presence, deps: WorkDeps): WorkHalf {
  const { config, now } = deps;
  /** The service said that it dispatches nothing: not asked again until it is probed anew. */
  let dispatches = true;

  const lease = (jobId: string): Lease => ({
    market: "aitbc",
    leaseId: jobId,
    jobId,
    attempt: 1,
    model: "",
    modelSha256: null,
    work: {
      kind: "unsupported",
      reason: "The gpu service throws results away; jobs come from the coordinator",
    },
    fee: null,
    grantedAt: now(),
    expiresAt: null,
    maxRuntimeMs: null,
    payment: "unfunded",
  });

  return {
    async probe(signal) {
      inventory.forgetDialect();
      await inventory.dialect(signal);
      dispatches = true;
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
    async acquire(_wish, signal) {
      if (!dispatches) return [];
      const answer = await inventory.poll(signal);
      if (answer.kind === "no-dispatch") dispatches = false;
      return answer.kind === "job" ? [lease(answer.job.job_id)] : [];
    },
    submit: () =>
      Promise.resolve({ kind: "rejected", code: "NO_DISPATCH", message: "The gpu service takes no results" }),
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
