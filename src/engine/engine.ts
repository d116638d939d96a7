/**
 * The engine: everything a provider does, put together. It owns the ledger, talks to the markets, and starts a
 * runtime process per device when there is work; it knows nothing of windows, Electron or ONNX.
 */
import { join } from "node:path";
import { killLeftovers, PidNotingHost } from "../host/pid-file.ts";
import type { ProcessHost } from "../host/process-host.ts";
import type { EngineConfig } from "../shared/config.ts";
import type { ContractHandlers } from "../shared/contract/contract.ts";
import type { Delta, DeviceView, Snapshot } from "../shared/contract/views.ts";
import { SECOND } from "../shared/durations.ts";
import { AppError, type ErrorValue } from "../shared/errors.ts";
import { delay } from "../shared/wait.ts";
import { locatePaths } from "./config/paths.ts";
import { type ControlServer, startControlServer } from "./control/control-server.ts";
import { type Readiness, readinessOf } from "./control/readiness.ts";
import type { Detection } from "./device/detect.ts";
import type { DeviceInfo } from "./device/device-info.ts";
import { describeDevice, describeUnusable } from "./device/device-view.ts";
import { DeviceHistory } from "./device/history.ts";
import { Onlooker } from "./device/onlooker.ts";
import { openDevices } from "./device/open-devices.ts";
import { WorkEnergy } from "./earnings/work-energy.ts";
import { findMps, mpsNotice } from "./gpu-pack/mps.ts";
import { contractHandlers } from "./handlers.ts";
import { housekeeping } from "./housekeeping.ts";
import { identityFolder, PASSPHRASE_VARIABLE } from "./identity/identity.ts";
import { KeyRing } from "./identity/key-ring.ts";
import { asLedgerError } from "./ledger/database.ts";
import { Ledger } from "./ledger/ledger.ts";
import { keepLog } from "./log/engine-log.ts";
import type { Log, LogConsole } from "./log/log.ts";
import { openLog } from "./log/open-log.ts";
import { Redactor, secretsIn } from "./log/redact.ts";
import { createAdapters } from "./market/adapters.ts";
import type { ProviderProfile } from "./market/port.ts";
import { MarketSession } from "./market/session.ts";
import { EnergyMeter } from "./metrics/energy-meter.ts";
import { loadObservers, Observers } from "./metrics/observers.ts";
import { RETRY_FAILED } from "./models/manager.ts";
import { openModels } from "./models/open-models.ts";
import { GPU_GONE, GPU_SWITCHED_OFF } from "./offers/fitness.ts";
import { OfferManager } from "./offers/manager.ts";
import { openPresence } from "./presence/open-presence.ts";
import { LoadPower } from "./pricing/load-power.ts";
import { openRuntime } from "./runtime-client/open-runtime.ts";
import { FailedModels } from "./self-test/failed-models.ts";
import { readReferences } from "./self-test/reference.ts";
import { SelfTester } from "./self-test/self-tester.ts";
import { energyPriceAt } from "./settings/energy-price.ts";
import { keepOutputs, openLiveSettings } from "./settings/open-settings.ts";
import { presenceRules } from "./settings/presence-rules.ts";
import type { LiveSettings } from "./settings/settings.ts";
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
const DIAGNOSED_EVENTS = 300;

export interface Engine {
  readonly handlers: ContractHandlers;
  readonly control: ControlServer | null;
  snapshot(): Snapshot;
  onDelta(listener: (delta: Delta) => void): () => void;
  /** Gives back what has not begun, waits a little for what runs, submits it, closes the ledger. Safe to repeat. */
  shutdown(): Promise<void>;
  readonly settings: LiveSettings;
  readonly log: Log;
  readonly readiness: () => Readiness;
  /** Takes nothing more and ends what is held, for at most `patience` ms. Then: shutdown. */
  drain(patience: number): Promise<void>;
  /** It ended because somebody wants it started again, with the settings as they are now. */
  readonly restartWanted: boolean;
  /** Resolves after shutdown; rejects when the engine can't go on (a failed ledger write, a bug). */
  readonly ended: Promise<void>;
}

