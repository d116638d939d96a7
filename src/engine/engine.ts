/**
 * The engine: everything a provider does, put together. It owns the ledger, talks to the markets, and starts a
 * runtime process per device when there is work; it knows nothing of windows, Electron or ONNX.
 */
import { join } from "node:path";
import { killLeftovers, PidNotingHost } from "../host/pid-file.ts";
import type { ProcessHost } from "../host/process-host.ts";
import type { EngineConfig } from "../shared/config.ts";
import type { ContractHandlers } from "../shared/contract/contract.ts";
import type { SelfTestReport } from "../shared/contract/self-test.ts";
import type { Delta, DeviceView, Snapshot } from "../shared/contract/views.ts";
import { SECOND } from "../shared/durations.ts";
import { AppError, type ErrorValue } from "../shared/errors.ts";
import { delay } from "../shared/wait.ts";
import { locatePaths } from "./config/paths.ts";
import { type ControlServer, startControlServer } from "./control/control-server.ts";
import type { Detection } from "./device/detect.ts";
import type { DeviceInfo } from "./device/device-info.ts";
import { describeDevice, describeUnusable } from "./device/device-view.ts";
import { openDevices } from "./device/open-devices.ts";
import { findMps, mpsNotice } from "./gpu-pack/mps.ts";
import { contractHandlers } from "./handlers.ts";
import { housekeeping } from "./housekeeping.ts";
import { identityFolder, openIdentity, PASSPHRASE_VARIABLE } from "./identity/identity.ts";
import { asLedgerError } from "./ledger/database.ts";
import { Ledger } from "./ledger/ledger.ts";
import { createAdapters } from "./market/adapters.ts";
import type { ProviderProfile } from "./market/port.ts";
import { MarketSession } from "./market/session.ts";
import { RETRY_FAILED } from "./models/manager.ts";
import { openModels } from "./models/open-models.ts";
import { OfferManager } from "./offers/manager.ts";
import { openRuntime } from "./runtime-client/open-runtime.ts";
import { readReferences } from "./self-test/reference.ts";
import { SelfTester } from "./self-test/self-tester.ts";
import { ServiceGuards } from "./sla/guards.ts";
import { StateKeeper } from "./state/keeper.ts";
import { ThroughputMeter } from "./state/throughput.ts";
import { sliceMakers } from "./state/views.ts";
import { judgeLease } from "./work/admission.ts";
import { WorkBoard } from "./work/board.ts";
import { DeviceFleet } from "./work/device-fleet.ts";
import { DeviceWorker } from "./work/device-worker.ts";
import { LeaseKeeper } from "./work/lease-keeper.ts";
import { ModelMemory } from "./work/model-memory.ts";
import { RunControl } from "./work/run-control.ts";
import { Submitter } from "./work/submitter.ts";

/** From the wish to end until what still runs is left for the next start. */
const SHUTDOWN_PATIENCE = 6 * SECOND;
const SHUTDOWN_LOOK = 50;

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

