import { describe, expect, it } from "vitest";
import {
  canHappen,
  HELD_STATES,
  JOB_MACHINE,
  type JobEvent,
  nextState,
} from "../../../../src/engine/work/job-machine.ts";
import type { JobState } from "../../../../src/shared/contract/views.ts";
import { JobStateSchema } from "../../../../src/shared/contract/views.ts";

/** The whole machine once more, written by hand: a change of the table must be a decision, made in two places. */
const EDGES: [JobState, JobEvent, JobState][] = [
  ["leased", "admit", "admitted"],
  ["leased", "giveBack", "returned"],
  ["leased", "fail", "failed"],
  ["leased", "expire", "expired"],
  ["leased", "lose", "lost"],
  ["admitted", "run", "running"],
  ["admitted", "giveBack", "returned"],
  ["admitted", "fail", "failed"],
  ["admitted", "expire", "expired"],
  ["admitted", "lose", "lost"],
  ["running", "compute", "computed"],
  ["running", "requeue", "admitted"],
  ["running", "giveBack", "returned"],
  ["running", "fail", "failed"],
  ["running", "expire", "expired"],
  ["running", "lose", "lost"],
  ["computed", "submit", "submitting"],
  ["computed", "expire", "expired"],
  ["computed", "lose", "lost"],
  ["submitting", "submit", "submitting"],
  ["submitting", "accept", "accepted"],
  ["submitting", "reject", "rejected"],
  ["submitting", "expire", "expired"],
  ["submitting", "lose", "lost"],
  ["accepted", "settle", "settled"],
];
const EVENTS: JobEvent[] = [...new Set(EDGES.map(([, event]) => event))];

describe("the job machine", () => {
  it.each(EDGES)("%s --%s--> %s", (from, event, to) => {
    expect(nextState(from, event)).toBe(to);
  });

  const forbidden = JobStateSchema.options.flatMap((state) =>
    EVENTS.filter((event) => !EDGES.some(([from, e]) => from === state && e === event)).map(
      (event) => [state, event] as const,
    ),
  );
  it.each(forbidden)("%s refuses %s", (state, event) => {
    expect(canHappen(state, event)).toBe(false);
    expect(() => nextState(state, event)).toThrowError(
      expect.objectContaining({ code: "ILLEGAL_TRANSITION" }),
    );
  });

  it("never runs, fails or gives back a job whose result is promised", () => {
    for (const state of ["computed", "submitting", "accepted", "settled"] as const) {
      for (const event of ["run", "requeue", "fail", "giveBack", "compute"] as const) {
        expect(canHappen(state, event), `${state} ${event}`).toBe(false);
      }
    }
  });

  it("reaches an end from every state", () => {
    const ends = (state: JobState, seen: Set<JobState>): boolean => {
      const next = Object.values(JOB_MACHINE[state]) as JobState[];
      if (next.length === 0) return true;
      seen.add(state);
      return next.some((to) => !seen.has(to) && ends(to, seen));
    };
    for (const state of JobStateSchema.options) expect(ends(state, new Set()), state).toBe(true);
  });

  it("counts as held exactly what a market still waits for", () => {
    const waits = JobStateSchema.options.filter((state) => canHappen(state, "expire"));
    expect([...HELD_STATES].sort()).toEqual(waits.sort());
  });
});