/** `now`: this machine's clock, unix ms; a test may set it wrong. */
export async function startEngine(
  config: EngineConfig,
  host: ProcessHost,
  now: () => number = Date.now,
  console: LogConsole | null = null,
): Promise<Engine> {
  const { version, entries } = locatePaths();
  const startedAt = now();
  const ledger = await Ledger.open(config.dataFolder);
  const settings = openLiveSettings(config, ledger, now);
  const redactor = new Redactor([...secretsIn(process.env), ...secretsOf(config)]);
  const log = openLog(config, { redactor, console });
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
      KeyRing.open({
        folder: identityFolder(config.dataFolder),
        mode: config.mode,
        passphrase: process.env[PASSPHRASE_VARIABLE] || null,
        store: config.key?.store ?? null,
        storeRefused: config.key?.refused ?? null,
        mayWait: config.key !== undefined,
      }),
      openModels(config, { inUse: (id) => modelsInUse().includes(id), retryFailedMs: RETRY_FAILED }),
      openDevices({
        wanted: config.gpuBackend,
        visible: config.visibleGpus,
        host: processes,
        nvmlEntry: entries.nvml,
        attention: () => ({
          watched: onlooker.looks,
          working: busy(),
          waiting: presence.keeper.waitsForReadings,
        }),
      }),
    ]);
  const selfTestReferences = await readReferences(config.resourcesFolder);
  const observersCode = await loadObservers(config);
  await models.verifyAll();
  const modelProblem = models.problem();
  // A demo without a model has nothing to show. A live engine starts: a model can be fetched or allowed while it runs,
  // and what was computed before goes out.
  if (config.mode === "demo" && modelProblem !== null && modelProblem.code !== "MODEL_NOT_ALLOWED") {
    ledger.close();
    throw modelProblem;
  }

  const onlooker = new Onlooker();
  const history = new DeviceHistory();
  const board = new WorkBoard({
    ledger,
    now,
    admit: (lease) =>
      judgeLease(lease, {
        taskOf: (name) => {
          const { id, task } = models.resolve(name).model;
          if (isDistrusted(id)) throw distrusted(id);
          return task;
        },
        memoryShortage: (name) => fleet.memoryShortage(models.resolve(name).model),
        allowUnpaid: settings.value("allowUnpaid") ?? config.allowUnpaid,
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
  const failedModels = new FailedModels({ lastReport: (device) => ledger.devices.lastReport(device) });
  /** On every device here its answers came out wrong. */
  function isDistrusted(model: string): boolean {
    const { members } = fleet;
    return (
      members.length > 0 && members.every(({ runtime }) => failedModels.failedOn(model, runtime.device.id))
    );
  }
  const fleet: DeviceFleet = new DeviceFleet(
    {
      enlist: (device, devices) => {
        const free = () => freeMemoryMb(device);
        failedModels.recall(device);
        const runtime = openRuntime(config, { device, devices, host: processes, freeMemoryMb: free });
        const worker = new DeviceWorker({
          runtime,
          board,
          models,
          ledger,
          signer: identity,
          providerIdAt: (lease) => sessionOf(lease.market)?.providerId ?? identity.providerId,
          get batchSize() {
            return settings.value("batchSize") ?? config.batchSize;
          },
          freeMemoryMb: free,
          ownMemoryMb: () => ownMemoryMb(device, runtime.status.pid),
          memory,
          others: () =>
            fleet.members
              .map(({ runtime }) => runtime.device.id)
              .filter((id) => id !== device.id && presence.canWork(id)),
          noGpuReason: watcher.detection.noGpuReason,
          jobMaxRuntimeMs: config.jobMaxRuntimeMs,
          isDistrusted: (model) => failedModels.failedOn(model, device.id),
          isReserved: () => offers.reserved.has(device.id),
          isPaused: () => presence.pauseOf(device.id) !== null,
          now,
        });
        return { runtime, worker };
      },
      board,
      onChange: () => onDeviceChange(),
    },
    watcher.detection.devices,
  );
  const presence = openPresence({
    ledger,
    board,
    fleet,
    watcher,
    isReserved: (id) => offers.reserved.has(id),
    rules: () => presenceRules(settings),
    onPause: () => {
      state.touch("devices", "headline");
      watcher.attentionChanged();
      selfTester.lookAgain();
      offers.lookAgain();
      // The markets are told with a heartbeat, now.
      control.changed.ring();
    },
    onSignals: () => state.touch("devices"),
    now,
  });
  const killRuntimes = () => fleet.killNow();
  const control = new RunControl({ ledger, board, now, killRuntimes }, config.startAs);

  const loadPower = new LoadPower();
  const observers = new Observers(
    observersCode,
    createAdapters(config, identity, now, (market) => (what, facts) => log.debug(what, { market, ...facts })),
    {
      version,
      ledger,
      dataFolder: config.dataFolder,
      modelId: (name) => (models.has(name) ? models.find(name).id : null),
      providerId: (market) => sessionOf(market)?.providerId ?? null,
    },
  );
  const { adapters } = observers;
  const electricity = () => energyPriceAt(settings, now());
  const workEnergy = new WorkEnergy({ energy: ledger.energy, now });
  const offers = new OfferManager({
    adapters,
    get devices() {
      return watcher.detection.devices
        .filter(({ kind }) => kind === "gpu")
        .map(({ id, name, memoryTotalMb }) => ({ id, name, memoryMb: memoryTotalMb }));
    },
    region: config.markets.aitbc?.region ?? null,
    testOf: (id) => {
      const device = watcher.detection.devices.find((each) => each.id === id);
      if (device === undefined) return GPU_GONE;
      return presence.keeper.viewOf(id).enabled ? selfTester.standing(device) : GPU_SWITCHED_OFF;
    },
    wantTest: () => selfTester.lookAgain(),
    power: (id) => ({
      measuredWatts: loadPower.measured(id),
      limitWatts: watcher.latest(id).gpu?.powerLimitW ?? null,
    }),
    electricity,
    ledger,
    now,
  });
  const fullQuota = () =>
    Math.max(
      1,
      Math.floor((settings.value("maxConcurrency") ?? config.maxConcurrency) / Math.max(1, adapters.length)),
    );
  /** A device that is rented out or paused is no capacity for jobs. */
  const quota = () => {
    const { devices } = watcher.detection;
    const free = devices.filter(({ id }) => presence.canWork(id)).length;
    return free === 0 ? 0 : Math.max(1, Math.floor((fullQuota() * free) / devices.length));
  };
  const profile = (): ProviderProfile => ({
    name: config.markets.aicf?.name ?? "Bellows provider",
    region: config.markets.aicf?.region ?? config.markets.aitbc?.region ?? null,
    concurrency: fullQuota(),
    models: models.offeredNames().filter((name) => !isDistrusted(models.find(name).id)),
    devices: watcher.detection.devices.map(({ id, name, memoryTotalMb }) => ({
      id,
      name,
      memoryMb: memoryTotalMb,
      healthy: presence.canWork(id),
    })),
  });
  const guards = new ServiceGuards({
    failedModels: () => failedModels.list,
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
        warnings: () => guards.warnings(adapter.id),
        now,
      }),
  );
  const sessionOf = (market: string) => sessions.find((session) => session.adapter.id === market);

  let notices: readonly ErrorValue[] = [
    ...ledger.notices,
    ...settings.notices.map((notice) => notice.toValue()),
    ...modelNotices.map((notice) => notice.toValue()),
    ...mpsNotice(config.mps ? findMps({ env: process.env }) : null),
  ];
  const throughput = new ThroughputMeter();
  const energy = new EnergyMeter();
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
    const all = [...working, ...watcher.detection.unusable.map(describeUnusable)];
    return all.map((view) => ({ ...view, ...presence.keeper.viewOf(view.id) }));
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
    pauseOf: (id) => presence.pauseOf(id)?.text ?? null,
    mayTest: () => control.intent === "running",
    onStart: () => state.touch("offers"),
    onResult: (report) => {
      failedModels.note(report);
      guards.look();
      if (report.model !== null && isDistrusted(report.model.id))
        board.giveBack("No device computes this model rightly", { running: false });
      state.touch("devices");
      offers.lookAgain();
    },
    now,
  });
  const slices = sliceMakers({
    version,
    mode: config.mode,
    dataFolder: config.dataFolder,
    startedAt,
    metricsUrl: () => observers.metricsUrl,
    notices: () => notices,
    ledger,
    board,
    control,
    sessions,
    machine,
    devices: deviceViews,
    throughput,
    models: () => modelManager.views(),
    offers: () => offers.view(),
    settings: () => settings.view(),
    keyProblem: () => identity.problem,
    modelProblem: () => {
      const problem = models.problem();
      return problem && { message: problem.message, help: problem.help };
    },
    now,
  });
  const state = new StateKeeper(slices, now);
  settings.onChange((changed) => {
    if (changed.has("logLevel")) log.setLevel(settings.value("logLevel") ?? "info");
    state.touch("settings", "devices", "offers", "headline");
    presence.keeper.lookNow();
    offers.lookAgain();
    control.changed.ring();
  });

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
    observers.noteJob(change);
    workEnergy.noteJob(change);
    state.touch("recentJobs", "earnings", "throughput", "headline", "markets");
  });
  for (const session of sessions) session.onChange(() => state.touch("markets", "headline", "earnings"));
  function onDeviceChange(): void {
    state.touch("devices", "headline");
    watcher.attentionChanged();
  }
  watcher.onReadings(() => {
    workEnergy.noteReadings(
      new Map(watcher.detection.devices.map(({ id }) => [id, watcher.latest(id).powerW])),
    );
    for (const { runtime, worker } of fleet.members) {
      const { id } = runtime.device;
      const telemetry = watcher.latest(id);
      const { runningJobs, backend } = worker.view(telemetry);
      // A GPU whose jobs run on the processor does not show what it draws at work.
      loadPower.note(id, telemetry.powerW, runningJobs > 0 && backend !== "cpu");
    }
    for (const view of deviceViews()) {
      history.note(view.id, now(), view);
      energy.note(view.id, view.powerW, performance.now());
    }
    state.touch("devices");
  });
  watcher.onDetection((detection) => {
    ledger.audit("devices-changed", now(), detection);
    ledger.devices.noteSeen(detection.devices, now());
    fleet.set(detection.devices);
    selfTester.lookAgain();
    offers.lookAgain();
    // The markets are told with a heartbeat, now.
    control.changed.ring();
  });
  control.onChange(() => {
    state.touch("engine", "headline");
    selfTester.lookAgain();
  });
  offers.onChange(() => {
    state.touch("devices", "offers");
    if (quota() === 0) board.giveBack("Every device is rented out", { running: false });
  });

  const stopLog = keepLog(log, { ledger, board, headline: slices.headline });
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
  await modelManager.resumeInterrupted();

  // Two lives: taking and running work ends first, delivering results and serving questions last.
  // Before anything runs: what the person said when the engine last ran still holds.
  presence.keeper.lookNow();
  const work = new AbortController();
  const service = new AbortController();
  const workLoops = [
    // Without the key nothing can be signed: no market hears of us, and no job is run.
    whenOpen(identity, work.signal, () => fleet.run(work.signal)),
    selfTester.runWhenDue(work.signal),
    presence.run(work.signal),
    new LeaseKeeper({ sessions, board, now }).run(work.signal),
  ];
  const serviceLoops = [
    ...sessions.map((session) => whenOpen(identity, service.signal, () => session.run(service.signal))),
    guards.run(service.signal),
    ...sessions.map((session) => new Submitter({ session, board, ledger, now }).run(service.signal)),
    offers.run(service.signal),
    watcher.run(service.signal),
    observers.run(service.signal),
    housekeeping(ledger, () => keepOutputs(settings, config), now, service.signal),
  ];
  let controlServer: ControlServer | null = null;
  const ended = Promise.withResolvers<void>();
  // A loop that throws has met what nobody foresaw (a full disk, a bug): better restarted than half alive.
  Promise.all([...workLoops, ...serviceLoops]).catch((thrown) => ended.reject(asLedgerError(thrown)));
  ended.promise.catch(() => undefined); // Whoever started the engine looks at `ended`; nobody has to.

  let closing: Promise<void> | null = null;
  let restartWanted = false;
  const shutdown = () => {
    closing ??= shutDown().then(ended.resolve, ended.reject);
    return closing;
  };

  async function drain(patience: number): Promise<void> {
    control.suspend();
    const isEmpty = () => board.held().every(({ state }) => state === "computed" || state === "submitting");
    await until(isEmpty, patience);
  }

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
    await observers.close();
    workEnergy.flush();
    ledger.audit("engine-stopped", now(), {});
    stopLog();
    log.close();
    ledger.close();
  }

  const handlers = contractHandlers({
    ledger,
    control,
    state,
    sessions,
    earnings: { ledger, markets: adapters, electricity, now },
    offers,
    identity: {
      keys: identity,
      onDeed: (deed) => {
        ledger.audit("key-used", now(), { deed });
        state.touch("headline");
      },
      restart: () => {
        restartWanted = true;
        void shutdown();
      },
    },
    verifier: {
      leases: ledger.leases,
      results: ledger.results,
      models,
      runtimes: () =>
        fleet.members.map(({ runtime }) => runtime).filter(({ device }) => !offers.reserved.has(device.id)),
      signal: work.signal,
    },
    serviceLevel: (market) => guards.level(market),
    models: modelManager,
    settings: {
      settings,
      redactor,
      state: () => state.snapshot().state,
      events: () => ledger.activity.list({}, { limit: DIAGNOSED_EVENTS }).events.toReversed(),
      log: () => log.newest(),
      signal: service.signal,
      restart: () => {
        restartWanted = true;
        return shutdown();
      },
      now,
    },
    device: { devices: deviceViews, presence: presence.keeper, history, onlooker, watcher },
    selfTest: (deviceId) => selfTester.run(deviceId, work.signal),
    dismissNotices: () => {
      notices = [];
      state.touch("engine");
    },
    shutdown,
  });
  const onDelta = (listener: (delta: Delta) => void) => state.onDelta(listener);
  try {
    const notice = await observers.serve(config, {
      slices,
      board,
      level: (market) => guards.level(market),
      offers: () => offers.list(),
      energy: () => energy.joules,
    });
    if (notice !== null) notices = [...notices, notice];
  } catch (thrown) {
    await shutdown();
    throw thrown;
  }
  if (config.control !== null) {
    try {
      controlServer = await startControlServer({
        handlers,
        onDelta,
        control: config.control,
        dataFolder: config.dataFolder,
        readiness: () => readinessOf(slices.markets(), control.intent),
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
    settings,
    log,
    readiness: () => readinessOf(slices.markets(), control.intent),
    drain,
    get restartWanted() {
      return restartWanted;
    },
    ended: ended.promise,
  };
}

function secretsOf({ markets, key }: EngineConfig): (string | null | undefined)[] {
  return [
    markets.aitbc?.walletKey,
    markets.aitbc?.coordinatorKey,
    markets.aitbc?.gpuKey,
    markets.aicf?.secret,
    key?.store?.secret,
  ];
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

function distrusted(model: string): AppError {
  return new AppError({
    code: "MODEL_DISTRUSTED",
    message: `${model} gave wrong answers in the self-test of every device here`,
    actor: "machine",
    help: "Run the self-test again; if it fails again, look at the GPU's memory and its driver.",
  });
}

/** An engine that ends before the key was opened has nothing to run. */
async function whenOpen(keys: KeyRing, signal: AbortSignal, run: () => Promise<void>): Promise<void> {
  await keys.whenOpen(signal).then(run, (thrown) => {
    if (!signal.aborted) throw thrown;
  });
}

/** Waits until `condition` holds, at most `patience` ms. */
async function until(condition: () => boolean, patience: number): Promise<void> {
  const deadline = Date.now() + patience;
  while (!condition() && Date.now() < deadline) await delay(SHUTDOWN_LOOK);
}