/** `now`: this machine's clock, unix ms; a test may set it wrong. */
export async function startEngine(
  config: EngineConfig,
  host: ProcessHost,
  now: () => number = Date.now,
): Promise<Engine> {
  const { version, entries } = locatePaths();
  const startedAt = now();
  const ledger = await Ledger.open(config.dataFolder);
  const pidFolder = join(config.dataFolder, "run");
  await killLeftovers(pidFolder);
  const processes = new PidNotingHost(host, pidFolder);

  /** Of leases that are not computed yet; all of them were admitted with a model that is in the catalogue. */
  const modelsInUse = (): string[] =>
    board
      .held()
      .filter(({ state }) => state === "leased" || state === "admitted" || state === "running")
      .flatMap(({ model }) => (models.has(model) ? [models.find(model).id] : []));
  const [identity, { store: models, manager: modelManager, notices: modelNotices }, { machine, watcher }] =
    await Promise.all([
      openIdentity({
        folder: identityFolder(config.dataFolder),
        mode: config.mode,
        passphrase: process.env[PASSPHRASE_VARIABLE],
      }),
      openModels(config, { inUse: (id) => modelsInUse().includes(id), retryFailedMs: RETRY_FAILED }),
      openDevices({
        wanted: config.gpuBackend,
        host: processes,
        nvmlEntry: entries.nvml,
        attention: () => ({ watched: state.watched, working: busy() }),
      }),
    ]);
  const selfTestReferences = await readReferences(config.resourcesFolder);
  await models.verifyAll();
  const modelProblem = models.problem();
  // A demo without a model has nothing to show. A live engine starts: a model can be fetched or allowed while it runs,
  // and what was computed before goes out.
  if (config.mode === "demo" && modelProblem !== null && modelProblem.code !== "MODEL_NOT_ALLOWED") {
    ledger.close();
    throw modelProblem;
  }

  const board = new WorkBoard({
    ledger,
    now,
    admit: (lease) =>
      judgeLease(lease, {
        taskOf: (name) => models.resolve(name).model.task,
        memoryShortage: (name) => fleet.memoryShortage(models.resolve(name).model),
        allowUnpaid: config.allowUnpaid,
        now,
      }),
  });
  function busy(): boolean {
    return board.held().some((lease) => lease.state === "running");
  }
  const freeMemoryMb = ({ id, memoryTotalMb }: DeviceInfo): number | null => {
    const { memoryUsedMb } = watcher.latest(id);
    return memoryTotalMb === null || memoryUsedMb === null ? null : Math.max(0, memoryTotalMb - memoryUsedMb);
  };
  const ownMemoryMb = ({ id }: DeviceInfo, pid: number | null): number | null =>
    watcher.latest(id).gpu?.processes?.find((process) => process.pid === pid)?.memoryMb ?? null;
  requireDevice(watcher.detection);
  const memory = new ModelMemory();
  const fleet: DeviceFleet = new DeviceFleet(
    {
      enlist: (device, devices) => {
        const free = () => freeMemoryMb(device);
        const runtime = openRuntime(config, { device, devices, host: processes, freeMemoryMb: free });
        const worker = new DeviceWorker({
          runtime,
          board,
          models,
          ledger,
          signer: identity,
          providerIdAt: (lease) => sessionOf(lease.market)?.providerId ?? identity.providerId,
          batchSize: config.batchSize,
          freeMemoryMb: free,
          ownMemoryMb: () => ownMemoryMb(device, runtime.status.pid),
          memory,
          others: () => fleet.members.map(({ runtime }) => runtime.device.id).filter((id) => id !== device.id),
          noGpuReason: watcher.detection.noGpuReason,
          isReserved: () => offers.reserved.has(device.id),
          now,
        });
        return { runtime, worker };
      },
      board,
      onChange: () => onDeviceChange(),
    },
    watcher.detection.devices,
  );
  const killRuntimes = () => fleet.killNow();
  const control = new RunControl({ ledger, board, now, killRuntimes }, config.startAs);

  const adapters = createAdapters(config, identity, now);
  const offers = new OfferManager({
    adapters,
    get devices() {
      return watcher.detection.devices
        .filter(({ kind }) => kind === "gpu")
        .map(({ id, name, memoryTotalMb }) => ({ id, name, memoryMb: memoryTotalMb }));
    },
    region: config.markets.aitbc?.region ?? null,
    ledger,
    now,
  });
  const fullQuota = Math.max(1, Math.floor(config.maxConcurrency / Math.max(1, adapters.length)));
  /** A rented device is no capacity for jobs. */
  const quota = () => {
    const { devices } = watcher.detection;
    const free = devices.filter(({ id }) => !offers.reserved.has(id)).length;
    return free === 0 ? 0 : Math.max(1, Math.floor((fullQuota * free) / devices.length));
  };
  const profile = (): ProviderProfile => ({
    name: config.markets.aicf?.name ?? "Bellows provider",
    region: config.markets.aicf?.region ?? config.markets.aitbc?.region ?? null,
    concurrency: fullQuota,
    models: models.offeredNames().filter((name) => guards.offers(models.find(name).id)),
    devices: watcher.detection.devices.map(({ id, name, memoryTotalMb }) => ({
      id,
      name,
      memoryMb: memoryTotalMb,
      healthy: !offers.reserved.has(id),
    })),
  });
  const guards = new ServiceGuards({
    markets: adapters,
    watched: (market) => sessionOf(market),
    fullQuota: quota,
    ledger,
    now,
    onChange: () => state.touch("markets", "headline"),
  });
  const sessions: MarketSession[] = adapters.map(
    (adapter) =>
      new MarketSession({
        adapter,
        board,
        control,
        ledger,
        quota: () => guards.quota(adapter.id),
        profile,
        advice: () => guards.sentences(adapter.id),
        now,
      }),
  );
  const sessionOf = (market: string) => sessions.find((session) => session.adapter.id === market);

  let notices: readonly ErrorValue[] = [
    ...ledger.notices,
    ...modelNotices.map((notice) => notice.toValue()),
    ...mpsNotice(config.mps ? findMps({ env: process.env }) : null),
  ];
  const throughput = new ThroughputMeter();
  const deviceViews = (): DeviceView[] => {
    const facts = {
      platform: process.platform,
      wsl: machine.wsl,
      wanted: config.gpuBackend,
      noGpuReason: watcher.detection.noGpuReason,
      ourPids: new Set(fleet.members.flatMap(({ runtime }) => runtime.status.pid ?? [])),
    };
    const working = fleet.members.map(({ runtime: { device }, worker }) => {
      const telemetry = watcher.latest(device.id);
      const lastSelfTest = ledger.devices.lastSelfTest(device.id);
      return describeDevice(worker.view(telemetry), device, telemetry, { ...facts, lastSelfTest });
    });
    return [...working, ...watcher.detection.unusable.map(describeUnusable)];
  };
  const selfTester = new SelfTester({
    runtimes: () => fleet.members.map(({ runtime }) => runtime),
    references: selfTestReferences,
    models,
    ledger,
    telemetry: async (id) => {
      await watcher.refresh();
      return watcher.latest(id);
    },
    isReserved: (id) => offers.reserved.has(id),
    mayTest: () => control.intent === "running",
    onResult: (report) => {
      noteSelfTest(guards, report);
      state.touch("devices");
    },
    now,
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
      machine,
      devices: deviceViews,
      throughput,
      models: () => modelManager.views(),
      modelProblem: () => {
        const problem = models.problem();
        return problem && { message: problem.message, help: problem.help };
      },
      now,
    }),
    now,
  );

  modelManager.onChange((change) => {
    state.touch("models");
    if (change === "progress") return;
    state.touch("headline");
    // The markets are told with a heartbeat, now.
    control.changed.ring();
  });
  board.onChange((change) => {
    if (change.state === "running") for (const id of modelsInUse()) modelManager.noteUsed(id);
    if (change.event === "accept") throughput.note(now());
    state.touch("recentJobs", "earnings", "throughput", "headline", "markets");
  });
  for (const session of sessions) session.onChange(() => state.touch("markets", "headline", "earnings"));
  function onDeviceChange(): void {
    state.touch("devices", "headline");
    watcher.attentionChanged();
  }
  watcher.onReadings(() => state.touch("devices"));
  watcher.onDetection((detection) => {
    ledger.audit("devices-changed", now(), detection);
    ledger.devices.noteSeen(detection.devices, now());
    fleet.set(detection.devices);
    selfTester.lookAgain();
    // The markets are told with a heartbeat, now.
    control.changed.ring();
  });
  control.onChange(() => {
    state.touch("engine", "headline");
    selfTester.lookAgain();
  });
  offers.onChange(() => {
    state.touch("devices");
    if (quota() === 0) board.giveBack("Every device is rented out", { running: false });
  });

  for (const notice of ledger.notices) ledger.audit("ledger-restored", now(), notice);
  const recovered = board.recover();
  ledger.audit("engine-started", now(), {
    version,
    mode: config.mode,
    recovered,
    machine,
    devices: watcher.detection,
  });
  ledger.devices.noteSeen(watcher.detection.devices, now());
  ledger.snapshot(now());
  await modelManager.resumeInterrupted();

  // Two lives: taking and running work ends first, delivering results and serving questions last.
  const work = new AbortController();
  const service = new AbortController();
  const workLoops = [
    fleet.run(work.signal),
    selfTester.runWhenDue(work.signal),
    new LeaseKeeper({ sessions, board, now }).run(work.signal),
  ];
  const serviceLoops = [
    ...sessions.map((session) => session.run(service.signal)),
    guards.run(service.signal),
    ...sessions.map((session) => new Submitter({ session, board, ledger, now }).run(service.signal)),
    offers.run(service.signal),
    watcher.run(service.signal),
    housekeeping(ledger, config, now, service.signal),
  ];
  let controlServer: ControlServer | null = null;
  const ended = Promise.withResolvers<void>();
  // A loop that throws has met what nobody foresaw (a full disk, a bug): better restarted than half alive.
  Promise.all([...workLoops, ...serviceLoops]).catch((thrown) => ended.reject(asLedgerError(thrown)));
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
    await fleet.stop();
    await Promise.allSettled(workLoops);
    await modelManager.close();
    service.abort(new DOMException("Shutting down", "AbortError"));
    await Promise.allSettled(serviceLoops);
    state.close();
    await controlServer?.close();
    ledger.audit("engine-stopped", now(), {});
    ledger.close();
  }

  const handlers = contractHandlers({
    ledger,
    control,
    state,
    sessions,
    offers,
    serviceLevel: (market) => guards.level(market),
    models: modelManager,
    devices: deviceViews,
    selfTest: (deviceId) => selfTester.run(deviceId, work.signal),
    dismissNotices: () => {
      notices = [];
      state.touch("engine");
    },
    shutdown,
  });
  const onDelta = (listener: (delta: Delta) => void) => {
    const stop = state.onDelta(listener);
    watcher.attentionChanged();
    return stop;
  };
  if (config.control !== null) {
    try {
      controlServer = await startControlServer({
        handlers,
        onDelta,
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
    onDelta,
    shutdown,
    ended: ended.promise,
  };
}

/** Forced onto a back end that nothing here has, it is said at once. */
function requireDevice({ devices, noGpuReason }: Detection): void {
  if (devices.length > 0) return;
  throw new AppError({
    code: "NO_DEVICE",
    message: `No device can run jobs: ${noGpuReason ?? "none was found"}`,
    actor: "user",
    help: "Set GPU_BACKEND=auto to work on the CPU meanwhile.",
  });
}

/** Only a wrong answer speaks against the model: a hot or slow device does not make results false. */
function noteSelfTest(guards: ServiceGuards, { model, steps }: SelfTestReport): void {
  const answer = steps.find(({ name }) => name === "answer");
  if (model === null || answer === undefined || answer.ok === null) return;
  guards.noteSelfTest(model.id, answer.ok, answer.detail);
}

/** Waits until `condition` holds, at most `patience` ms. */
async function until(condition: () => boolean, patience: number): Promise<void> {
  const deadline = Date.now() + patience;
  while (!condition() && Date.now() < deadline) await delay(SHUTDOWN_LOOK);
}
