/** Decline rather than fail: a lease is judged before it is queued, and given back with the reason when it can't be served. */
import { SECOND } from "../../shared/durations.ts";
import { AppError, type ErrorValue } from "../../shared/errors.ts";
import {
  type ModelLimits,
  requireWorkInLimits,
  requireWorkInModelLimits,
} from "../../shared/runtime/limits.ts";
import { type ModelTask, needsModel, WORK_OF_TASK, type Work, type WorkKind } from "../../shared/work.ts";
import type { HeldLease } from "../ledger/leases.ts";

export type Admission =
  | { readonly kind: "admit" }
  | { readonly kind: "decline"; readonly error: ErrorValue }
  | { readonly kind: "expired"; readonly error: ErrorValue };

export interface AdmissionRules {
  /** What the named model is for. Throws an AppError when it is unknown, missing or damaged. */
  readonly taskOf: (name: string) => ModelTask;
  /** Why no device has the memory for the named model now, in words; null: one has. */
  readonly memoryShortage: (name: string) => string | null;
  /** What one job may bring to the named model; absent: what every job may. */
  readonly limitsOf?: (name: string) => ModelLimits | undefined;
  /** Why the named model, where it runs, can't do this one job as it is asked; absent, null: it can. */
  readonly obstacle?: (name: string, work: Work) => AppError | null;
  /** Why no device can do the job in its time, in words; absent, null: one can. */
  readonly tooLong?: (lease: HeldLease) => string | null;
  readonly allowUnpaid: boolean;
  readonly now: () => number;
}

/** Less time than this is not worth starting: the answer would come too late. */
const SHORTEST_USEFUL_LEASE = 2 * SECOND;

export function judgeLease(lease: HeldLease, rules: AdmissionRules): Admission {
  if (lease.expiresAt !== null && lease.expiresAt - rules.now() < SHORTEST_USEFUL_LEASE) {
    return {
      kind: "expired",
      error: {
        code: "LEASE_EXPIRED",
        message: "The lease had run out before work could begin",
        actor: "market",
      },
    };
  }
  if (lease.work.kind === "unsupported")
    return decline(lease.work.code ?? "WORK_UNSUPPORTED", lease.work.reason, "market");
  if (lease.payment === "unfunded" && !rules.allowUnpaid) {
    return decline("JOB_UNPAID", "The market shows no payment set aside for this job", "market");
  }
  try {
    requireWorkInLimits(lease.work);
    if (needsModel(lease.work.kind)) {
      requireTask(lease.model, rules.taskOf(lease.model), lease.work.kind);
      requireWorkInModelLimits(lease.model, rules.limitsOf?.(lease.model) ?? {}, lease.work);
      const obstacle = rules.obstacle?.(lease.model, lease.work) ?? null;
      if (obstacle !== null) return { kind: "decline", error: obstacle.toValue() };
      const shortage = rules.memoryShortage(lease.model);
      if (shortage !== null) return decline("MEMORY_SHORT", shortage, "machine");
      const tooLong = rules.tooLong?.(lease) ?? null;
      if (tooLong !== null) return decline("JOB_TOO_LONG", tooLong, "machine");
    }
  } catch (thrown) {
    if (!(thrown instanceof AppError)) throw thrown;
    return { kind: "decline", error: thrown.toValue() };
  }
  return { kind: "admit" };
}

function requireTask(model: string, task: ModelTask, kind: WorkKind): void {
  const can: readonly WorkKind[] = WORK_OF_TASK[task];
  if (can.includes(kind)) return;
  throw new AppError({
    code: "WORK_MISMATCH",
    message: `The model ${model} is for ${task}, the job asks for ${kind}`,
    actor: "market",
  });
}

function decline(code: string, message: string, actor: ErrorValue["actor"]): Admission {
  return { kind: "decline", error: { code, message, actor } };
}
