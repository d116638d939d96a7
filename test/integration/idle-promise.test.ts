/**
 * What an engine without work promises (docs/benchmarks.md has the figures of a quiet machine): little memory, no process
 * but its own, and that its first wish for work follows from its start and waits for no clock. Linux only: it reads /proc.
 */
import { type ChildProcess, spawn } from "node:child_process";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished, test } from "vitest";
import { startDevnet } from "../../src/devnet/devnet.ts";
import { ENGINE_NODE_OPTIONS } from "../../src/host/engine-node.ts";
import { MINUTE } from "../../src/shared/durations.ts";
import { familyOf, rssMbOf } from "../bench/proc.ts";
import { openDoor } from "../support/market-door.ts";
import { tempFolder } from "../support/temp-folder.ts";

const REPOSITORY = fileURLToPath(new URL("../../", import.meta.url));
const NO_TIMERS = fileURLToPath(new URL("../fixtures/idle/no-timers.mjs", import.meta.url));
const MINER_KEY = "miner-key-of-the-test-0123456789";
const CHAIN_ID = 1337;
/** 90 MB are promised after five quiet minutes; this is soon after a start, on any machine. */
const MOST_MB = 110;

test.skipIf(process.platform !== "linux")(
  "an engine without work is small and alone, and asks for work without waiting for a timer",
  async () => {
    const devnet = await startDevnet({
      dataFolder: tempFolder(),
      resourcesFolder: path.join(REPOSITORY, "resources"),
      ports: { coordinator: 0, chainRpc: 0, queue: 0, node: 0 },
      minerApiKey: MINER_KEY,
      chainId: CHAIN_ID,
      epochMs: 60 * MINUTE,
      demand: null,
    });
    onTestFinished(() => devnet.close());
    const wishes = { aitbc: 0, aicf: 0 };
    const doors = {
      aitbc: await openDoor(devnet.ready.coordinatorUrl, () => wishes.aitbc++),
      aicf: await openDoor(devnet.ready.queueUrl, () => wishes.aicf++),
    };
    onTestFinished(() => {
      for (const { server } of Object.values(doors)) server.close();
    });
    const environment = {
      AITBC_COORDINATOR_URL: doors.aitbc.url,
      AITBC_RPC_URL: devnet.ready.chainRpcUrl,
      AITBC_COORDINATOR_KEY: MINER_KEY,
      AICF_QUEUE_URL: doors.aicf.url,
      RPC_URL: devnet.ready.nodeUrl,
      CHAIN_ID: String(CHAIN_ID),
      GPU_BACKEND: "cpu",
      METRICS_ENABLED: "1", // As `serve` ships.
      METRICS_PORT: "0",
      BELLOWS_AUTO_STAKE: "100",
      BELLOWS_STAKE_WITHOUT_BACKUP: "1",
      BELLOWS_KEY_PASSPHRASE: "correct horse battery staple",
      BELLOWS_DATA_DIR: tempFolder(),
    };
    const untilAsked = (engine: Engine) =>
      expect
        .poll(() => engine.child.exitCode !== null || (wishes.aitbc > 0 && wishes.aicf > 0), {
          timeout: MINUTE,
          message: "a wish for a lease at each market",
        })
        .toBe(true);

    // The first start makes the key and stakes, which takes blocks of the chain.
    const first = serve(environment);
    await untilAsked(first);
    expect(first.child.exitCode, first.said()).toBeNull();
    await expect.poll(() => rssMbOf(first.pid), { timeout: MINUTE }).toBeLessThan(MOST_MB);
    expect(rssMbOf(first.pid)).toBeGreaterThan(20);
    expect(familyOf(first.pid)).toEqual([first.pid]);
    await first.kill();

    wishes.aitbc = 0;
    wishes.aicf = 0;
    const second = serve(environment, ["--import", NO_TIMERS]);
    await untilAsked(second);
    expect(Math.min(wishes.aitbc, wishes.aicf), second.said()).toBeGreaterThan(0);
    await second.kill();
  },
  4 * MINUTE,
);

type Engine = ReturnType<typeof serve>;

/** As a service starts it. */
function serve(environment: Record<string, string>, more: readonly string[] = []) {
  const cli = path.join(REPOSITORY, "dist", "node", "cli.js");
  const child: ChildProcess = spawn(
    process.execPath,
    [...ENGINE_NODE_OPTIONS, ...more, cli, "serve", "--port", "0"],
    { env: { ...process.env, ...environment }, stdio: ["ignore", "pipe", "pipe"] },
  );
  let said = "";
  for (const stream of [child.stdout, child.stderr])
    stream?.on("data", (chunk: Buffer) => {
      said = (said + chunk.toString("utf8")).slice(-10_000);
    });
  const exited = new Promise((resolve) => child.once("exit", resolve));
  const kill = async () => {
    child.kill("SIGKILL");
    await exited;
  };
  onTestFinished(kill);
  return { child, pid: child.pid ?? 0, said: () => said, kill };
}
