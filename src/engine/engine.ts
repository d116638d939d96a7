/**
 * The engine: everything a provider does, put together. It owns the ledger, talks to the markets, and starts a
 * runtime process per device when there is work; it knows nothing of windows, Electron or ONNX.
 */
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { killLeftovers, PidNotingHost } from "../host/pid-file.ts";
import type { ProcessHost } from "../host/process-host.ts";
import type { EngineConfig } from "../shared/config.ts";
import type { ContractHandlers } from "../shared/contract/contract.ts";
import type { Delta, Snapshot } from "../shared/contract/views.ts";
import { DAY, HOUR, MINUTE, SECOND } from "../shared/durations.ts";
import { AppError } from "../shared/errors.ts";
import { delay } from "../shared/wait.ts";
import { locatePaths } from "./config/paths.ts";
import { type ControlServer, startControlServer } from "./control/control-server.ts";
import { type Detection, detectDevices } from "./device/detect.ts";
import { TelemetryPoller } from "./device/telemetry.ts";
import { contractHandlers } from "./handlers.ts";
import { type Identity, openIdentity, PASSPHRASE_VARIABLE } from "./identity/identity.ts";
import { Ledger } from "./ledger/ledger.ts";
import { createAicfAdapter } from "./market/aicf/adapter.ts";
import { createAitbcAdapter } from "./market/aitbc/adapter.ts";
import type { MarketAdapter, ProviderProfile } from "./market/port.ts";
import { MarketSession } from "./market/session.ts";
import { ModelStore } from "./models/store.ts";
import { RuntimeClient } from "./runtime-client/runtime-client.ts";
import { StateKeeper } from "./state/keeper.ts";
import { ThroughputMeter } from "./state/throughput.ts";
import { sliceMakers } from "./state/views.ts";
import { judgeLease } from "./work/admission.ts";
import { WorkBoard } from "./work/board.ts";
import { DeviceWorker } from "./work/device-worker.ts";
import { LeaseKeeper } from "./work/lease-keeper.ts";
import { RunControl } from "./work/run-control.ts";
import { Submitter } from "./work/submitter.ts";

/** From the wish to end until what still runs is left for the next start. */
const SHUTDOWN_PATIENCE = 6 * SECOND;
const SHUTDOWN_LOOK = 50;
const TELEMETRY_BUSY = 2 * SECOND;

export interface Engine {
  readonly handlers: ContractHandlers;
  readonly control: ControlServer | null;
  snapshot(): Snapshot;
  onDelta(listener: (delta: Delta) => void): () => void;
  /** Gives back what has not begun, waits a little for what runs, submits it, closes the ledger. Safe to repeat. */
  shutdown(): Promise<void>;
  /** Resolves after shutdown; rejects when the engine can't go on (a failed ledger write, a bug). */
  readonly ended: Promise<void>;
}

