/** `bellows serve`: the engine in this process, for servers and for whoever wants no window. */
import {
  checkAll,
  chooseMode,
  DEFAULT_METRICS,
  type Flags,
  loadConfig,
  readSettings,
  readSettingsAgain,
} from "../../engine/config/from-environment.ts";
import { readLayers } from "../../engine/config/layers.ts";
import { readControlFile } from "../../engine/control/control-file.ts";
import type { Engine } from "../../engine/engine.ts";
import type { LogConsole } from "../../engine/log/log.ts";
import type { TellStart } from "../../engine/starting.ts";
import { ForkProcessHost } from "../../host/fork-host.ts";
import { openServiceManager, type ServiceManager } from "../../host/systemd.ts";
import type { EngineConfig, SettingsConfig } from "../../shared/config.ts";
import { MINUTE, SECOND } from "../../shared/durations.ts";
import { AppError, isAbort } from "../../shared/errors.ts";
import { StartTeller } from "../../shared/start-teller.ts";
import type { CliContext } from "../context.ts";
import { addressField, fields, marketName } from "../format.ts";
import { listenForStop, type StopSignals } from "../signals.ts";

/** The manager's status line follows the state this often. */
const STATUS_EVERY = 5 * SECOND;
/** What the manager is told a slow end may take beyond the drain: giving back, submitting, closing. */
const END_WITHIN = MINUTE;
/** And a slow start beyond the step it is at. */
const START_WITHIN = MINUTE;

type Format = LogConsole["format"];

/**
 * Serves until it is told to stop; again from the beginning when a changed setting asks for it. `usual`: the log's form
 * when nobody chose one and it is not to follow from where it goes.
 */
export async function serve(context: CliContext, flags: Flags, usual?: Format): Promise<void> {
  const { terminal, env, paths } = context;
  const sources = { env, flags, paths };
  if (chooseMode(sources) === "demo") {
    checkAll(sources); // A misspelt market is no market either, and more is to be said of it.
    throw noMarket();
  }
  for (const sentence of readLayers(sources).notes) terminal.note(`Note: ${sentence}`);
  // Nobody has to watch it: a closed terminal ends it in order, a broken pipe not at all.
  terminal.outliveReaders();
  const hangups = new Hangups();
  using signals = listenForStop(
    () => undefined,
    () => hangups.come(),
  );
  using manager = openServiceManager({ env, pid: process.pid, platform: process.platform });
  let startAs: EngineConfig["startAs"] | undefined;
  for (;;) {
    context.readSecretFiles?.();
    const config = loadConfig(sources);
    const { logFormat } = readSettings(sources);
    if (readControlFile(config.dataFolder) !== null) {
      const { refuseSecondEngine } = await import("../engine-client.ts");
      await refuseSecondEngine(config.dataFolder);
    }
    const run: Run = {
      check: () => {
        context.readSecretFiles?.();
        checkAll(sources);
      },
      context,
      signals,
      hangups,
      manager,
      format: logFormat ?? usual ?? (terminal.isTerminal ? "human" : "json"),
      readAgain: () => {
        context.readSecretFiles?.();
        return readSettingsAgain(sources);
      },
    };
    const served = serveOnce(run, startAs === undefined ? config : { ...config, startAs });
    const { restartWanted } = await served.catch((thrown: unknown) => {
      if (!isAbort(thrown) || !signals.asked.aborted) throw thrown;
      terminal.note("Stopped before it was ready.");
      return { restartWanted: false };
    });
    if (!restartWanted || signals.asked.aborted) return;
    startAs = "as-left";
    manager?.notify("RELOADING=1", monotonic(), "STATUS=Starting again with other settings");
  }
}

interface Run {
  readonly context: CliContext;
  readonly signals: StopSignals;
  readonly hangups: Hangups;
  readonly manager: ServiceManager | null;
  readonly format: Format;
  readonly readAgain: () => SettingsConfig;
  /** Throws what would keep it from starting again. */
  readonly check: () => void;
}

