/**
 * What a scrape costs: a whole engine with 16 GPUs (a stub of NVML, and runtimes that take a fixed time for a job), both
 * markets and a year of jobs in its ledger, asked over HTTP as Prometheus does, once work has filled its histograms.
 */
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { startDevnet } from "../../src/devnet/devnet.ts";
import { loadConfig } from "../../src/engine/config/from-environment.ts";
import { locatePaths } from "../../src/engine/config/paths.ts";
import { startEngine } from "../../src/engine/engine.ts";
import { ForkProcessHost } from "../../src/host/fork-host.ts";
import { MINUTE, SECOND } from "../../src/shared/durations.ts";
import { delay } from "../../src/shared/wait.ts";
import { writeBigLedger } from "../support/big-ledger.ts";
import { benchOptions, median, quantile, report, round } from "./measure.ts";

const JOBS = 500_000;
const DAYS = 365;
const MINER_KEY = "miner-key-for-the-bench-0123456789";
const WALLET = `ait1${"b".repeat(40)}`;
/** Of 15 GPUs one is split in two: 16 devices. */
const STUB_GPUS = 15;
const PACED = fileURLToPath(new URL("../fixtures/runtime/paced.ts", import.meta.url));
/** Accepted in this run, of each market. */
const ENOUGH_JOBS = 50;

const options = benchOptions(100);
const folder = mkdtempSync(join(tmpdir(), "bellows-bench-"));
const paths = locatePaths();

const library = join(folder, "lib", "libnvidia-ml.so.1");
mkdirSync(join(folder, "lib"));
const source = fileURLToPath(new URL("../fixtures/nvml/stub.c", import.meta.url));
execFileSync("cc", ["-shared", "-fPIC", "-o", library, source]);
writeFileSync(join(folder, "script"), `gpus=${STUB_GPUS}\n`);
process.env.NVML_STUB = join(folder, "script");
process.env.LD_LIBRARY_PATH = join(folder, "lib");

const data = join(folder, "engine");
mkdirSync(data, { mode: 0o700 });
await writeBigLedger(data, { jobs: JOBS, days: DAYS, now: Date.now(), pending: 1_000 });
const { size } = statSync(join(data, "ledger.sqlite"));

const market = await startDevnet({
  dataFolder: join(folder, "market"),
  resourcesFolder: paths.resourcesFolder,
  ports: { coordinator: 0, chainRpc: 0, queue: 0, node: 0 },
  minerApiKey: MINER_KEY,
  chainId: 1,
  payeeWallet: WALLET,
  epochMs: 10 * SECOND,
  // Once the engine takes nothing more, the queue is soon full and nothing new is made.
  demand: { jobsPerSecond: 20, maxQueued: 40, markets: ["aitbc", "aicf"], seed: 1 },
});
const { queueUrl, nodeUrl, coordinatorUrl, chainRpcUrl } = market.ready;
const env = {
  AICF_QUEUE_URL: queueUrl,
  RPC_URL: nodeUrl,
  AITBC_COORDINATOR_URL: coordinatorUrl,
  AITBC_COORDINATOR_KEY: MINER_KEY,
  AITBC_WALLET: WALLET,
  AITBC_RPC_URL: chainRpcUrl,
  METRICS_PORT: "0",
  BELLOWS_AUTO_STAKE: "100",
  BELLOWS_DATA_DIR: folder,
  BELLOWS_KEY_PASSPHRASE: "correct horse battery staple",
};
const config = loadConfig({ env, flags: {}, paths });
const began = performance.now();
const engine = await startEngine(
  { ...config, mode: "demo", dataFolder: data, control: null, runtimeEntry: PACED },
  new ForkProcessHost(),
);
const startMs = performance.now() - began;
const url = engine.snapshot().state.engine.metricsUrl ?? "";
await until("both markets to have accepted jobs", async () => {
  const page = await (await fetch(url)).text();
  return (["aitbc", "aicf"] as const).every(
    (market) => accepted(page, market) >= ENOUGH_JOBS && page.includes(`{market="${market}",call="credits"`),
  );
});
await engine.handlers["run.pause"]({});
await until("nothing more to be under way", async () => {
  const { markets, devices } = engine.snapshot().state;
  return (
    markets.every(({ leasesHeld }) => leasesHeld === 0) && devices.every((each) => each.runningJobs === 0)
  );
});

const times: number[] = [];
const inside: number[] = [];
let text = "";
let first = { user: 0, system: 0 };
const used = process.cpuUsage();
for (let n = 0; n < options.rounds; n++) {
  const from = performance.now();
  text = await (await fetch(url)).text();
  times.push(performance.now() - from);
  if (n === 0) first = process.cpuUsage(used);
  const own = /^bellows_scrape_seconds (\S+)$/m.exec(text)?.[1];
  if (n > 0) inside.push(Number(own) * SECOND);
  await delay(20);
}
const { user, system } = process.cpuUsage(used);
const devices = engine.snapshot().state.devices.length;
const samples = text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
await engine.shutdown();
await market.close();
rmSync(folder, { recursive: true, force: true });

report(
  {
    bench: "metrics",
    jobs: JOBS,
    days: DAYS,
    ledgerMb: Math.round(size / 1e6),
    devices,
    engineStartMs: Math.round(startMs),
    scrapes: options.rounds,
    httpMs: { first: round(times[0] ?? 0), p50: round(median(times)), p95: round(quantile(times, 0.95)) },
    // Without the client, whose own first request in a process costs the most.
    insideMs: {
      first: round(inside[0] ?? 0),
      p50: round(median(inside)),
      p95: round(quantile(inside, 0.95)),
    },
    // Of this process, client and all, whatever else the machine does.
    processorMs: {
      first: round((first.user + first.system) / 1_000),
      mean: round((user + system) / 1_000 / options.rounds),
    },
    series: samples.length,
    seriesPerDevice: round(samples.filter((line) => line.includes('device="')).length / devices),
    kilobytes: Math.round(text.length / 1000),
  },
  options,
);
process.exit(0);

/** How many jobs of this run were accepted, by the histogram that is filled with them. */
function accepted(page: string, market: "aitbc" | "aicf"): number {
  const line = new RegExp(`^bellows_job_seconds_count\\{market="${market}",phase="total"\\} (\\d+)$`, "m");
  return Number(line.exec(page)?.[1] ?? 0);
}

async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  for (const end = Date.now() + 2 * MINUTE; !(await holds()); ) {
    if (Date.now() > end) throw new Error(`Waited in vain for ${what}`);
    await delay(SECOND / 10);
  }
}
