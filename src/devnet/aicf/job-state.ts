/**
 * An AICF job's life as a table: state × event → state; a pair that is not here cannot happen.
 *
 *   queued ──assign──▶ leased ──complete──▶ completed
 *     ▲  ╰─expire─▶ expired ◀─expire─╯ │
 *     ╰────────────requeue────────────╯╰─fail──▶ failed
 */
import { AppError } from "../../shared/errors.ts";

export const JOB_STATES = ["queued", "leased", "completed", "expired", "failed"] as const;
export type JobState = (typeof JOB_STATES)[number];
export type JobEvent = "assign" | "complete" | "requeue" | "fail" | "expire";

const EDGES: Readonly<Record<JobState, Partial<Record<JobEvent, JobState>>>> = {
  queued: { assign: "leased", expire: "expired" },
  leased: { complete: "completed", requeue: "queued", fail: "failed", expire: "expired" },
  completed: {},
  expired: {},
  failed: {},
};

export function nextState(state: JobState, event: JobEvent): JobState {
  const next = EDGES[state][event];
  if (next === undefined) {
    throw new AppError({ code: "DEVNET_JOB_STATE", message: `A ${state} job cannot ${event}`, actor: "bug" });
  }
  return next;
}
