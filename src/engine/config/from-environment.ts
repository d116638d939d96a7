/** From settings to the engine's configuration: what is wrong or missing is reported all at once. */
import os from "node:os";
import path from "node:path";
import {
  type AicfConfig,
  type AitbcConfig,
  type EngineConfig,
  EngineConfigSchema,
  type MetricsConfig,
  type SettingsConfig,
} from "../../shared/config.ts";
import { type MarketId, MarketIdSchema } from "../../shared/contract/market-id.ts";
import { DAY, GIB, MIB, MINUTE, SECOND } from "../../shared/durations.ts";
import { MIN_PASSPHRASE_LENGTH, PASSPHRASE_VARIABLE } from "../identity/identity.ts";
import { loopbackAddress, OLLAMA_DEFAULT } from "../ollama/address.ts";
import { ConfigError, type ConfigProblem } from "./config-error.ts";
import { prepareDataFolder } from "./data-folder.ts";
import { type Installation, openInstallation } from "./installation.ts";
import {
  dataRoot,
  type LayerSources,
  type Layers,
  readGiven,
  readLayers,
  UnreadablePlace,
} from "./layers.ts";
import { isOllamaAuto } from "./parsers.ts";
import type { AppPaths } from "./paths.ts";
import { savedFileIn } from "./saved-settings.ts";
import { fileOf, unreadSecretFiles } from "./secret-files.ts";
import { secretMark } from "./secret-mark.ts";
import { SETTINGS, type Setting, type SettingName, type Settings } from "./settings.ts";
import { shownValue } from "./shown-value.ts";

export type Environment = Readonly<Record<string, string | undefined>>;
/** Flags as typed, still text; an absent flag is absent here. */
export type Flags = { readonly [N in SettingName]?: string | undefined };

export interface ConfigSources {
  readonly env: Environment;
  readonly flags: Flags;
  readonly paths: AppPaths;
  /** The desktop app: its person can unlock or make the provider key at the window. */
  readonly keyAtWindow?: boolean;
  /** These are another account's, or another machine's: nothing of this one's own data folder belongs to them. */
  readonly elsewhere?: boolean;
}

export const DEFAULT_CONTROL_PORT = 7117;
const DEFAULT_LATENCY_BUDGET_MS = 5;
const DEFAULT_LOG_FILE = 10 * MIB;
const DEFAULT_CHAIN_ID = 1;
const DEFAULT_KEEP_ALIVE_MS = 5 * MINUTE;
/** What is kept of finished work when nobody says otherwise. The demo makes two jobs a second, for as long as it is left running. */
const KEPT = {
  live: { outputs: { ms: 7 * DAY, bytes: GIB }, receipts: { ms: 90 * DAY, bytes: 2 * GIB } },
  demo: { outputs: { ms: 30 * MINUTE, bytes: 64 * MIB }, receipts: { ms: 30 * MINUTE, bytes: 64 * MIB } },
} as const;

/**
 * The configuration of a live engine. Makes the data folder when it is not there, and the machine's ids in it.
 * Throws ConfigError (CONFIG_INVALID) with every wrong setting, or AppError DATA_FOLDER_….
 */
export function loadConfig(sources: ConfigSources): EngineConfig {
  const { settings, layers } = complete(sources, "live");

  const dataFolder = path.join(settings.dataFolder ?? sources.paths.defaultDataFolder, "live");
  prepareDataFolder(dataFolder);
  const installation = openInstallation(dataFolder);
  const markets = { aitbc: aitbcConfig(settings, installation), aicf: aicfConfig(settings, installation) };
  return engineConfig(settings, sources.paths, {
    mode: "live",
    dataFolder,
    markets,
    startAs: settings.startAs ?? "running",
    ...namesOf(settings, markets),
    settings: settingsConfig(layers, sources),
  });
}

