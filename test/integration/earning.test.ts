/** The whole chain with real processes: devnet, engine, runtime with the real model; and the commands that drive it. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, it } from "vitest";
import { readDevnetLog } from "../../src/devnet/log.ts";
import { modelManifestSha256 } from "../../src/shared/digest.ts";
import { SECOND } from "../../src/shared/durations.ts";
import { AIT_COMPUTE_SECOND, fromMoneyValue } from "../../src/shared/money.ts";
import { bellows, descendants, isAlive, RunningDemo } from "../support/bellows.ts";
import { expect, sideBySide } from "../support/side-by-side.ts";
import { tempFolder } from "../support/temp-folder.ts";

sideBySide();

const CATALOGUE = fileURLToPath(new URL("../../resources/models/catalogue.json", import.meta.url));
const settledOnBoth = (demo: RunningDemo) =>
  demo.until(
    (state) => state.earnings.every((market) => BigInt(market.settledTotal.minor) > 0n),
    "money on both markets",
  );

describe.concurrent("a provider that earns", () => {
  it("proves itself in one command", async () => {
    const { code, stdout, stderr } = await bellows(["demo", "--until-accepted", "3", "--json"]);
    expect(code, stderr).toBe(0);
    expect(stdout.trim().split("\n")).toHaveLength(1);
    const report = JSON.parse(stdout) as Record<string, unknown> & {
      accepted: Record<string, number>;
      earned: Record<string, string>;
      first_accepted_ms: Record<string, number>;
    };
    expect(report.accepted.aitbc).toBeGreaterThanOrEqual(3);
    expect(report.accepted.aicf).toBeGreaterThanOrEqual(3);
    expect(report.failed).toBe(0);
    expect(Number(report.earned.AIT)).toBeGreaterThan(0);
    expect(Number(report.earned.ANM)).toBeGreaterThan(0);
    expect(report.first_accepted_ms.aicf).toBeGreaterThan(0);
    const catalogue = JSON.parse(readFileSync(CATALOGUE, "utf8")) as {
      models: { files: { path: string; sha256: string }[] }[];
    };
    expect(report.model_sha256).toBe(modelManifestSha256(catalogue.models[0]?.files ?? []));
    expect(report.device).toBeTruthy();
  });

  it("has exactly the money the markets booked, job by job", async () => {
    const demo = await RunningDemo.start("--rate", "4");
    await settledOnBoth(demo);
    await demo.invoke("run.finish", {});
    await demo.until((state) => state.engine.intent === "stopped", "the end of what was held");
    const state = await demo.until(
      (s) => s.earnings.every((market) => market.pendingTotal.minor === "0"),
      "everything accepted to be settled",
    );
    const log = readDevnetLog(demo.devnetLog);
    const ait = log.reduce(
      (sum, l) => (l.event === "escrow-released" ? sum + BigInt(l.netComputeSeconds) : sum),
      0n,
    );
    const anm = log.reduce((sum, l) => (l.event === "claimed" ? sum + BigInt(l.amount) : sum), 0n);
    const ours = Object.fromEntries(
      state.earnings.map((e) => [e.currency, fromMoneyValue(e.settledTotal).minor]),
    );
    expect(ours).toEqual({ AIT: ait * AIT_COMPUTE_SECOND, ANM: anm });

    const jobs = (await demo.invoke("jobs.list", { limit: 1000 })).jobs;
    expect(jobs.every((job) => job.state === "settled" || job.state === "returned")).toBe(true);
    const perJob = (currency: string) =>
      jobs.reduce(
        (sum, job) => (job.earned?.currency === currency ? sum + BigInt(job.earned.minor) : sum),
        0n,
      );
    expect({ AIT: perJob("AIT"), ANM: perJob("ANM") }).toEqual(ours);
  });

  it("gives receipts that anyone can check, and that notice a forged byte", async () => {
    const demo = await RunningDemo.start();
    const state = await demo.until((s) => s.throughput.acceptedTotal >= 2, "two results");
    const leaseId = state.recentJobs.find((job) => job.digest !== null)?.leaseId ?? "";
    const file = join(tempFolder(), "receipt.json");
    const written = await bellows(["receipt", leaseId, "-o", file, "--data", demo.folder]);
    expect(written.code, written.stderr).toBe(0);
    const good = await bellows(["verify", file]);
    expect(good.code, good.stdout + good.stderr).toBe(0);

    const receipt = JSON.parse(readFileSync(file, "utf8")) as { output: { sha3_512: string } };
    receipt.output.sha3_512 = receipt.output.sha3_512.replace(/^./, (digit) => (digit === "0" ? "1" : "0"));
    writeFileSync(file, JSON.stringify(receipt));
    expect((await bellows(["verify", file])).code).toBe(4);
  });

  it("pauses, resumes, finishes, and takes no work it was told not to take", async () => {
    const demo = await RunningDemo.start("--rate", "4");
    await demo.until((state) => state.throughput.acceptedTotal > 3, "work");
    await demo.invoke("run.pause", {});
    const paused = await demo.until(
      (state) => state.markets.every((m) => m.leasesHeld === 0),
      "the board to empty",
    );
    expect(paused.headline).toMatchObject({ level: "paused", sentence: "Paused" });
    const leasedBefore = readDevnetLog(demo.devnetLog).filter((line) => line.event === "leased").length;
    // A heartbeat of each market later (10 s at most) there is still no new lease, and both still hear from us.
    const since = Date.now();
    await demo.until(
      (state) => state.markets.every((m) => (m.lastHeartbeatAckAt ?? 0) > since),
      "heartbeats while paused",
    );
    expect(readDevnetLog(demo.devnetLog).filter((line) => line.event === "leased").length).toBe(leasedBefore);

    await demo.invoke("run.start", {});
    const before = paused.throughput.acceptedTotal;
    await demo.until((state) => state.throughput.acceptedTotal > before + 2, "work after resuming");
    await demo.invoke("run.finish", {});
    const done = await demo.until((state) => state.engine.intent === "stopped", "the finish");
    expect(done.headline.level).toBe("stopped");
  });

  it("ends in order on Ctrl-C and leaves no process behind", async () => {
    const demo = await RunningDemo.start();
    await demo.until((state) => state.throughput.acceptedTotal > 1, "work");
    const all = descendants(demo.process.child.pid ?? 0);
    expect(all.length).toBeGreaterThanOrEqual(3);
    demo.process.child.kill("SIGINT");
    expect(await demo.process.exited).toBe(0);
    expect(all.filter(isAlive)).toEqual([]);
  });

  // Alone: it has two seconds.
  it("stop frees the device at once: no runtime process is left", { concurrent: false }, async () => {
    const demo = await RunningDemo.start("--rate", "6");
    await demo.until((state) => state.devices.some((device) => device.runningJobs > 0), "a running job");
    await expect.poll(() => demo.pidOf("runtime")).not.toBeNull();
    await demo.invoke("run.stop", {});
    const state = await demo.until(
      ({ devices }) => devices[0]?.state === "asleep" && demo.pidOf("runtime") === null,
      "the runtime to be gone",
      2 * SECOND,
    );
    expect(state.devices[0]).toMatchObject({ runtimePid: null, runningJobs: 0 });
  });
});