async function serveOnce(run: Run, config: EngineConfig): Promise<Engine> {
  const { context, signals, hangups, manager, format } = run;
  const { terminal } = context;
  // Loaded only here: it brings SQLite, which no other command needs.
  const { startEngine } = await import("../../engine/engine.ts");
  // A server is watched from outside unless somebody says no; the app and the demo only when asked.
  const metrics = config.metrics === undefined ? DEFAULT_METRICS : config.metrics;
  let level = config.log?.level ?? "info";
  // A person at the usual level gets the short account; who asks for another level wants the log's own lines.
  const accounts = () => format === "human" && level === "info";
  const console: LogConsole = {
    format,
    write: (line) => {
      if (!accounts()) terminal.print(line.trimEnd());
    },
  };
  const start = { console, checkRestart: run.check, tell: tellOfStart(run), signal: signals.asked };
  const engine = await startEngine({ ...config, metrics }, new ForkProcessHost(), start);
  engine.settings.onChange(() => {
    level = engine.settings.value("logLevel") ?? "info";
  });
  try {
    if (format === "human") showPlaces(context, engine, config);
    using _shown = format === "human" ? await showToPerson(context, engine, accounts) : nothing();
    if (format === "json") tellWhere(engine, config);
    using _manager = manager === null ? nothing() : keepToldOf(manager, engine);
    using _reload = hangups.whileServing(() => reload(run, engine));
    await Promise.race([signals.whenAsked, engine.ended]);
    if (signals.asked.aborted) await end(engine);
  } finally {
    await engine.shutdown();
  }
  return engine;

  /** SIGTERM lets what is held be finished; Ctrl-C is somebody who waits, and a closed terminal is soon followed by more. */
  async function end(running: Engine): Promise<void> {
    const drainMs = running.settings.value("drainTimeout") ?? 0;
    const drains = signals.name === "SIGTERM" && drainMs > 0;
    manager?.notify(
      "STOPPING=1",
      `STATUS=${drains ? "Finishing what is held" : "Giving back what is held"}`,
      `EXTEND_TIMEOUT_USEC=${(drainMs + END_WITHIN) * 1000}`,
    );
    const sentence = drains
      ? `Stopping: what is held is finished within ${Math.round(drainMs / SECOND)} s, the rest given back.`
      : "Stopping: leases are given back, results submitted.";
    // Where the terminal is gone, the log's file is what is left to say it.
    if (format === "json" || signals.name === "SIGHUP") running.log.info(sentence);
    else terminal.note(sentence);
    if (drains) await running.drain(drainMs);
  }
}

/** A start that takes long is no failed one: the manager waits as long as the step may last, a person reads what it is. */
function tellOfStart({ context: { terminal }, manager }: Run): TellStart {
  const teller = new StartTeller((line) => terminal.note(line));
  return ({ doing, patienceMs }) => {
    // A message of its own, and first: in one with the rest it is read last, and takes from the watchdog the longer time.
    manager?.notify("WATCHDOG=1");
    manager?.notify(
      `STATUS=Starting: ${doing.text}`,
      `EXTEND_TIMEOUT_USEC=${(patienceMs + START_WITHIN) * 1000}`,
    );
    teller.hear(doing);
    return Promise.resolve();
  };
}

/** For a person at a terminal: a line for each result and change. What a market said is in it, so it is cleaned like the log. */
async function showToPerson(
  { terminal }: CliContext,
  engine: Engine,
  wanted: () => boolean,
): Promise<Disposable> {
  const { LiveLog } = await import("../live-log.ts");
  const log = new LiveLog((line) => {
    if (wanted()) terminal.print(engine.log.clean(line));
  });
  const stop = engine.onDelta((delta) => log.show(delta.slices, delta.at));
  const { state, at } = engine.snapshot();
  log.show(state, at);
  return { [Symbol.dispose]: stop };
}