export async function startEngine(config: EngineConfig, host: ProcessHost): Promise<Engine> {
  const now = Date.now;
  const { version } = locatePaths();
  const startedAt = now();
  const ledger = await Ledger.open(config.dataFolder);
  const pidFolder = join(config.dataFolder, "run");
  await killLeftovers(pidFolder);

  const [identity, models, detection] = await Promise.all([
    openIdentity({
      folder: join(config.dataFolder, "identity"),
      mode: config.mode,
      passphrase: process.env[PASSPHRASE_VARIABLE],
    }),
    ModelStore.open({
      catalogueFile: join(config.resourcesFolder, "models", "catalogue.json"),
      modelFolders: config.modelFolders,
    }),
    detectDevices({ wanted: config.gpuBackend }),
  ]);
  const { ready: readyModels, problems: modelProblems } = await models.verifyAll();
  // Without a model nothing can be earned; what is computed already is kept and goes out after the next good start.
  if (readyModels.length === 0 && modelProblems[0]) {
    ledger.close();
    throw modelProblems[0];
  }

  const board = new WorkBoard({
    ledger,
    now,
    admit: (lease) =>
      judgeLease(lease, {
        requireModel: (name) => models.resolve(name),
        allowUnpaid: config.allowUnpaid,
        now,
      }),
  });
  const workers = createWorkers(config, new PidNotingHost(host, pidFolder), detection, (runtime) => ({
    runtime,
    board,
    models,
    ledger,
    signer: identity,
    providerIdAt: (lease) => sessionOf(lease.market)?.providerId ?? identity.providerId,
    batchSize: config.batchSize,
    now,
  }));
  const killRuntimes = () => {
    for (const { runtime } of workers) runtime.killNow();
  };
  const control = new RunControl({ ledger, board, now, killRuntimes }, config.startAs);

  const adapters = createAdapters(config, identity);
  const quota = Math.max(1, Math.floor(config.maxConcurrency / Math.max(1, adapters.length)));
  const profile = (): ProviderProfile => ({
    name: config.markets.aicf?.name ?? "Bellows provider",
    region: config.markets.aicf?.region ?? config.markets.aitbc?.region ?? null,
    concurrency: quota,
    models: models.offeredNames(),
    devices: detection.devices.map(({ id, name, memoryTotalMb }) => ({
      id,
      name,
      memoryMb: memoryTotalMb,
      healthy: true,
    })),
  });
  const sessions = adapters.map(
    (adapter) => new MarketSession({ adapter, board, control, ledger, quota, profile, now }),
  );
  const sessionOf = (market: string) => sessions.find((session) => session.adapter.id === market);

  let notices = ledger.notices;
  const throughput = new ThroughputMeter();
  const poller = new TelemetryPoller({
    devices: detection.devices,
    intervalMs: TELEMETRY_BUSY,
    onReadings: () => state.touch("devices"),
  });
  const state = new StateKeeper(
    sliceMakers({
      version,
      mode: config.mode,
      dataFolder: config.dataFolder,
      startedAt,
      notices: () => notices,
      ledger,
      board,
      control,
      sessions,
      devices: () => workers.map(({ worker, runtime }) => worker.view(poller.latest(runtime.device.id))),
      throughput,
      modelProblem: () => {
        const problem = models.offeredNames().length === 0 ? modelProblems[0] : undefined;
        return problem ? { message: problem.message, help: problem.help } : null;
      },
      now,
    }),
    now,
  );

  board.onChange((change) => {
    if (change.event === "accept") throughput.note(now());
    state.touch("recentJobs", "earnings", "throughput", "headline", "markets");
  });
  for (const session of sessions) session.onChange(() => state.touch("markets", "headline", "earnings"));
  for (const { worker } of workers) worker.onChange(() => state.touch("devices", "headline"));
  control.onChange(() => state.touch("engine", "headline"));

  for (const notice of notices) ledger.audit("ledger-restored", now(), notice);
  const recovered = board.recover();
  ledger.audit("engine-started", now(), { version, mode: config.mode, recovered, devices: detection });
  ledger.snapshot(now());

  // Two lives: taking and running work ends first, delivering results and serving questions last.
  const work = new AbortController();
  const service = new AbortController();
  const workLoops = [
    ...workers.map(({ worker }) => worker.run(work.signal)),
    new LeaseKeeper({ sessions, board, now }).run(work.signal),
  ];
  const serviceLoops = [
    ...sessions.map((session) => session.run(service.signal)),
    ...sessions.map((session) => new Submitter({ session, board, ledger, now }).run(service.signal)),
    housekeeping(ledger, config, now, service.signal),
  ];
  let controlServer: ControlServer | null = null;
  const ended = Promise.withResolvers<void>();
  // A loop that throws has met what nobody foresaw (a full disk, a bug): better restarted than half alive.
  Promise.all([...workLoops, ...serviceLoops]).catch((thrown) => ended.reject(thrown));
  ended.promise.catch(() => undefined); // Whoever started the engine looks at `ended`; nobody has to.

  let closing: Promise<void> | null = null;
  const shutdown = () => {
    closing ??= shutDown().then(ended.resolve, ended.reject);
    return closing;
  };

  async function shutDown(): Promise<void> {
    control.suspend();
    board.giveBack("The provider is shutting down", { running: false });
    await until(() => !busy(), SHUTDOWN_PATIENCE);
    work.abort(new DOMException("Shutting down", "AbortError"));
    await until(() => ledger.outbox.size() === 0, SHUTDOWN_PATIENCE / 2);
    await Promise.all(workers.map(({ runtime }) => runtime.stop()));
    await Promise.allSettled(workLoops);
    service.abort(new DOMException("Shutting down", "AbortError"));
    await Promise.allSettled(serviceLoops);
    poller[Symbol.dispose]();
    state.close();
    await controlServer?.close();
    ledger.audit("engine-stopped", now(), {});
    ledger.close();
  }

  const busy = () => board.held().some((lease) => lease.state === "running");
  const handlers = contractHandlers({
    ledger,
    control,
    state,
    devices: () => workers.map(({ worker, runtime }) => worker.view(poller.latest(runtime.device.id))),
    dismissNotices: () => {
      notices = [];
      state.touch("engine");
    },
    shutdown,
  });
  if (config.control !== null) {
    try {
      controlServer = await startControlServer({
        handlers,
        onDelta: (listener) => state.onDelta(listener),
        control: config.control,
        dataFolder: config.dataFolder,
      });
    } catch (thrown) {
      await shutdown();
      throw thrown;
    }
  }

  return {
    handlers,
    control: controlServer,
    snapshot: () => state.snapshot(),
    onDelta: (listener) => state.onDelta(listener),
    shutdown,
    ended: ended.promise,
  };
}

