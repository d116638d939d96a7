/** A job's history as spans of time: what it waited for, and how long. */
import type { JobState } from "../../shared/contract/views.ts";

export const PHASES = ["lease", "queue", "compute", "submit", "settle"] as const;
export type PhaseName = (typeof PHASES)[number];

export interface Phase {
  readonly name: PhaseName;
  /** Unix ms. */
  readonly from: number;
  readonly to: number;
  /** The state it led to. */
  readonly into: JobState;
}

/** What a job does while it is in a state; in the others it is over. */
const PHASE_OF: Partial<Record<JobState, PhaseName>> = {
  leased: "lease",
  admitted: "queue",
  running: "compute",
  computed: "submit",
  submitting: "submit",
  accepted: "settle",
};

/** In order; a job that ran twice has two of `queue` and `compute`. A phase that is not over is not among them. */
export function phasesOf(timeline: readonly { readonly state: JobState; readonly at: number }[]): Phase[] {
  const phases: Phase[] = [];
  for (const [index, { state, at }] of timeline.entries()) {
    const next = timeline[index + 1];
    const name = PHASE_OF[state];
    if (next === undefined || name === undefined) continue;
    const last = phases.at(-1);
    if (last?.name === name) phases[phases.length - 1] = { ...last, to: next.at, into: next.state };
    else phases.push({ name, from: at, to: next.at, into: next.state });
  }
  return phases;
}

/** Milliseconds in all phases of these names together; null when there was none. A clock set back makes none negative. */
export function timeIn(phases: readonly Phase[], ...names: readonly PhaseName[]): number | null {
  const spans = phases.filter(({ name }) => names.includes(name));
  return spans.length === 0 ? null : spans.reduce((sum, { from, to }) => sum + Math.max(0, to - from), 0);
}
