/** What an engine stands on: its files, key, models and devices, opened before any work can be thought of. */
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { killLeftovers, PidNotingHost } from "../../host/pid-file.ts";
import type { ProcessHost } from "../../host/process-host.ts";
import type { EngineConfig } from "../../shared/config.ts";
import type { HostInfo } from "../../shared/contract/views.ts";
import { SECOND } from "../../shared/durations.ts";
import type { AppError } from "../../shared/errors.ts";
import { Moment } from "../../shared/moment.ts";
import { fleetingFolder } from "../config/fleeting-folder.ts";
import { locatePaths } from "../config/paths.ts";
import { moveIn, type Residence } from "../config/residence.ts";
import type { Attention } from "../device/cadence.ts";
import { openDevices } from "../device/open-devices.ts";
import type { DeviceWatcher } from "../device/watcher.ts";
import { GpuPackDesk } from "../gpu-pack/desk.ts";
import { fleetingKey } from "../identity/fleeting-key.ts";
import { IDENTITY_FILE, identityFolder, PASSPHRASE_VARIABLE } from "../identity/identity.ts";
import { KeyRing } from "../identity/key-ring.ts";
import { Ledger } from "../ledger/ledger.ts";
import { leaveToOther } from "../ledger/other-machine.ts";
import { LlamaDesk } from "../llama/desk.ts";
import type { Log, LogConsole } from "../log/log.ts";
import { openLog } from "../log/open-log.ts";
import { Redactor, secretsIn } from "../log/redact.ts";
import { loadObservers, type ObserversCode } from "../metrics/observers.ts";
import { type ModelManager, RETRY_FAILED } from "../models/manager.ts";
import { openModels } from "../models/open-models.ts";
import type { ModelStore } from "../models/store.ts";
import { type Ollama, openOllama } from "../ollama/open-ollama.ts";
import { readReferences, type SelfTestReference } from "../self-test/reference.ts";
import { openLiveSettings } from "../settings/open-settings.ts";
import type { LiveSettings } from "../settings/settings.ts";
import { type TellStart, tellModelChecks } from "../starting.ts";
import type { Unfinished } from "../unfinished.ts";

export interface FoundationParts {
  readonly config: EngineConfig;
  /** Runs the engine's child processes. */
  readonly host: ProcessHost;
  /** This machine's clock, unix ms. */
  readonly now: () => number;
  readonly console: LogConsole | null;
  /** How this machine's id is read; absent: as its system tells it. */
  readonly machineId: (() => Promise<string | null>) | undefined;
  readonly tell: TellStart;
  readonly signal: AbortSignal | undefined;
  /** Closes what is opened here. */
  readonly unfinished: Unfinished;
  /** These two are not called before the foundation stands. */
  readonly modelInUse: (id: string) => boolean;
  readonly attention: () => Attention;
  /** Neither paused nor rented out. */
  readonly mayWork: (deviceId: string) => boolean;
}

/** A model put in place or taken away by hand is noticed within this time; what we do ourselves at once. */
const LOOK_AT_MODELS = 10 * SECOND;

export interface Foundation {
  readonly config: EngineConfig;
  readonly now: () => number;
  readonly version: string;
  /** Unix ms. */
  readonly started: Moment;
  readonly ledger: Ledger;
  readonly settings: LiveSettings;
  readonly redactor: Redactor;
  readonly log: Log;
  /** Notes whom it started, so that the next start can end what a crash left behind. */
  readonly processes: ProcessHost;
  readonly residence: Residence;
  readonly identity: KeyRing;
  readonly models: ModelStore;
  readonly modelManager: ModelManager;
  readonly modelNotices: readonly AppError[];
  readonly keyNotices: readonly AppError[];
  readonly machine: HostInfo;
  readonly watcher: DeviceWatcher;
  /** null: it was not turned on. */
  readonly ollama: Ollama | null;
  readonly gpuPack: GpuPackDesk;
  readonly llama: LlamaDesk;
  readonly references: readonly SelfTestReference[];
  readonly observersCode: ObserversCode;
}

