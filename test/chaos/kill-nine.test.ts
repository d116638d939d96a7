/**
 * kill -9 of each process in the middle of work: it recovers by itself, no computed result is lost, and the markets
 * never hear two different digests for one lease. The markets' side is read from the devnet's own log.
 */
import { describe, it } from "vitest";
import { readDevnetLog } from "../../src/devnet/log.ts";
import type { JobDetail, JobRow } from "../../src/shared/contract/views.ts";
import { SECOND } from "../../src/shared/durations.ts";
import { isAlive, RunningDemo } from "../support/bellows.ts";
import { expect, sideBySide } from "../support/side-by-side.ts";

sideBySide();

const RATE = ["--rate", "6"];
/** One kill may be luck; and a kill between two jobs proves nothing, so they go on until one hit a job under way. */
const FEWEST_KILLS = 3;
const MOST_KILLS = 10;

describe.concurrent("kill -9 in the middle of a job", () => {
  it("of the runtime: the jobs run again in a new one", async () => {
    const demo = await RunningDemo.start(...RATE);
    const ranTwice = (job: JobDetail) => job.timeline.filter((step) => step.state === "running").length > 1;
    const victim = await killUntil(demo, "runtime", ranTwice);
    const done = await settledJob(demo, victim.leaseId);
    expect(done.attempts).toBeGreaterThan(1);
    await expectHonestBooks(demo);
  });

  it("of the engine: it starts again, sends what was computed, and runs again what was not", async () => {
    const demo = await RunningDemo.start(...RATE);
    const cutShort = (job: JobDetail) =>
      job.timeline.some((step) => step.note?.includes("engine ended") === true);
    const victim = await killUntil(demo, "engine", cutShort);
    await settledJob(demo, victim.leaseId);
    await expectHonestBooks(demo);
  });

  it("of the devnet: results wait until the markets are back, and arrive once", async () => {
    const demo = await RunningDemo.start(...RATE);
    await demo.until((state) => state.throughput.acceptedTotal >= 6, "the first results");
    for (let kill = 0; kill < 3; kill++) {
      const before = (await demo.state()).throughput.acceptedTotal;
      await killOne(demo, "devnet");
      await demo.until(
        (state) =>
          state.throughput.acceptedTotal > before + 5 &&
          state.markets.every(({ state: at, error }) => at === "registered" && error === null),
        "both markets to accept results again, and nothing to fail there",
      );
    }
    await expectHonestBooks(demo);
  });
});

async function killOne(demo: RunningDemo, which: "devnet" | "engine" | "runtime"): Promise<void> {
  const pid = demo.pidOf(which);
  if (pid === null) throw new Error(`no ${which} process to kill`);
  process.kill(pid, "SIGKILL");
  await expect.poll(() => isAlive(pid), { timeout: 5 * SECOND }).toBe(false);
}

/** Kill while jobs run, until the ledger shows one that was hit. */
async function killUntil(
  demo: RunningDemo,
  which: "engine" | "runtime",
  hit: (job: JobDetail) => boolean,
): Promise<JobDetail> {
  let victim: JobDetail | null = null;
  for (let kill = 1; kill <= MOST_KILLS && (kill <= FEWEST_KILLS || victim === null); kill++) {
    const before = await demo.until(
      (state) => state.devices.some((device) => device.runningJobs > 0) && demo.pidOf(which) !== null,
      "a running job",
    );
    await killOne(demo, which);
    await demo.until(
      (state) => state.throughput.acceptedTotal > before.throughput.acceptedTotal + 3,
      `results after kill ${kill} of the ${which}`,
    );
    const { jobs } = await demo.invoke("jobs.list", { limit: 200 });
    victim ??= await findJob(demo, jobs, hit);
  }
  if (victim === null) throw new Error(`none of ${MOST_KILLS} kills of the ${which} hit a job under way`);
  return victim;
}

async function findJob(
  demo: RunningDemo,
  rows: readonly JobRow[],
  wanted: (job: JobDetail) => boolean,
): Promise<JobDetail | null> {
  for (const { leaseId } of rows) {
    const job = await demo.invoke("jobs.get", { leaseId });
    if (wanted(job)) return job;
  }
  return null;
}

async function settledJob(demo: RunningDemo, leaseId: string): Promise<JobDetail> {
  await expect
    .poll(async () => (await demo.invoke("jobs.get", { leaseId })).state, { timeout: 40 * SECOND })
    .toMatch(/^(accepted|settled)$/);
  return demo.invoke("jobs.get", { leaseId });
}

/** Finish, then compare both sides: what we computed against what the markets were told. */
async function expectHonestBooks(demo: RunningDemo): Promise<void> {
  await demo.invoke("run.finish", {});
  await demo.until((state) => state.engine.intent === "stopped", "everything held to be finished");
  const results = readDevnetLog(demo.devnetLog).filter((line) => line.event === "result");
  expect(results.length).toBeGreaterThan(5);
  const digests = new Map<string, Set<string | null>>();
  for (const line of results) {
    expect(line.mismatch, `claimed and real digest of ${line.jobId}`).toBe(false);
    const key = `${line.market} ${line.leaseId ?? line.jobId}`;
    digests.set(key, (digests.get(key) ?? new Set()).add(line.sha3_512));
  }
  expect([...digests].filter(([, different]) => different.size > 1)).toEqual([]);

  const accepted = new Map(
    results
      .filter((line) => line.verdict === "accepted")
      .map((line) => [`${line.market} ${line.jobId}`, line.sha3_512]),
  );
  const ours = await everyJob(demo);
  for (const job of ours) {
    if (job.digest === null) continue;
    expect(["accepted", "settled"], `${job.market} ${job.leaseId} was computed`).toContain(job.state);
    expect(accepted.get(`${job.market} ${job.jobId}`)).toBe(job.digest);
    accepted.delete(`${job.market} ${job.jobId}`);
  }
  expect([...accepted.keys()], "accepted by a market, unknown to the ledger").toEqual([]);
}

async function everyJob(demo: RunningDemo) {
  const all = [];
  let before: string | undefined;
  do {
    const page = await demo.invoke("jobs.list", { limit: 1000, ...(before === undefined ? {} : { before }) });
    all.push(...page.jobs);
    before = page.next ?? undefined;
  } while (before !== undefined);
  return all;
}
