/**
 * A job is this table: from each state, what may happen and where it leads. Nothing else changes a job's state.
 *
 *   leased ──admit──▶ admitted ──run──▶ running ──compute──▶ computed ──submit──▶ submitting ──accept──▶ accepted ──settle──▶ settled
 *      │                 │  ▲──requeue─────┘ │                   │                    │
 *      └─ giveBack ──────┴───────────────────┘ returned          │                    ├─ reject ▶ rejected
 *      └─ fail ──────────┴───────────────────┘ failed            │                    │
 *      └─ expire / lose ─┴───────────────────┴───────────────────┴────────────────────┘ expired / lost
 *
 * `computed` is the point of no return: the result and its digest are durable, so from there a job is never run
 * again and never given back; it is submitted, under one idempotency key, until the market answers.
 */

import type { JobState } from "../../shared/contract/views.ts";
import { AppError } from "../../shared/errors.ts";

export type JobEvent =
  | "admit"
  | "run"
  | "requeue"
  | "compute"
  | "submit"
  | "accept"
  | "settle"
  | "giveBack"
  | "fail"
  | "expire"
  | "lose"
  | "reject";

export const JOB_MACHINE = {
  leased: { admit: "admitted", giveBack: "returned", fail: "failed", expire: "expired", lose: "lost" },
  admitted: { run: "running", giveBack: "returned", fail: "failed", expire: "expired", lose: "lost" },
  running: {
    compute: "computed",
    requeue: "admitted",
    giveBack: "returned",
    fail: "failed",
    expire: "expired",
    lose: "lost",
  },
  computed: { submit: "submitting", expire: "expired", lose: "lost" },
  submitting: {
    submit: "submitting",
    accept: "accepted",
    reject: "rejected",
    expire: "expired",
    lose: "lost",
  },
  accepted: { settle: "settled" },
  settled: {},
  returned: {},
  failed: {},
  expired: {},
  lost: {},
  rejected: {},
} as const satisfies Record<JobState, Partial<Record<JobEvent, JobState>>>;

/** The state after `event`, or a bug: an edge that is not in the table. */
export function nextState(state: JobState, event: JobEvent): JobState {
  const edges: Partial<Record<JobEvent, JobState>> = JOB_MACHINE[state];
  const next = edges[event];
  if (next === undefined) {
    throw new AppError({
      code: "ILLEGAL_TRANSITION",
      message: `A job can't "${event}" from "${state}"`,
      actor: "bug",
    });
  }
  return next;
}

export function canHappen(state: JobState, event: JobEvent): boolean {
  return Object.hasOwn(JOB_MACHINE[state], event);
}

/** States in which the market counts the lease as held by us. */
export const HELD_STATES = [
  "leased",
  "admitted",
  "running",
  "computed",
  "submitting",
] as const satisfies JobState[];
/** States in which nothing has been promised yet: the lease can go back. */
export const UNSTARTED_STATES = ["leased", "admitted"] as const satisfies JobState[];
/** States in which a device still has to do something. */
export const UNSENT_STATES = ["leased", "admitted", "running"] as const satisfies JobState[];
/** States that nothing leads out of. */
export const FINAL_STATES = [
  "settled",
  "returned",
  "failed",
  "expired",
  "lost",
  "rejected",
] as const satisfies JobState[];
/** States that end badly. */
export const FAILED_STATES = ["failed", "expired", "lost", "rejected"] as const satisfies JobState[];