/** Where each of its names is given, whoever gave them has seen to it that there is one of each; what he says of the folder holds. */
function namesOf(
  settings: Settings,
  markets: EngineConfig["markets"],
): Pick<EngineConfig, "otherMachine" | "namedAt"> {
  const given = { aitbc: settings.aitbcMinerId, aicf: settings.workerId };
  const isGiven = (market: MarketId): boolean => given[market] !== undefined;
  const namedAt = MarketIdSchema.options.filter(isGiven);
  const areAllNamed = namedAt.length > 0 && MarketIdSchema.options.every((id) => !markets[id] || isGiven(id));
  const { otherMachine = "ask" } = settings;
  return {
    ...(areAllNamed && otherMachine === "ask" ? {} : { otherMachine }),
    ...(namedAt.length === 0 ? {} : { namedAt }),
  };
}

/**
 * What a live engine's settings say now, for one that runs. Makes nothing: a data folder that is newly named is the next
 * start's. Throws ConfigError with every wrong setting.
 */
export function readSettingsAgain(sources: ConfigSources): SettingsConfig {
  return settingsConfig(complete(sources, "live").layers, sources);
}

/** Throws ConfigError with all that would keep an engine of these sources from starting; makes nothing. Returns what would start, and how many settings the environment says. */
export function checkAll(sources: ConfigSources): { mode: "demo" | "live"; settings: number } {
  const mode = chooseMode(sources);
  const { layers } = complete(sources, mode);
  const said = [...layers.given.values()].filter(({ source }) => source.kind === "environment");
  const passphrase = sources.env[PASSPHRASE_VARIABLE] ? 1 : 0;
  return { mode, settings: said.length + passphrase + unreadSecretFiles(sources.env).length };
}

/** Read, checked, and with all that a live engine can't do without. */
function complete(sources: ConfigSources, mode: "demo" | "live") {
  const { settings, problems, layers } = collect(sources);
  const all = [
    ...problems,
    // What a file holds that can't be read here is not missing: the file is what is told, or is another machine's.
    ...[
      ...missing((name) => layers.given.get(name)?.text),
      ...(mode === "live" ? passphraseProblems(sources) : []),
    ].filter(({ name }) => sources.env[name] || fileOf(sources.env, name) === null),
  ];
  if (all.length > 0) throw new ConfigError(all);
  return { settings, layers };
}

/** All settings and what the engine is told of where they come from. Throws ConfigError. */
export function openSettings(sources: ConfigSources): { settings: Settings; told: SettingsConfig } {
  const { settings, problems, layers } = collect(sources);
  if (problems.length > 0) throw new ConfigError(problems);
  return { settings, told: settingsConfig(layers, sources) };
}

/** What the app can't change, with its place; a secret stays with the part that uses it. */
function settingsConfig(layers: Layers, sources: ConfigSources): SettingsConfig {
  const root = dataRoot(sources);
  return {
    savedFile: layers.savedFile ?? savedFileIn(root),
    dataRoot: root,
    configFile: layers.configFile,
    fixed: Object.fromEntries(
      [...layers.given].flatMap(([name, { text, source }]) => {
        const { key, secret }: Setting<unknown> = SETTINGS[name];
        if (key === null || source.kind === "saved") return [];
        return [[key, secret ? { text: null, mark: secretMark(text), source } : { text, source }] as const];
      }),
    ),
  };
}

/**
 * Every setting that was given (or only `wanted`), read and checked; without `paths` of flags and environment alone.
 * Throws ConfigError with all that are wrong.
 */
export function readSettings(sources: LayerSources, wanted?: readonly SettingName[]): Settings {
  const { settings, problems } = collect(sources, wanted);
  if (problems.length > 0) throw new ConfigError(problems);
  return settings;
}

/** What runs when nothing else is said: the markets when one is configured, else the demo. */
export function chooseMode(sources: LayerSources): "demo" | "live" {
  const markets: SettingName[] = ["aitbcGpuUrl", "aitbcCoordinatorUrl", "aicfQueueUrl"];
  if (collect(sources, markets).layers.given.size > 0) return "live";
  const reader: SettingName[] = ["aicfRpcUrl", "providerId"];
  return collect(sources, reader).layers.given.size === reader.length ? "live" : "demo";
}

