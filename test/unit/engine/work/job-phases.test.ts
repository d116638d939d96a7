import { expect, it } from "vitest";
import { phasesOf, timeIn } from "../../../../src/engine/work/job-phases.ts";
import type { JobState } from "../../../../src/shared/contract/views.ts";

const history = (...steps: readonly (readonly [JobState, number])[]) =>
  steps.map(([state, at]) => ({ state, at }));

it("a job's phases follow each other without a gap, its sending as one", () => {
  const phases = phasesOf(
    history(
      ["leased", 0],
      ["admitted", 1],
      ["running", 11],
      ["computed", 111],
      ["submitting", 112],
      ["accepted", 150],
      ["settled", 9_150],
    ),
  );
  expect(phases.map(({ name, from, to }) => [name, from, to])).toEqual([
    ["lease", 0, 1],
    ["queue", 1, 11],
    ["compute", 11, 111],
    ["submit", 111, 150],
    ["settle", 150, 9_150],
  ]);
  expect(timeIn(phases, "lease", "queue")).toBe(11);
});

it("a job that ran twice waited twice, and one that is not over has no last phase", () => {
  const phases = phasesOf(
    history(["leased", 0], ["admitted", 0], ["running", 5], ["admitted", 8], ["running", 20], ["failed", 50]),
  );
  expect(phases.map(({ name, into }) => `${name} → ${into}`)).toEqual([
    "lease → admitted",
    "queue → running",
    "compute → admitted",
    "queue → running",
    "compute → failed",
  ]);
  expect(timeIn(phases, "compute")).toBe(33);
  expect(timeIn(phases, "submit")).toBeNull();
  expect(phasesOf(history(["leased", 0]))).toEqual([]);
});