/** Throws AppError: what can't be opened, or a demo without a model. */
export async function layFoundation(parts: FoundationParts): Promise<Foundation> {
  const { now, console, attention, unfinished } = parts;
  const { version, entries } = locatePaths();
  const started = new Moment(now());
  const { residence, config } = await moveIn(parts.config, parts.machineId);
  const ledger = await Ledger.open(config.dataFolder, parts.tell, config.ledgerGoesBack);
  unfinished.also(() => ledger.close());
  const { nameOfCopy } = residence;
  if (nameOfCopy !== null) leaveToOther(ledger, nameOfCopy, now());
  const settings = openLiveSettings(config, ledger, now);
  const redactor = new Redactor([...secretsIn(process.env), ...secretsOf(config)]);
  const log = openLog(config, { redactor, console });
  unfinished.also(() => log.close());
  const pidFolder = join(config.dataFolder, "run");
  await killLeftovers(pidFolder);
  const processes = new PidNotingHost(parts.host, pidFolder);
  const keyFile = join(identityFolder(config.dataFolder), IDENTITY_FILE);
  const hadKey = existsSync(keyFile);
  let ollama: Ollama | null = null;
  const [identity, { store: models, manager: modelManager, notices: modelNotices }, { machine, watcher }] =
    await Promise.all([
      KeyRing.open({
        folder: identityFolder(config.dataFolder),
        mode: config.mode,
        passphrase: process.env[PASSPHRASE_VARIABLE] || null,
        store: config.key?.store ?? null,
        storeRefused: config.key?.refused ?? null,
        mayWait: config.key !== undefined,
        knownAs: knownProvider(config, ledger),
      }),
      openModels(config, {
        inUse: parts.modelInUse,
        believedMs: LOOK_AT_MODELS,
        retryFailedMs: RETRY_FAILED,
        elsewhere: (model) => ollama?.library.modelFor(model) ?? null,
        onNotesTrouble: ({ message, code }) =>
          log.warn(`${message}: what is used is not written down`, { code }),
      }),
      openDevices(
        {
          wanted: config.gpuBackend,
          visible: config.visibleGpus,
          host: processes,
          nvmlEntry: entries.nvml,
          attention,
          unfinished,
        },
        parts.signal,
      ),
    ]);
  const isKeyNew = config.mode === "live" && !hadKey && existsSync(keyFile);
  const fleeting = isKeyNew ? fleetingFolder(dirname(keyFile)) : null;
  // Its `live` folder is ours; what a person names is the one around it.
  const keyNotices = fleeting === null ? [] : [fleetingKey(fleeting, dirname(config.dataFolder))];
  for (const { message, code, help } of keyNotices) log.warn(message, { code, help });
  ollama = openOllama(config, {
    models: () => models.catalogue.models,
    devices: () => watcher.detection.devices,
    mayWork: parts.mayWork,
  });
  const references = await readReferences(config.resourcesFolder);
  const observersCode = await loadObservers(config);
  const gpuPack = new GpuPackDesk({
    ...config,
    hasGpu: () => hasGpu(watcher),
    now,
  });
  const llama = new LlamaDesk({ ...config, env: process.env, now });
  await Promise.all([
    models.verifyAll(parts.signal, tellModelChecks(parts.tell)),
    gpuPack.look(),
    llama.look(),
  ]);
  const modelProblem = models.problem();
  // A demo without a model has nothing to show. A live engine starts: a model can be fetched or allowed while it runs,
  // and what was computed before goes out.
  if (config.mode === "demo" && modelProblem !== null && modelProblem.code !== "MODEL_NOT_ALLOWED") {
    throw modelProblem;
  }
  return {
    config,
    now,
    version,
    started,
    ledger,
    settings,
    redactor,
    log,
    processes,
    residence,
    identity,
    models,
    modelManager,
    modelNotices,
    keyNotices,
    machine,
    watcher,
    ollama,
    gpuPack,
    llama,
    references,
    observersCode,
  };
}

/** By the key: one that the configuration names is the same with any. */
function knownProvider({ markets: { aicf } }: EngineConfig, ledger: Ledger): string | null {
  const known = ledger.providerAt("aicf");
  return known === aicf?.providerId ? null : known;
}

function hasGpu({ detection: { devices, unusable } }: DeviceWatcher): boolean {
  const driven = unusable.some(({ verdict }) => verdict.code !== "no-driver");
  return driven || devices.some(({ kind }) => kind === "gpu");
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
