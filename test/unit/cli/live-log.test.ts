/** The live log tells each result and each change of state once. */
import { describe, expect, it } from "vitest";
import { LiveLog } from "../../../src/cli/live-log.ts";
import type { Headline, JobRow } from "../../../src/shared/contract/views.ts";
import { aJob, aState } from "../../support/scripted-engine.ts";

function start() {
  const lines: string[] = [];
  const log = new LiveLog((line) => lines.push(line.replace(/^\d\d:\d\d:\d\d {2}/, "")));
  return { log, lines };
}

const headline = (change: Partial<Headline>): Headline => ({ ...aState().headline, ...change });

describe("the live log", () => {
  it("tells a job when it ends and not again when it settles", () => {
    const { log, lines } = start();
    const running: JobRow = aJob({ state: "running", earned: null });
    log.show({ recentJobs: [running] }, 0);
    log.show({ recentJobs: [{ ...running, state: "accepted" }] }, 0);
    log.show({ recentJobs: [{ ...running, state: "settled" }] }, 0);
    expect(lines).toEqual(["aicf   accepted  lease_1  3 texts  0.002 ANM"]);
  });

  it("tells the oldest first, with the reason of what went wrong", () => {
    const { log, lines } = start();
    log.show({ recentJobs: [] }, 0);
    const error = { code: "DEADLINE", message: "The lease ran out", actor: "market" as const };
    const failed = aJob({ leaseId: "newer", market: "aitbc", state: "expired", error });
    log.show({ recentJobs: [failed, aJob({ leaseId: "older", units: 1, state: "accepted" })] }, 0);
    expect(lines).toEqual([
      "aicf   accepted  older  1 text  0.0016 ANM",
      "aitbc  expired  newer  The lease ran out",
    ]);
  });

  it("says nothing of the jobs of an earlier run", () => {
    const { log, lines } = start();
    log.show({ recentJobs: [aJob()] }, 0);
    log.show({ recentJobs: [aJob({ leaseId: "new", state: "accepted", units: null }), aJob()] }, 0);
    expect(lines).toEqual(["aicf   accepted  new  0.0016 ANM"]);
  });

  it("tells a new state with its reasons, but not that time goes by", () => {
    const { log, lines } = start();
    const offline = (age: number) =>
      headline({ sentence: "No market answers", reasons: [{ text: `AICF is silent for ${age} s.` }] });
    log.show({ headline: headline({ sentence: "Working on 1 job" }) }, 0);
    log.show({ headline: headline({ sentence: "Working on 2 jobs" }) }, 0);
    log.show({ headline: offline(3) }, 0);
    log.show({ headline: offline(14) }, 0);
    log.show({ headline: headline({ sentence: "Earning" }) }, 0);
    expect(lines).toEqual(["Working on 1 job.", "No market answers. AICF is silent for 3 s.", "Earning."]);
  });
});