/** What demo and live engines share; `fixed` is what they don't. */
export function engineConfig(
  settings: Settings,
  paths: AppPaths,
  fixed: Pick<EngineConfig, "mode" | "dataFolder" | "markets" | "startAs" | "settings">,
): EngineConfig {
  const kept = KEPT[fixed.mode];
  return EngineConfigSchema.parse({
    ...fixed,
    resourcesFolder: paths.resourcesFolder,
    ...modelConfig(settings, paths),
    runtimeEntry: paths.entries.runtime,
    gpuBackend: settings.gpuBackend ?? "auto",
    ...(settings.visibleGpus === undefined ? {} : { visibleGpus: [...settings.visibleGpus] }),
    ...(settings.jobMaxRuntime === undefined ? {} : { jobMaxRuntimeMs: settings.jobMaxRuntime * SECOND }),
    gpuPackFolder: gpuPackFolder(settings, paths),
    cudaFolders: [...(settings.cudaFolders ?? [])],
    mps: settings.mps ?? false,
    ...ollamaConfig(settings),
    maxConcurrency: settings.maxConcurrency ?? null,
    batchSize: settings.batchSize ?? null,
    latencyBudgetMs: settings.latencyBudget ?? DEFAULT_LATENCY_BUDGET_MS,
    log: { level: settings.logLevel ?? "info", fileBytes: settings.logFileSize ?? DEFAULT_LOG_FILE },
    keepAliveMs: settings.keepAlive ?? DEFAULT_KEEP_ALIVE_MS,
    allowUnpaid: settings.allowUnpaid ?? false,
    keepOutputs: {
      days: (settings.keepOutputsFor ?? kept.outputs.ms) / DAY,
      bytes: settings.keepOutputsSize ?? kept.outputs.bytes,
    },
    keepReceipts: {
      days: (settings.keepReceiptsFor ?? kept.receipts.ms) / DAY,
      bytes: settings.keepReceiptsSize ?? kept.receipts.bytes,
    },
    control: {
      port: settings.controlPort ?? DEFAULT_CONTROL_PORT,
      explicit: settings.controlPort !== undefined,
      staticFolder: settings.dashboard === false ? null : paths.rendererFolder,
    },
    ...metricsConfig(settings),
    ...(settings.traceEndpoint === undefined ? {} : { traceTo: settings.traceEndpoint }),
    ...(settings.ledgerGoBack === undefined ? {} : { ledgerGoesBack: settings.ledgerGoBack }),
  } satisfies EngineConfig);
}

/** Empty: it is not used. An OLLAMA_HOST on another machine is reported before (`missing`). */
function ollamaConfig({ ollama, ollamaHost, ollamaDevice }: Settings): Pick<EngineConfig, "ollama"> {
  if (ollama === undefined || ollama === "off") return {};
  const here = ollamaHost === undefined ? null : loopbackAddress(ollamaHost);
  const url = ollama === "auto" ? (here ?? OLLAMA_DEFAULT) : ollama;
  return { ollama: { url, device: ollamaDevice ?? null } };
}

export const DEFAULT_METRICS: MetricsConfig = { host: "127.0.0.1", port: 9108, explicit: false };

/** Empty when nobody said anything: then it depends on what runs. */
function metricsConfig(settings: Settings): Pick<EngineConfig, "metrics"> {
  const { metricsEnabled, metricsPort, metricsHost } = settings;
  if (metricsEnabled === false) return { metrics: null };
  if (metricsEnabled === undefined && metricsPort === undefined && metricsHost === undefined) return {};
  return {
    metrics: {
      host: metricsHost ?? DEFAULT_METRICS.host,
      port: metricsPort ?? DEFAULT_METRICS.port,
      explicit: metricsPort !== undefined,
    },
  };
}

