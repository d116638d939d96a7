/**
 * What a look at a fleet costs the engine whose Fleet screen is open: 1,000 machines of 8 GPUs, read one by one from their
 * control APIs, from their metrics, and all at once from a Prometheus. They answer with what one real engine says.
 */
import { execFileSync, fork } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { fileURLToPath } from "node:url";
import { startDevnet } from "../../src/devnet/devnet.ts";
import { loadConfig } from "../../src/engine/config/from-environment.ts";
import { locatePaths } from "../../src/engine/config/paths.ts";
import { startEngine } from "../../src/engine/engine.ts";
import { FleetDesk } from "../../src/engine/fleet/desk.ts";
import { fleetPlace } from "../../src/engine/fleet/place.ts";
import { parseSamples } from "../../src/engine/fleet/samples.ts";
import { ForkProcessHost } from "../../src/host/fork-host.ts";
import { HOUR, MINUTE, SECOND } from "../../src/shared/durations.ts";
import { delay } from "../../src/shared/wait.ts";
import type { Said } from "./fleet-machines.ts";
import { benchOptions, median, report } from "./measure.ts";

const MACHINES = 1_000;
const GPUS = 8;
const options = benchOptions(5);
const folder = mkdtempSync(join(tmpdir(), "bellows-bench-"));

const said = await sayings();
const machines = fork(fileURLToPath(new URL("fleet-machines.ts", import.meta.url)));
machines.send(said);
const port = await new Promise<number>((resolve) =>
  machines.once("message", (value) => resolve(Number(value))),
);
const host = `127.0.0.1:${port}`;
writeFileSync(
  join(folder, "control.json"),
  JSON.stringify({ url: `http://${host}`, token: "t".repeat(43), pid: 1, startedAt: 1 }),
);
const named = (worker: (name: string) => object) => ({
  workers: Array.from({ length: MACHINES }, (_, index) => worker(`rack-${index}`)),
});
const result = {
  bench: "fleet",
  machines: MACHINES,
  gpus: GPUS,
  kilobytes: {
    snapshot: Math.round(said.snapshot.length / 1000),
    metrics: Math.round(said.metrics.length / 1000),
    prometheus: Math.round(said.prometheus.length / 1000),
  },
  control: await looks(named((name) => ({ name, control: "control.json" }))),
  metrics: await looks(named((name) => ({ name, metrics: `http://${host}/metrics` }))),
  prometheus: await looks({ prometheus: { url: `http://${host}` } }),
};
machines.disconnect();
rmSync(folder, { recursive: true, force: true });
report(result, options);
process.exit(0);

/** Processor and wall per look, and the longest time in which nothing else of the engine could run. */
async function looks(inventory: object) {
  writeFileSync(join(folder, "fleet.yaml"), JSON.stringify(inventory));
  let now = Date.now();
  const desk = new FleetDesk({
    place: () => fleetPlace({ file: undefined, prometheus: undefined, dataRoot: folder }),
    onPlace: () => undefined,
    signal: new AbortController().signal,
    now: () => now,
  });
  const { summary } = await desk.read();
  if (summary.reached !== MACHINES || summary.gpus !== MACHINES * GPUS)
    throw new Error(`Not the fleet that was meant: ${JSON.stringify(summary)}`);
  const [processor, wall, stops] = [[] as number[], [] as number[], [] as number[]];
  for (let round = 0; round < options.rounds; round++) {
    now += MINUTE;
    const stopped = monitorEventLoopDelay({ resolution: 2 });
    stopped.enable();
    const used = process.cpuUsage();
    const from = performance.now();
    await desk.read();
    wall.push(performance.now() - from);
    const { user, system } = process.cpuUsage(used);
    await delay(20);
    processor.push((user + system) / 1_000);
    stops.push(stopped.max / 1e6);
  }
  const ms = (values: readonly number[]) => Math.round(median(values));
  return { processorMs: ms(processor), wallMs: ms(wall), longestStopMs: ms(stops) };
}

/** One engine with a stub of NVML, connected to both markets. */
async function sayings(): Promise<Said> {
  const paths = locatePaths();
  mkdirSync(join(folder, "lib"));
  const source = fileURLToPath(new URL("../fixtures/nvml/stub.c", import.meta.url));
  execFileSync("cc", ["-shared", "-fPIC", "-o", join(folder, "lib", "libnvidia-ml.so.1"), source]);
  // Of one GPU the stub makes two.
  writeFileSync(join(folder, "script"), `gpus=${GPUS - 1}\n`);
  process.env.NVML_STUB = join(folder, "script");
  process.env.LD_LIBRARY_PATH = join(folder, "lib");
  const minerKey = "miner-key-for-the-bench-0123456789";
  const market = await startDevnet({
    dataFolder: join(folder, "market"),
    resourcesFolder: paths.resourcesFolder,
    ports: { coordinator: 0, chainRpc: 0, queue: 0, node: 0 },
    minerApiKey: minerKey,
    chainId: 1,
    epochMs: HOUR,
    demand: null,
  });
  const env = {
    AICF_QUEUE_URL: market.ready.queueUrl,
    RPC_URL: market.ready.nodeUrl,
    AITBC_COORDINATOR_URL: market.ready.coordinatorUrl,
    AITBC_COORDINATOR_KEY: minerKey,
    AITBC_RPC_URL: market.ready.chainRpcUrl,
    METRICS_PORT: "0",
    BELLOWS_AUTO_STAKE: "100",
    BELLOWS_DATA_DIR: folder,
    BELLOWS_KEY_PASSPHRASE: "correct horse battery staple",
  };
  const config = loadConfig({ env, flags: {}, paths });
  const data = join(folder, "engine");
  mkdirSync(data, { mode: 0o700 });
  const engine = await startEngine(
    { ...config, mode: "demo", dataFolder: data, control: null },
    new ForkProcessHost(),
  );
  await engine.handlers["run.pause"]({});
  const connected = () => engine.snapshot().state.markets.every(({ state }) => state === "registered");
  for (const end = Date.now() + MINUTE; !connected() && Date.now() < end; ) await delay(SECOND / 10);
  const snapshot = JSON.stringify(engine.snapshot());
  const level = JSON.stringify(await engine.handlers["service.level"]({ market: "aicf" }));
  const metrics = await (await fetch(engine.snapshot().state.engine.metricsUrl ?? "")).text();
  await engine.shutdown();
  await market.close();
  return { snapshot, level, metrics, prometheus: prometheusOf(metrics) };
}

/** As Prometheus answers the fleet's question, of each machine. */
function prometheusOf(metrics: string): string {
  const asked =
    /^(up|process_start|bellows_(build|gpu_(info|util|temp|power_w)|device_usable|market_(up|leases|last_h)|earn|sla))/;
  const oneOf = /^bellows_(intent|headline|device_state)$/;
  const told = parseSamples(metrics).filter(
    ({ name, value }) => asked.test(name) || (oneOf.test(name) && value === 1),
  );
  const result = Array.from({ length: MACHINES }, (_, index) =>
    told.map(({ name, labels, value }) => ({
      metric: { __name__: name, job: "bellows", instance: `rack-${index}:9108`, ...labels },
      value: [Date.now() / SECOND, String(value)],
    })),
  ).flat();
  return JSON.stringify({ status: "success", data: { result } });
}