type WorkerParts = { readonly worker: DeviceWorker; readonly runtime: RuntimeClient };

function createWorkers(
  config: EngineConfig,
  host: ProcessHost,
  detection: Detection,
  depsFor: (runtime: RuntimeClient) => ConstructorParameters<typeof DeviceWorker>[0],
): readonly WorkerParts[] {
  if (detection.devices.length === 0) {
    throw new AppError({
      code: "NO_DEVICE",
      message: `No device can run jobs: ${detection.noGpuReason ?? "none was found"}`,
      actor: "user",
      help: "Set GPU_BACKEND=auto to work on the CPU meanwhile.",
    });
  }
  const threads = Math.max(1, Math.floor(availableParallelism() / detection.devices.length));
  return detection.devices.map((device) => {
    const runtime = new RuntimeClient({
      device,
      host,
      entry: config.runtimeEntry,
      backend: config.gpuBackend,
      threads,
      keepAliveMs: config.keepAliveMs,
    });
    return { runtime, worker: new DeviceWorker(depsFor(runtime)) };
  });
}

function createAdapters(config: EngineConfig, identity: Identity): MarketAdapter[] {
  const adapters: MarketAdapter[] = [];
  if (config.markets.aitbc) adapters.push(createAitbcAdapter(config.markets.aitbc));
  if (config.markets.aicf) adapters.push(createAicfAdapter(config.markets.aicf, { identity }));
  if (adapters.length === 0) {
    throw new AppError({
      code: "NO_MARKET",
      message: "No market is configured",
      actor: "user",
      help: "Set AITBC_COORDINATOR_URL or AICF_QUEUE_URL, or try the demo with `bellows demo`.",
    });
  }
  return adapters;
}

/** Prunes outputs every minute and keeps an hourly snapshot. */
async function housekeeping(
  ledger: Ledger,
  config: EngineConfig,
  now: () => number,
  signal: AbortSignal,
): Promise<void> {
  for (let minute = 1; !signal.aborted; minute++) {
    await delay(MINUTE, signal).catch(() => undefined);
    if (signal.aborted) return;
    ledger.results.prune(now() - config.keepOutputs.days * DAY, config.keepOutputs.bytes);
    if (minute % (HOUR / MINUTE) === 0) ledger.snapshot(now());
  }
}

/** Waits until `condition` holds, at most `patience` ms. */
async function until(condition: () => boolean, patience: number): Promise<void> {
  const deadline = Date.now() + patience;
  while (!condition() && Date.now() < deadline) await delay(SHUTDOWN_LOOK);
}
