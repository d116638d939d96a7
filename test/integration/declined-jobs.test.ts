/** What this machine can't compute goes back once and not in circles, and a market is not asked for it. */
import { join } from "node:path";
import { test } from "vitest";
import { startDevnet } from "../../src/devnet/devnet.ts";
import { type DevnetLogLine, readDevnetLog } from "../../src/devnet/log.ts";
import { loadConfig } from "../../src/engine/config/from-environment.ts";
import { locatePaths } from "../../src/engine/config/paths.ts";
import { startEngine } from "../../src/engine/engine.ts";
import { PASSPHRASE_VARIABLE } from "../../src/engine/identity/identity.ts";
import { ForkProcessHost } from "../../src/host/fork-host.ts";
import type { EngineConfig } from "../../src/shared/config.ts";
import { KIB, SECOND } from "../../src/shared/durations.ts";
import { MINER_API_KEY } from "../support/devnet.ts";
import { C_COMPILER, compileNvmlStub } from "../support/nvml-stub.ts";
import { expect, onTestFinished, sideBySide } from "../support/side-by-side.ts";
import { tempFolder } from "../support/temp-folder.ts";

sideBySide();

type Of<E extends DevnetLogLine["event"]> = Extract<DevnetLogLine, { event: E }>;
function of<E extends DevnetLogLine["event"]>(log: readonly DevnetLogLine[], event: E): Of<E>[] {
  return log.filter((line): line is Of<E> => line.event === event);
}

const MODEL = "text-embed-001";

async function aMarket() {
  const market = await startDevnet({
    dataFolder: tempFolder(),
    resourcesFolder: locatePaths().resourcesFolder,
    ports: { coordinator: 0, chainRpc: 0, queue: 0, node: 0 },
    minerApiKey: MINER_API_KEY,
    chainId: 1,
    epochMs: 2 * SECOND,
    heartbeatMs: SECOND,
    demand: null,
  });
  onTestFinished(() => market.close());
  const { queueUrl, logFile } = market.ready;
  return {
    ...market.ready,
    log: () => readDevnetLog(logFile),
    post: async (input: string, fee: number) => {
      const job = { kind: "embed", model: MODEL, input: [input], fee, requester: "c" };
      const answer = await fetch(`${queueUrl}/v1/jobs`, { method: "POST", body: JSON.stringify(job) });
      expect(answer.ok).toBe(true);
      return ((await answer.json()) as { job_id: string }).job_id;
    },
  };
}

async function anEngine(
  { queueUrl, nodeUrl }: { queueUrl: string; nodeUrl: string },
  settings: Record<string, string>,
  config: Partial<EngineConfig> = {},
  childEnv: Record<string, string> = {},
) {
  const env = {
    AICF_QUEUE_URL: queueUrl,
    RPC_URL: nodeUrl,
    CHAIN_ID: "1",
    BELLOWS_AUTO_STAKE: "100",
    BELLOWS_STAKE_WITHOUT_BACKUP: "1",
    BELLOWS_DATA_DIR: tempFolder(),
    [PASSPHRASE_VARIABLE]: "correct horse battery staple",
    ...settings,
  };
  const host = new ForkProcessHost();
  const engine = await startEngine(
    {
      ...loadConfig({ env, flags: {}, paths: locatePaths() }),
      mode: "demo", // Its key is made without the seconds that a passphrase takes.
      control: null,
      ...config,
    },
    { spawn: (spec) => host.spawn({ ...spec, env: { ...spec.env, ...childEnv } }) },
  );
  onTestFinished(() => engine.shutdown());
  return engine;
}

test.concurrent("a job that nobody can compute, at the head of the queue, is given up and does not keep those behind it from being done", {
  timeout: 90 * SECOND,
}, async () => {
  const market = await aMarket();
  // One text is longer than any job may bring, and pays best.
  const endless = await market.post("x".repeat(65 * KIB), 9_000_000);
  const possible = [await market.post("a", 1_000_000), await market.post("b", 1_000_000)];
  await anEngine(market, { GPU_BACKEND: "cpu", MAX_CONCURRENCY: "1" });

  const done = () => of(market.log(), "result").map(({ jobId }) => jobId);
  await expect.poll(done, { timeout: 60 * SECOND, interval: 200 }).toEqual(expect.arrayContaining(possible));
  expect(of(market.log(), "returned").filter(({ jobId }) => jobId === endless)).toHaveLength(3);
  expect(of(market.log(), "failed")).toMatchObject([
    { jobId: endless, code: "INPUT_TOO_LARGE", requeued: false },
  ]);
});

test.skipIf(C_COMPILER === null).concurrent(
  "nothing is taken for a model that no GPU has the memory for, and it is as soon as one has",
  async () => {
    const market = await aMarket();
    await market.post("a", 1_000_000);
    const stub = compileNvmlStub();
    // Next to nothing is free, and the driver names no program that has it.
    stub.behave({ gpus: 1, used: 24_000 });
    const runtimeEntry = join(import.meta.dirname, "../fixtures/runtime/misbehaving.ts");
    const env = { ...stub.env, TEST_LOAD: "no memory" };
    const engine = await anEngine(market, {}, { runtimeEntry }, env);
    const device = () => engine.snapshot().state.devices[0];
    await expect.poll(() => device()?.memoryUsedMb, { timeout: 20 * SECOND }).toBe(24_000);
    const beats = () => of(market.log(), "heartbeat").length;
    const before = beats();
    await expect.poll(beats, { timeout: 30 * SECOND }).toBeGreaterThan(before + 5);
    expect(device()?.kind).toBe("gpu");
    expect(of(market.log(), "leased")).toEqual([]);

    stub.behave({ gpus: 1 });
    // Somebody looks: an idle GPU is read every second then, not every 30.
    await engine.handlers["devices.watch"]({});
    await expect.poll(() => of(market.log(), "leased").length, { timeout: 30 * SECOND }).toBeGreaterThan(0);
  },
  90 * SECOND,
);
