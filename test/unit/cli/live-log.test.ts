/** The live log tells each result and each change of state once. */
import { describe, expect, it } from "vitest";
import { LiveLog } from "../../../src/cli/live-log.ts";
import type { DeviceView, Headline, JobRow } from "../../../src/shared/contract/views.ts";
import { aJob, aState } from "../../support/scripted-engine.ts";

function start() {
  const lines: string[] = [];
  const log = new LiveLog((line) => lines.push(line.replace(/^\d\d:\d\d:\d\d {2}/, "")));
  return { log, lines };
}

const aDevice = (): DeviceView => {
  const [device] = aState().devices;
  if (device === undefined) throw new Error("the scripted state has no device");
  return device;
};
const headline = (change: Partial<Headline>): Headline => ({ ...aState().headline, ...change });

describe("the live log", () => {
  it("tells a job when it ends and not again when it settles", () => {
    const { log, lines } = start();
    const running: JobRow = aJob({ state: "running", earned: null });
    log.show({ recentJobs: [running] }, 0);
    log.show({ recentJobs: [{ ...running, state: "accepted" }] }, 0);
    log.show({ recentJobs: [{ ...running, state: "settled", earned: aJob().earned }] }, 0);
    expect(lines).toEqual(["AICF   accepted  lease_1  3 texts  offered 0.002 ANM"]);
  });

  it("never shows an offer as money that came", () => {
    const { log, lines } = start();
    log.show({ recentJobs: [] }, 0);
    log.show(
      {
        recentJobs: [
          aJob({ leaseId: "unpriced", state: "accepted", fee: null, earned: null }),
          aJob({ leaseId: "credited", state: "settled" }),
        ],
      },
      0,
    );
    expect(lines).toEqual([
      "AICF   accepted  credited  3 texts  credited 0.0016 ANM",
      "AICF   accepted  unpriced  3 texts",
    ]);
  });

  it("tells the oldest first, with the reason of what went wrong", () => {
    const { log, lines } = start();
    log.show({ recentJobs: [] }, 0);
    const error = { code: "DEADLINE", message: "The lease ran out", actor: "market" as const };
    const failed = aJob({ leaseId: "newer", market: "aitbc", state: "expired", error });
    log.show({ recentJobs: [failed, aJob({ leaseId: "older", units: 1, state: "accepted" })] }, 0);
    expect(lines).toEqual([
      "AICF   accepted  older  1 text  credited 0.0016 ANM",
      "AITBC  expired  newer  The lease ran out",
    ]);
  });

  it("says which device works, and why no better one, once for each change", () => {
    const { log, lines } = start();
    const cpu = { ...aDevice(), kind: "cpu" as const, name: "A processor", backend: null };
    const backendReason = "No NVIDIA driver answered: nvidia-smi not found";
    log.show({ devices: [{ ...cpu, backendReason }] }, 0);
    log.show({ devices: [{ ...cpu, backendReason, backend: "cpu", utilisationPct: 50 }] }, 0);
    const gpu = { ...aDevice(), kind: "gpu" as const, name: "RTX 4090", backendReason: null };
    log.show({ devices: [{ ...gpu, backend: null }] }, 0);
    log.show({ devices: [{ ...gpu, backend: "cuda" }] }, 0);
    expect(lines).toEqual([
      `Works on A processor (CPU). ${backendReason}.`,
      "Works on RTX 4090.",
      "Works on RTX 4090 (CUDA).",
    ]);
  });

  it("says nothing of the jobs of an earlier run", () => {
    const { log, lines } = start();
    log.show({ recentJobs: [aJob()] }, 0);
    log.show({ recentJobs: [aJob({ leaseId: "new", state: "accepted", units: null }), aJob()] }, 0);
    expect(lines).toEqual(["AICF   accepted  new  credited 0.0016 ANM"]);
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

  it("tells two troubles that take turns once each, and again after something else", () => {
    const { log, lines } = start();
    const silent = (port: number) =>
      headline({ sentence: "No market answers", reasons: [{ text: `AITBC: 127.0.0.1:${port} is silent.` }] });
    const coordinator = silent(8203);
    const chain = { ...silent(0), reasons: [{ text: "AITBC: the chain node is silent." }] };
    for (const next of [coordinator, chain, coordinator, chain]) log.show({ headline: next }, 0);
    log.show({ headline: headline({ sentence: "Earning" }) }, 0);
    log.show({ headline: coordinator }, 0);
    expect(lines).toEqual([
      "No market answers. AITBC: 127.0.0.1:8203 is silent.",
      "No market answers. AITBC: the chain node is silent.",
      "Earning.",
      "No market answers. AITBC: 127.0.0.1:8203 is silent.",
    ]);
  });

  it("tells once what the engine noticed at its start", () => {
    const { log, lines } = start();
    const notice = {
      code: "LEDGER_RESTORED",
      message: "The ledger was damaged; the damaged file was kept as /data/ledger-damaged.sqlite",
      actor: "user" as const,
      help: "Compare the earnings.",
    };
    const { engine } = aState();
    log.show({ engine: { ...engine, notices: [notice] } }, 0);
    log.show({ engine: { ...engine, notices: [notice], intent: "paused" } }, 0);
    expect(lines).toEqual([
      "Notice: The ledger was damaged; the damaged file was kept as /data/ledger-damaged.sqlite. Compare the earnings.",
    ]);
  });
});
