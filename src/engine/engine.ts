/**
 * The engine: everything a provider does, put together. It owns the ledger, talks to the markets, and starts a
 * runtime process per device when there is work; it knows nothing of windows, Electron or ONNX. Read from here: what is
 * opened, what is made of it and bound together (compose/), which loops run, and how it ends.
 */
import type { ProcessHost } from "../host/process-host.ts";
import type { EngineConfig } from "../shared/config.ts";
import type { ContractHandlers } from "../shared/contract/contract.ts";
import type { Delta, Headline, MarketId, RunIntent, Snapshot } from "../shared/contract/views.ts";
import { SECOND } from "../shared/durations.ts";
import { composeAnswers } from "./compose/answers.ts";
import { layFoundation } from "./compose/foundation.ts";
import { composeMarkets, type Markets } from "./compose/markets.ts";
import { composePower } from "./compose/power.ts";
import { type Reactions, wireReactions } from "./compose/reactions.ts";
import { composeViews } from "./compose/views.ts";
import { composeWork, type Work } from "./compose/work.ts";
import { checkConfigFile } from "./config/check-file.ts";
import { type ControlServer, startControlServer } from "./control/control-server.ts";
import { type Readiness, readinessOf } from "./control/readiness.ts";
import { Onlooker } from "./device/onlooker.ts";
import { OrderlyEnd, until } from "./ending.ts";
import { housekeeping } from "./housekeeping.ts";
import { keepSmall } from "./idle-memory.ts";
import { asLedgerError } from "./ledger/database.ts";
import { keepLog } from "./log/engine-log.ts";
import type { Log, LogConsole } from "./log/log.ts";
import { keyBackup } from "./metrics/key-backup.ts";
import { kept } from "./settings/open-settings.ts";
import type { LiveSettings } from "./settings/settings.ts";
import { type TellStart, untold } from "./starting.ts";
import { Unfinished } from "./unfinished.ts";
import { LeaseKeeper } from "./work/lease-keeper.ts";
import { Submitter } from "./work/submitter.ts";

/** From the wish to end until the ledger is closed. Whoever started the engine kills it a second later (host/work-processes.ts). */
const END_WITHIN = 7 * SECOND;
const ORPHAN_ENDS_WITHIN = 2.5 * SECOND;
/** Of it: until what still runs is given back, until what is not sent waits for the next start, and so on. */
const SHARES = { running: 0.5, sending: 0.75, work: 0.85, files: 0.9, service: 0.95, doors: 1 } as const;
/** Longer than this no market is waited for that does not take what it is sent. */
const SEND_PATIENCE = 3 * SECOND;
/** A start waits so long at most for an Ollama that was turned on. */
const FIRST_OLLAMA_LOOK = SECOND;

export interface Engine {
  readonly handlers: ContractHandlers;
  readonly control: ControlServer | null;
  snapshot(): Snapshot;
  /** Of the snapshot only this, which costs far less. */
  headline(): Headline;
  onDelta(listener: (delta: Delta) => void): () => void;
  /**
   * Gives back what has not begun, waits a little for what runs, submits it, gives the rest back (before a restart: keeps
   * it), closes the ledger: within 7 s. `orphaned`: whoever started it is gone; within 2.5 s, and not to be found meanwhile,
   * because it may be started again at once. Safe to repeat.
   */
  shutdown(how?: { orphaned: boolean }): Promise<void>;
  readonly settings: LiveSettings;
  readonly log: Log;
  readonly readiness: () => Readiness;
  /** Takes nothing more and ends what is held, for at most `patience` ms. Then: shutdown. */
  drain(patience: number): Promise<void>;
  /** It ended because somebody wants it started again, with the settings as they are now. */
  readonly restartWanted: boolean;
  /** What the person wants of it, whatever holds right now. */
  readonly wish: RunIntent;
  /** Resolves after shutdown; rejects when the engine can't go on (a failed ledger write, a bug). */
  readonly ended: Promise<void>;
}

export interface StartOptions {
  /** This machine's clock, unix ms; a test may set it wrong. */
  readonly now?: () => number;
  readonly console?: LogConsole | null;
  /** Throws what would keep an engine from starting again; by default the configuration file is read for it. */
  readonly checkRestart?: () => void;
  /** How this machine's id is read; a test may play two. */
  readonly machineId?: () => Promise<string | null>;
  /** Hears what takes long at the start. */
  readonly tell?: TellStart;
  /** Ends a start that takes long; it rejects with its reason. */
  readonly signal?: AbortSignal;
}