/** One pack serves the demo and the live engine: it stands beside their folders. */
export function gpuPackFolder(settings: Settings, paths: Pick<AppPaths, "defaultDataFolder">): string {
  return path.join(settings.dataFolder ?? paths.defaultDataFolder, "gpu-pack");
}

/** As the pack does. */
export function llamaFolder(settings: Settings, paths: Pick<AppPaths, "defaultDataFolder">): string {
  return path.join(settings.dataFolder ?? paths.defaultDataFolder, "llama");
}

/** Fetched models serve the demo and the live engine: they stand beside their folders, and before the app's own. */
export function modelConfig(
  settings: Settings,
  paths: Pick<AppPaths, "defaultDataFolder" | "modelFolders">,
): Pick<EngineConfig, "modelFolders" | "models" | "llamaFolder"> {
  const { diskCacheFolder, dataFolder, modelAllowList } = settings;
  const home = path.join(diskCacheFolder ?? dataFolder ?? paths.defaultDataFolder, "models");
  return {
    modelFolders: [...(settings.modelFolders ?? []), home, ...paths.modelFolders],
    llamaFolder: llamaFolder(settings, paths),
    models: {
      home,
      maxBytes: settings.modelsSize ?? null,
      bytesPerSecond: settings.downloadRate ?? null,
      allowList: modelAllowList === undefined ? null : [...modelAllowList],
    },
  };
}

/** null: neither service is configured. */
export function aitbcConfig(settings: Settings, installation: Installation): AitbcConfig | null {
  const { aitbcCoordinatorUrl: coordinatorUrl = null, aitbcGpuUrl: gpuUrl = null } = settings;
  if (coordinatorUrl === null && gpuUrl === null) return null;
  return {
    coordinatorUrl,
    coordinatorKey: coordinatorUrl === null ? null : (coordinatorKeyOf(settings) ?? null),
    gpuUrl,
    gpuKey: gpuUrl === null ? null : (settings.aitbcApiKey ?? null),
    rpcUrl: settings.aitbcRpcUrl ?? null,
    minerId: settings.aitbcMinerId ?? installation.minerId,
    nodeId: settings.aitbcNodeId ?? null,
    region: settings.aitbcRegion ?? null,
    wallet: settings.aitbcWallet ?? null,
    walletKey: settings.aitbcWalletKey ?? null,
    receiptKeyId: settings.aitbcReceiptKey ?? null,
  };
}

/** One key never travels to two services (protocols/aitbc.md §12.3): AITBC_API_KEY stands in only where it has no other use. */
function coordinatorKeyOf(settings: Settings): string | undefined {
  return (
    settings.aitbcCoordinatorKey ?? (settings.aitbcGpuUrl === undefined ? settings.aitbcApiKey : undefined)
  );
}

function aicfConfig(settings: Settings, installation: Installation): AicfConfig | null {
  const { aicfQueueUrl: queueUrl = null, aicfRpcUrl: rpcUrl = null } = settings;
  // The node alone has the books of a provider that is named.
  if (queueUrl === null && (rpcUrl === null || settings.providerId === undefined)) return null;
  return {
    queueUrl,
    rpcUrl,
    ...(settings.aicfHeartbeat === undefined ? {} : { heartbeatMs: settings.aicfHeartbeat * SECOND }),
    ...(settings.aicfLease === undefined ? {} : { leaseMs: settings.aicfLease * SECOND }),
    ...(settings.aicfWsUrl === undefined ? {} : { wsUrl: settings.aicfWsUrl }),
    ...(settings.providerEndpoint === undefined ? {} : { endpoint: settings.providerEndpoint }),
    ...(settings.providerSecret === undefined ? {} : { secret: settings.providerSecret }),
    chainId: settings.chainId ?? DEFAULT_CHAIN_ID,
    providerId: settings.providerId ?? null,
    name: settings.providerName ?? os.hostname(),
    region: settings.providerRegion ?? null,
    workerId: settings.workerId ?? installation.workerId,
    autoStakeNano: settings.autoStake ?? null,
    ...(settings.stakeWithoutBackup === undefined ? {} : { stakeWithoutBackup: settings.stakeWithoutBackup }),
  };
}

