import { createServer } from "node:net";
import { join } from "node:path";
import { describe, it } from "vitest";
import { readDevnetLog } from "../../src/devnet/log.ts";
import { SECOND } from "../../src/shared/durations.ts";
import { ODD_TARGETS, statusOf, UPGRADE } from "../support/odd-targets.ts";
import { expect, onTestFinished, sideBySide } from "../support/side-by-side.ts";
import { tempFolder } from "../support/temp-folder.ts";
import { CHAIN_ID, devnetConfig, firstAnswer, forkDevnet, runDevnet } from "./devnet-process.ts";
import { getJson, submitJob, TestProvider } from "./devnet-provider.ts";

sideBySide();

/** A port that somebody else has. */
function takenPort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const address = server.address();
      resolve(typeof address === "object" && address ? address.port : 0);
    });
    onTestFinished(() => new Promise<void>((done) => server.close(() => done())));
  });
}

describe.concurrent("the devnet process", () => {
  it("listens on four ports and ends with code 0 when asked to", async () => {
    const { ready, child, exited } = await runDevnet(devnetConfig(tempFolder()));
    const health = [
      await getJson(`${ready.coordinatorUrl}/health`),
      await getJson(`${ready.chainRpcUrl}/rpc/head`),
      await getJson(`${ready.queueUrl}/healthz`),
      await getJson(`${ready.queueUrl}/readyz`),
    ];
    expect(health.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
    expect(health[0]?.body).toEqual({ status: "ok", env: "devnet", python_version: expect.any(String) });
    expect(health[1]?.body).toMatchObject({ height: 1, chain_id: "ait-hub" });
    child.kill("SIGTERM");
    expect(await exited).toEqual({ code: 0, signal: null });
  });

  it("ends when its parent lets go of it", async () => {
    const { child, exited } = await runDevnet(devnetConfig(tempFolder()));
    child.disconnect();
    expect(await exited).toEqual({ code: 0, signal: null });
  });

  it("lives on after requests no market ever gets", async () => {
    const { ready, child, exited } = await runDevnet(devnetConfig(tempFolder()));
    const { coordinatorUrl, gpuUrl, chainRpcUrl, queueUrl, nodeUrl } = ready;
    for (const url of [coordinatorUrl, gpuUrl, chainRpcUrl, queueUrl, nodeUrl]) {
      if (url === null) continue;
      for (const target of ODD_TARGETS) {
        expect(await statusOf(url, target), target).not.toBeNull();
        await statusOf(url, target, { headers: UPGRADE });
      }
    }
    expect((await getJson(`${queueUrl}/healthz`)).status).toBe(200);
    child.kill("SIGTERM");
    expect(await exited).toEqual({ code: 0, signal: null });
  });

  it("says which port is taken and what to do, and ends with code 1", async () => {
    const queue = await takenPort();
    const config = devnetConfig(tempFolder(), { ports: { coordinator: 0, chainRpc: 0, queue, node: 0 } });
    const process = forkDevnet(config);
    expect(await firstAnswer(process)).toEqual({
      fatal: {
        code: "PORT_IN_USE",
        message: `Port ${queue} (AICF queue) is already used by another program`,
        actor: "user",
        help: `End the program that uses port ${queue}, or choose another port for the AICF queue.`,
      },
    });
    expect(await process.exited).toEqual({ code: 1, signal: null });
  });

  it("refuses a configuration it does not understand", async () => {
    const process = forkDevnet({ ...devnetConfig(tempFolder()), minerApiKey: "short" });
    expect(await firstAnswer(process)).toMatchObject({
      fatal: { message: expect.stringContaining("minerApiKey") },
    });
    expect((await process.exited).code).toBe(1);
  });

  it("takes the ports it had when it is started again without naming any", async () => {
    const folder = tempFolder();
    const before = await runDevnet(devnetConfig(folder));
    before.child.kill("SIGKILL");
    await before.exited;
    const { ready } = await runDevnet(devnetConfig(folder));
    expect(ready).toEqual(before.ready);
  });

  it("loses nothing to kill -9 in the middle of work", { timeout: 60 * SECOND }, async () => {
    const folder = tempFolder();
    const demand = {
      jobsPerSecond: 40,
      maxQueued: 200,
      markets: ["aitbc" as const, "aicf" as const],
      seed: 5,
    };
    const config = devnetConfig(folder, { demand, payeeWallet: "ait1payee" });
    let devnet = await runDevnet(config);
    const provider = new TestProvider(devnet.ready.queueUrl, CHAIN_ID);
    await provider.enter();
    const accepted: string[] = [];

    for (let life = 0; life < 3; life++) {
      const worked = work(provider, accepted);
      const enough = accepted.length + 8;
      await expect
        .poll(() => accepted.length, { timeout: 20 * SECOND, interval: 5 })
        .toBeGreaterThanOrEqual(enough);
      devnet.child.kill("SIGKILL");
      await devnet.exited;
      await worked;
      devnet = await runDevnet(config);
    }

    // Everything that was answered is still there, once.
    for (const jobId of accepted) {
      const { body } = await getJson(`${devnet.ready.queueUrl}/v1/jobs/${jobId}`);
      expect(body).toMatchObject({ status: "completed", provider_id: provider.id });
    }
    const lines = readDevnetLog(join(folder, "log.jsonl"));
    expect(lines.map((line) => line.seq)).toEqual(lines.map((_, at) => at + 1));
    const results = lines.filter((line) => line.event === "result");
    const perJob = accepted.map((jobId) => results.filter((line) => line.jobId === jobId).length);
    expect(perJob).toEqual(accepted.map(() => 1));
    const offered = lines.filter((line) => line.event === "job-created" && line.market === "aicf");
    expect(new Set(offered.map((line) => line.event === "job-created" && line.jobId)).size).toBe(
      offered.length,
    );
    const detail = await getJson(`${devnet.ready.queueUrl}/v1/providers/${provider.id}`);
    expect(detail.body).toMatchObject({
      stake: { total: 100_000_000_000 },
      health_state: expect.stringMatching(/HEALTHY|DEGRADED/),
    });
    await submitJob(devnet.ready.queueUrl);
  });
});

/** Completes one lease after the other until the market is gone. */
async function work(provider: TestProvider, accepted: string[]): Promise<void> {
  try {
    for (;;) {
      await provider.heartbeat();
      for (const lease of await provider.acquire({ max: 4, wait_ms: 2000 })) {
        const { status } = await provider.complete(lease, Buffer.from(`output of ${lease.job_id}`));
        if (status === 200) accepted.push(lease.job_id);
      }
    }
  } catch (thrown) {
    // A killed market: the connection is refused or cut.
    if (!(thrown instanceof TypeError)) throw thrown;
  }
}