export async function startEngine(
  config: EngineConfig,
  host: ProcessHost,
  {
    now = Date.now,
    console = null,
    checkRestart = () => checkFileOf(config),
    machineId,
    tell = untold,
    signal,
  }: StartOptions = {},
): Promise<Engine> {
  await using unfinished = new Unfinished();
  const base = await layFoundation({
    config,
    host,
    now,
    console,
    machineId,
    tell,
    signal,
    unfinished,
    modelInUse: (id) => work.modelsInUse().includes(id),
    attention: () => ({
      watched: onlooker.looks,
      working: work.isBusy(),
      waiting: work.presence.keeper.waitsForReadings,
    }),
    mayWork: (id) => work.presence.canWork(id),
  });
  const {
    version,
    ledger,
    settings,
    log,
    residence,
    identity,
    modelManager,
    gpuPack,
    llama,
    machine,
    watcher,
  } = base;

  // The parts know each other in a circle: what one is told of a later one is asked only when all are made.
  const onlooker = new Onlooker();
  const work: Work = composeWork(base, {
    sessionOf: (market) => markets.sessionOf(market),
    netValue: (lease, ms) => markets.netValue(lease, ms),
    isReserved: (id) => markets.offers.reserved.has(id),
    onDeviceChange: () => reactions.onDeviceChange(),
    onPause: () => reactions.onPause(),
    onSignals: () => reactions.onSignals(),
    onTestStart: () => reactions.onTestStart(),
    onTestProgress: () => reactions.onTestProgress(),
    onTestResult: (report) => reactions.onTestResult(report),
  });
  const { board, fleet, presence, control, selfTester } = work;
  const power = composePower(base, work);
  const markets: Markets = composeMarkets(base, work, power, { onGuard: () => reactions.onGuard() });
  const { observers, offers, guards, sessions } = markets;
  const views = composeViews(base, work, markets, power, () => onlooker.looks);
  const { state, slices, noticeLog } = views;
  const reactions: Reactions = wireReactions({ base, work, power, markets, views });

  // What the last run left behind.
  const configured = sessions.map(({ adapter }) => adapter.id);
  ledger.outbox.forgetStranded(configured);
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
  // So that the first words to a market name its models too; its own loop looks again.
  await base.ollama?.library.look(AbortSignal.timeout(FIRST_OLLAMA_LOOK));
  // Before anything runs: what the person said when the engine last ran still holds.
  presence.keeper.lookNow();

  // From here on it is ended by its shutdown.
  unfinished.finished();
  // Two lives: taking and running work ends first, delivering results and serving questions last.
  const working = new AbortController();
  const service = new AbortController();
  const tellOfCopies = () => {
    if (views.notices.hold("SNAPSHOT_FAILED", ledger.snapshotTrouble)) state.touch("engine");
  };
  /** A folder of another machine may be a copy: whatever its names say to a market could be that machine's work. */
  const whenSettled = (signal: AbortSignal) => residence.whenSettled(signal);
  /** Without the key nothing can be signed: no market hears of us, and no job is run. */
  const whenReady = (signal: AbortSignal) => whenSettled(signal).then(() => identity.whenOpen(signal));
  const workLoops = [
    once(whenReady, working.signal, () => fleet.run(working.signal)),
    selfTester.runWhenDue(working.signal),
    presence.run(working.signal),
    once(whenSettled, working.signal, () => new LeaseKeeper({ sessions, board, now }).run(working.signal)),
  ];
  const serviceLoops = [
    ...sessions.map((session) => once(whenReady, service.signal, () => session.run(service.signal))),
    guards.run(service.signal),
    ...sessions.map((session) => {
      const submitter = new Submitter({ session, board, ledger, now });
      return once(whenSettled, service.signal, () => submitter.run(service.signal));
    }),
    once(whenSettled, service.signal, () => offers.run(service.signal)),
    watcher.run(service.signal),
    views.battery.run(service.signal),
    base.ollama?.library.run(service.signal),
    observers.run(service.signal),
    noticeLog.run(service.signal),
    housekeeping(ledger, () => kept(settings, config), now, tellOfCopies, service.signal),
    keepSmall(() => board.count() === 0, service.signal),
  ];
  let controlServer: ControlServer | null = null;
  const ended = Promise.withResolvers<void>();
  // A loop that throws has met what nobody foresaw (a full disk, a bug): better restarted than half alive.
  Promise.all([...workLoops, ...serviceLoops]).catch((thrown) => ended.reject(asLedgerError(thrown)));
  ended.promise.catch(() => undefined); // Whoever started the engine looks at `ended`; nobody has to.

  let closing: Promise<void> | null = null;
  let restartWanted = false;
  const shutdown = ({ orphaned }: { orphaned: boolean } = { orphaned: false }) => {
    closing ??= shutDown(orphaned).then(ended.resolve, ended.reject);
    return closing;
  };

  async function drain(patience: number): Promise<void> {
    control.suspend();
    const isEmpty = () => board.held().every(({ state }) => state === "computed" || state === "submitting");
    await until(isEmpty, patience);
  }

  async function shutDown(orphaned: boolean): Promise<void> {
    const end = new OrderlyEnd(orphaned ? ORPHAN_ENDS_WITHIN : END_WITHIN);
    const reason = "The provider is shutting down";
    const over = () => new DOMException("Shutting down", "AbortError");
    // Of a folder that may be a copy nothing is this machine's to give back.
    const giveBack = (which: { running: boolean }) => residence.isAsked || board.giveBack(reason, which);
    await end.now(() => {
      control.suspend();
      giveBack({ running: false });
    });
    if (orphaned) controlServer?.close().catch(() => undefined); // What it comes to is heard at its own step.
    await end.until(SHARES.running, () => !work.isBusy());
    working.abort(over());
    // Who is back at once runs it again; anybody else may be away for longer than its lease lasts.
    if (!restartWanted) await end.now(() => giveBack({ running: true }));
    if (!residence.isAsked)
      await end.until(SHARES.sending, () => ledger.outbox.size(configured) === 0, SEND_PATIENCE);
    await end.step(SHARES.work, (late) => Promise.all([fleet.stop(late), Promise.allSettled(workLoops)]));
    await end.step(SHARES.files, () => Promise.all([modelManager.close(), gpuPack.close(), llama.close()]));
    service.abort(over());
    await end.step(SHARES.service, () => Promise.allSettled(serviceLoops));
    await end.now(() => state.close());
    await end.step(SHARES.doors, () => Promise.all([controlServer?.close(), observers.close()]));
    await end.now(() => power.work.flush());
    await end.now(() => ledger.audit("engine-stopped", now(), {}));
    await end.now(stopLog);
    await end.now(() => log.close());
    await end.now(() => ledger.close());
    end.result();
  }

  const handlers = composeAnswers({
    base,
    work,
    power,
    markets,
    views,
    onlooker,
    working: working.signal,
    serving: service.signal,
    shutdown,
    checkRestart,
    restart: () => {
      restartWanted = true;
      return shutdown();
    },
  });
  const onDelta = (listener: (delta: Delta) => void) => state.onDelta(listener);
  const readiness = () => readinessOf(slices.markets(), control.intent);
  try {
    const sources = {
      slices,
      board,
      level: (market: MarketId) => guards.level(market),
      offers: () => offers.list(),
      energy: () => power.meter.joules,
      backend: config.gpuBackend,
      isUnsettled: () => residence.isAsked,
      keyBackup: () => keyBackup(config, identity),
    };
    const notice = await observers.serve(config, sources, readiness);
    if (notice !== null) views.notices.add(notice);
    if (config.control !== null) {
      const { dataFolder } = config;
      controlServer = await startControlServer({
        handlers,
        onDelta,
        control: config.control,
        dataFolder,
        readiness,
      });
    }
  } catch (thrown) {
    await shutdown();
    throw thrown;
  }

  return {
    handlers,
    control: controlServer,
    snapshot: () => state.snapshot(),
    headline: () => slices.headline(),
    onDelta,
    shutdown,
    settings,
    log,
    readiness,
    drain,
    get restartWanted() {
      return restartWanted;
    },
    get wish() {
      return control.wish;
    },
    ended: ended.promise,
  };
}

function checkFileOf({ settings }: EngineConfig): void {
  if (settings?.configFile) checkConfigFile(settings.configFile);
}

/** An engine that ends before it is time has nothing to run. */
async function once(
  isTime: (signal: AbortSignal) => Promise<void>,
  signal: AbortSignal,
  run: () => Promise<void>,
): Promise<void> {
  await isTime(signal).then(run, (thrown) => {
    if (!signal.aborted) throw thrown;
  });
}
