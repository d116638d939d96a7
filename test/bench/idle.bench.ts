/**
 * What a headless engine costs while there is no work: `bellows serve` as a service starts it, at a devnet of both
 * markets that has no jobs. Memory, processor time, wake-ups and processes after it has settled, and how soon after its
 * process began each market hears the first wish for a lease. Linux only: it reads /proc.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { startDevnet } from "../../src/devnet/devnet.ts";
import { ENGINE_NODE_OPTIONS } from "../../src/host/engine-node.ts";
import { MINUTE, SECOND } from "../../src/shared/durations.ts";
import { delay } from "../../src/shared/wait.ts";
import { openDoor } from "../support/market-door.ts";
import { benchOptions, median, report, round } from "./measure.ts";
import { cpuSecondsOf, familyOf, peakMbOf, pssMbOf, rssMbOf, wakeUpsOf } from "./proc.ts";

const KEY = "miner-key-of-the-bench-0123456789";
const CHAIN_ID = 1337;
/** Another built copy can be measured, to compare. */
const HOME = process.env.BELLOWS_BENCH_HOME ?? fileURLToPath(new URL("../../", import.meta.url));
/** Until what the start needed is given back, and V8 has compiled what it finds worth it. */
const SETTLE = 5 * MINUTE;
const IDLE = 2 * MINUTE;

type Market = "aitbc" | "aicf";

const options = benchOptions(5);
const folder = mkdtempSync(path.join(tmpdir(), "bellows-bench-idle-"));
const devnet = await startDevnet({
  dataFolder: path.join(folder, "devnet"),
  resourcesFolder: path.join(HOME, "resources"),
  ports: { coordinator: 0, chainRpc: 0, queue: 0, node: 0 },
  minerApiKey: KEY,
  chainId: CHAIN_ID,
  epochMs: 60 * MINUTE,
  demand: null,
});
/** When each market heard the first wish since this was cleared, unix ms. */
const wished = new Map<Market, number>();
const doors = {
  aitbc: await openDoor(devnet.ready.coordinatorUrl, () => noteWish("aitbc")),
  aicf: await openDoor(devnet.ready.queueUrl, () => noteWish("aicf")),
};
try {
  report(await measure(), options);
} finally {
  for (const { server } of Object.values(doors)) server.close();
  await devnet.close();
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
}

function noteWish(market: Market): void {
  if (!wished.has(market)) wished.set(market, Date.now());
}

async function measure() {
  const cold = await timed(start({ METRICS_ENABLED: "0" }));
  // Beside each other: two processes that wait don't disturb one another on two cores.
  const [quiet, watched] = await Promise.all([
    idle(start({ METRICS_ENABLED: "0" })),
    idle(start({ METRICS_ENABLED: "1", METRICS_PORT: "0", BELLOWS_DATA_DIR: path.join(folder, "watched") })),
  ]);
  const warm: Awaited<ReturnType<typeof timed>>[] = [];
  for (let index = 0; index < options.rounds; index++)
    warm.push(await timed(start({ METRICS_ENABLED: "0" })));
  const middle = (pick: (each: (typeof warm)[number]) => number) => median(warm.map(pick));
  return {
    note: "MB; cpuPct is of one core; ms from the start of the process to a market hearing the first wish for a lease",
    idle: { wantedRssMb: 90, wantedCpuPct: 0.2, withoutMetrics: quiet, withMetrics: watched },
    firstLeaseWish: {
      wantedMs: 1000,
      firstStart: cold,
      laterStarts: {
        rounds: options.rounds,
        aitbcMs: middle(({ aitbcMs }) => aitbcMs),
        aicfMs: middle(({ aicfMs }) => aicfMs),
        cpuMs: middle(({ cpuMs }) => cpuMs),
      },
    },
  };
}

/** From the process's first moment until both markets were asked for work, and what processor time that took. */
async function timed(started: Started) {
  await asked(started);
  const cpuMs = Math.round(familyOf(started.pid).reduce((sum, pid) => sum + cpuSecondsOf(pid), 0) * SECOND);
  const msOf = (market: Market) => (wished.get(market) ?? Number.NaN) - started.at;
  const times = { aitbcMs: msOf("aitbc"), aicfMs: msOf("aicf"), cpuMs };
  await end(started.child);
  return times;
}

async function idle(started: Started) {
  await asked(started);
  await delay(SETTLE);
  const { pid } = started;
  const before = { at: performance.now(), cpu: cpuSecondsOf(pid), wakeUps: wakeUpsOf(pid) };
  await delay(IDLE);
  const seconds = (performance.now() - before.at) / SECOND;
  const figures = {
    rssMb: round(rssMbOf(pid)),
    pssMb: round(pssMbOf(pid)),
    peakMb: round(peakMbOf(pid)),
    cpuPct: round(((cpuSecondsOf(pid) - before.cpu) / seconds) * 100),
    wakeUpsPerSecond: round((wakeUpsOf(pid) - before.wakeUps) / seconds),
    childProcesses: familyOf(pid).length - 1,
  };
  await end(started.child);
  return figures;
}

interface Started {
  readonly child: ChildProcess;
  readonly pid: number;
  /** Unix ms. */
  readonly at: number;
  readonly said: () => string;
}

function start(more: Record<string, string>): Started {
  wished.clear();
  const at = Date.now();
  const cli = path.join(HOME, "dist", "node", "cli.js");
  const child = spawn(process.execPath, [...ENGINE_NODE_OPTIONS, cli, "serve", "--port", "0"], {
    env: {
      ...process.env,
      AITBC_COORDINATOR_URL: doors.aitbc.url,
      AITBC_RPC_URL: devnet.ready.chainRpcUrl,
      AITBC_COORDINATOR_KEY: KEY,
      AICF_QUEUE_URL: doors.aicf.url,
      RPC_URL: devnet.ready.nodeUrl,
      CHAIN_ID: String(CHAIN_ID),
      // Where no GPU is, one is looked for every few seconds in the first five minutes: no idling yet.
      GPU_BACKEND: "cpu",
      BELLOWS_AUTO_STAKE: "100",
      BELLOWS_STAKE_WITHOUT_BACKUP: "1",
      BELLOWS_KEY_PASSPHRASE: "correct horse battery staple",
      BELLOWS_DATA_DIR: path.join(folder, "data"),
      ...more,
    },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let said = "";
  for (const stream of [child.stdout, child.stderr])
    stream?.on("data", (chunk: Buffer) => {
      said = (said + chunk.toString("utf8")).slice(-10_000);
    });
  return { child, pid: child.pid ?? 0, at, said: () => said };
}

async function asked({ child, said }: Started): Promise<void> {
  const deadline = Date.now() + MINUTE;
  while (!(wished.has("aitbc") && wished.has("aicf"))) {
    if (Date.now() > deadline || child.exitCode !== null)
      throw new Error(`No wish for a lease came:\n${said()}`);
    await delay(5);
  }
}

async function end(child: ChildProcess): Promise<void> {
  const gone = new Promise((resolve) => child.once("exit", resolve));
  child.kill("SIGTERM");
  const late = setTimeout(() => child.kill("SIGKILL"), 20 * SECOND);
  await gone;
  clearTimeout(late);
}