/** Where everything is. */
function showPlaces({ terminal }: CliContext, engine: Engine, config: EngineConfig): void {
  const { state } = engine.snapshot();
  const header = fields([
    ...state.markets.map(({ id, endpoint }) => [marketName(id), endpoint] as const),
    ...(engine.control ? [addressField(engine.control)] : []),
    ...(state.engine.metricsUrl ? [["Metrics", state.engine.metricsUrl] as const] : []),
    ["Data", config.dataFolder],
    ...(config.settings?.configFile ? [["Configuration", config.settings.configFile] as const] : []),
  ]);
  for (const line of header) terminal.print(line);
}

/** The same for a program that reads the log. */
function tellWhere({ log, control, snapshot }: Engine, { dataFolder, settings }: EngineConfig): void {
  const { engine, markets } = snapshot().state;
  log.info("Serving", {
    version: engine.version,
    pid: process.pid,
    markets: Object.fromEntries(markets.map(({ id, endpoint }) => [id, endpoint])),
    control: control?.url ?? null,
    metrics: engine.metricsUrl ?? null,
    data: dataFolder,
    config: settings?.configFile ?? null,
  });
}

/** READY once it serves, a status line that follows the state, and a sign of life from this very event loop. */
function keepToldOf(manager: ServiceManager, engine: Engine): Disposable {
  let told = "";
  const status = () => {
    const { sentence } = engine.headline();
    if (sentence !== told) manager.notify(`STATUS=${sentence}`);
    told = sentence;
  };
  manager.notify("READY=1");
  status();
  const timers = [setInterval(status, STATUS_EVERY)];
  if (manager.watchdogMs !== null)
    timers.push(setInterval(() => manager.notify("WATCHDOG=1"), manager.watchdogMs));
  return {
    [Symbol.dispose]() {
      for (const timer of timers) clearInterval(timer);
    },
  };
}

/** SIGHUP: read the file again; what is wrong in it changes nothing. */
function reload({ context: { terminal }, manager, format, readAgain }: Run, engine: Engine): void {
  manager?.notify("RELOADING=1", monotonic());
  const say = (sentence: string, isBad = false) => {
    if (format === "human") terminal.note(sentence);
    else if (isBad) engine.log.error(sentence);
    else engine.log.info(sentence);
  };
  try {
    const { changed, restart } = engine.settings.reload(readAgain());
    if (changed.length === 0) say("Configuration read again: nothing has changed.");
    else say(`Configuration read again: ${changed.join(", ")} changed.`);
    if (restart.length > 0) say(`Counts from the next start: ${restart.join(", ")}.`);
  } catch (thrown) {
    if (!(thrown instanceof AppError)) throw thrown;
    say("The configuration could not be read again, so the one before still holds.", true);
    if (format === "human") terminal.error(thrown, (text) => engine.log.clean(text));
    else engine.log.error(thrown.message, { code: thrown.code, help: thrown.help });
  } finally {
    manager?.notify("READY=1");
  }
}

/** SIGHUP from the first moment to the last: one that comes while nothing serves is kept until something does. */
class Hangups {
  #act: (() => void) | null = null;
  #isWaiting = false;

  come(): void {
    if (this.#act === null) this.#isWaiting = true;
    else this.#act();
  }

  whileServing(act: () => void): Disposable {
    this.#act = act;
    if (this.#isWaiting) act();
    this.#isWaiting = false;
    return {
      [Symbol.dispose]: () => {
        this.#act = null;
      },
    };
  }
}

/** Type=notify-reload wants to know when a reload began. */
const monotonic = () => `MONOTONIC_USEC=${process.hrtime.bigint() / 1000n}`;

const nothing = (): Disposable => ({ [Symbol.dispose]: () => undefined });

function noMarket(): AppError {
  return new AppError({
    code: "NO_MARKET",
    message: "No market is configured",
    actor: "user",
    help: "Set AITBC_COORDINATOR_URL with AITBC_COORDINATOR_KEY, or AICF_QUEUE_URL; or try `bellows demo`, which needs neither.",
  });
}
