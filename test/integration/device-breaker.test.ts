/**
 * A whole engine whose runtime dies with every job: the device rests, its market hears of no capacity, what had not begun
 * goes back in time for somebody else, and nothing is told to have failed.
 */
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { startDevnet } from "../../src/devnet/devnet.ts";
import { type DevnetLogLine, readDevnetLog } from "../../src/devnet/log.ts";
import { loadConfig } from "../../src/engine/config/from-environment.ts";
import { locatePaths } from "../../src/engine/config/paths.ts";
import { startEngine } from "../../src/engine/engine.ts";
import { PASSPHRASE_VARIABLE } from "../../src/engine/identity/identity.ts";
import { ForkProcessHost } from "../../src/host/fork-host.ts";
import { SECOND } from "../../src/shared/durations.ts";
import { MINER_API_KEY } from "../support/devnet.ts";
import { tempFolder } from "../support/temp-folder.ts";

const JOBS = 40;

test("a device whose runtime dies with every job rests, and its jobs go back", {
  timeout: 60 * SECOND,
}, async () => {
  const paths = locatePaths();
  const market = await startDevnet({
    dataFolder: tempFolder(),
    resourcesFolder: paths.resourcesFolder,
    ports: { coordinator: 0, chainRpc: 0, queue: 0, node: 0 },
    minerApiKey: MINER_API_KEY,
    chainId: 1,
    epochMs: 2 * SECOND,
    heartbeatMs: SECOND,
    demand: null,
  });
  onTestFinished(() => market.close());
  const { queueUrl, nodeUrl, logFile } = market.ready;
  const log = () => readDevnetLog(logFile);
  for (let n = 0; n < JOBS; n++) {
    // The fixture's process kills itself when it reads this.
    const job = { kind: "embed", model: "text-embed-001", input: ["crash"], fee: 1_000_000, requester: "c" };
    const answer = await fetch(`${queueUrl}/v1/jobs`, { method: "POST", body: JSON.stringify(job) });
    expect(answer.ok).toBe(true);
  }

  const env = {
    AICF_QUEUE_URL: queueUrl,
    RPC_URL: nodeUrl,
    CHAIN_ID: "1",
    GPU_BACKEND: "cpu",
    BELLOWS_AUTO_STAKE: "100",
    BELLOWS_STAKE_WITHOUT_BACKUP: "1",
    BELLOWS_DATA_DIR: tempFolder(),
    [PASSPHRASE_VARIABLE]: "correct horse battery staple",
  };
  const config = {
    ...loadConfig({ env, flags: {}, paths }),
    mode: "demo" as const, // Its key is made without the seconds that a passphrase takes.
    control: null,
    runtimeEntry: join(import.meta.dirname, "../fixtures/runtime/misbehaving.ts"),
  };
  const engine = await startEngine(config, new ForkProcessHost());
  onTestFinished(() => engine.shutdown());
  const state = () => engine.snapshot().state;

  await expect.poll(() => state().devices[0]?.state, { timeout: 40 * SECOND }).toBe("breaker");
  const [device] = state().devices;
  expect(device?.stateReason).toMatch(/^Resting for 3 min after 3 failures in a row: .*CUDA failure 719/);
  expect(device?.stateSaid).toMatchObject({ key: "restsAfter", values: { minutes: 3, failures: 3 } });

  // All of them go back, those that had run and those that had not.
  await expect.poll(() => state().markets[0]?.leasesHeld, { timeout: 10 * SECOND }).toBe(0);
  const leased = of(log(), "leased").length;
  await expect.poll(() => of(log(), "returned").length, { timeout: 10 * SECOND }).toBe(leased);
  expect(of(log(), "failed")).toEqual([]);
  // One batch runs, one waits: that is all a device takes, and this one takes no more.
  expect(leased).toBe(16);
  await expect.poll(() => of(log(), "heartbeat").at(-1)?.capacity, { timeout: 10 * SECOND }).toBe(0);
  const beats = of(log(), "heartbeat").length;
  await expect.poll(() => of(log(), "heartbeat").length, { timeout: 20 * SECOND }).toBeGreaterThan(beats + 1);
  expect(of(log(), "leased")).toHaveLength(leased);
});

type Of<E extends DevnetLogLine["event"]> = Extract<DevnetLogLine, { event: E }>;
function of<E extends DevnetLogLine["event"]>(log: readonly DevnetLogLine[], event: E): Of<E>[] {
  return log.filter((line): line is Of<E> => line.event === event);
}