/** Settings that another one makes necessary; a wrong value is there all the same, and is reported as such elsewhere. */
export function missing(given: (name: SettingName) => string | undefined): ConfigProblem[] {
  const problems: ConfigProblem[] = [];
  const need = (name: string, because: string, fix: string) =>
    problems.push({ name, value: null, reason: `is missing, and ${because}`, fix });

  const [plain, named] = [given("aitbcApiKey"), given("aitbcCoordinatorKey")];
  const plainIsCoordinators = given("aitbcGpuUrl") === undefined && plain !== undefined;
  const coordinatorKeyName =
    named !== undefined ? "AITBC_COORDINATOR_KEY" : plainIsCoordinators ? "AITBC_API_KEY" : null;
  if (given("aitbcCoordinatorUrl") !== undefined && coordinatorKeyName === null) {
    need(
      "AITBC_COORDINATOR_KEY",
      "the coordinator lets nobody in without one",
      "Set it to the miner key its operator gave you",
    );
  }
  if (given("aitbcCoordinatorUrl") === undefined && coordinatorKeyName !== null) {
    need(
      "AITBC_COORDINATOR_URL",
      `${coordinatorKeyName} is of no use without it`,
      "Set it to the coordinator's address",
    );
  }
  if (plainIsCoordinators && named !== undefined && plain !== named) {
    problems.push({
      name: "AITBC_COORDINATOR_KEY",
      value: null,
      reason: "says something else than AITBC_API_KEY, which means the same while there is no AITBC_GPU_URL",
      fix: "Set only one of the two",
    });
  }
  const ollamaHost = given("ollamaHost");
  if (isOllamaAuto(given("ollama")) && ollamaHost !== undefined && loopbackAddress(ollamaHost) === null) {
    problems.push({
      name: "OLLAMA_HOST",
      value: shownValue(ollamaHost),
      reason: "names no address of this machine, and jobs never leave it",
      fix: `Set BELLOWS_OLLAMA to the address of an Ollama here, such as ${OLLAMA_DEFAULT}, or to off`,
    });
  }
  const aicf = given("aicfQueueUrl") ?? given("aicfRpcUrl");
  if (aicf === undefined && given("providerId") !== undefined) {
    need(
      "AICF_QUEUE_URL",
      "PROVIDER_ID is of no use without it or RPC_URL",
      "Set it to the queue's address, or RPC_URL to the node's to see its books only",
    );
  }
  return problems;
}

/** A live engine opens or makes its provider key at once: that it can't is said with the rest, before anything is made. */
function passphraseProblems({
  env,
  keyAtWindow,
}: Pick<ConfigSources, "env" | "keyAtWindow">): ConfigProblem[] {
  const passphrase = env[PASSPHRASE_VARIABLE];
  if (keyAtWindow && !passphrase) return [];
  const problem = (reason: string, fix: string) => [
    { name: PASSPHRASE_VARIABLE, value: null, reason, fix } satisfies ConfigProblem,
  ];
  if (!passphrase) {
    return problem(
      "is missing, and the provider key is kept only under a passphrase",
      `Set it to ${MIN_PASSPHRASE_LENGTH} characters or more, for example four words, and keep them safe`,
    );
  }
  if (passphrase.length < MIN_PASSPHRASE_LENGTH) {
    return problem(
      `is shorter than ${MIN_PASSPHRASE_LENGTH} characters`,
      "Choose a longer one, for example four words",
    );
  }
  return [];
}

function collect(sources: LayerSources, wanted?: readonly SettingName[]) {
  try {
    const layers = readLayers(sources, wanted);
    const { settings, problems } = readGiven(layers.given);
    return { settings, problems: [...layers.problems, ...problems], layers };
  } catch (thrown) {
    if (thrown instanceof UnreadablePlace) throw new ConfigError(thrown.problems);
    throw thrown;
  }
}
