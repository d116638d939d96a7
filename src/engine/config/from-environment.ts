/** Settings come from three places: defaults, then the environment, then flags; what is wrong is reported all at once. */
import os from "node:os";
import path from "node:path";
import {
  type AicfConfig,
  type AitbcConfig,
  type EngineConfig,
  EngineConfigSchema,
} from "../../shared/config.ts";
import { DAY, GIB, MINUTE } from "../../shared/durations.ts";
import { MIN_PASSPHRASE_LENGTH, PASSPHRASE_VARIABLE } from "../identity/identity.ts";
import { ConfigError, type ConfigProblem } from "./config-error.ts";
import { prepareDataFolder } from "./data-folder.ts";
import { type Installation, openInstallation } from "./installation.ts";
import { Refusal } from "./parsers.ts";
import type { AppPaths } from "./paths.ts";
import { SETTINGS, type Setting, type SettingName, type Settings, UNUSED_GUIDE_NAMES } from "./settings.ts";

export type Environment = Readonly<Record<string, string | undefined>>;
/** Flags as typed, still text; an absent flag is absent here. */
export type Flags = { readonly [N in SettingName]?: string | undefined };

export interface ConfigSources {
  readonly env: Environment;
  readonly flags: Flags;
  readonly paths: AppPaths;
}

export const DEFAULT_CONTROL_PORT = 7117;
const DEFAULT_CONCURRENCY = 8;
const DEFAULT_BATCH = 8;
const DEFAULT_CHAIN_ID = 1;
const DEFAULT_KEEP_ALIVE_MS = 5 * MINUTE;
const DEFAULT_KEEP_OUTPUTS_MS = 7 * DAY;
const DEFAULT_KEEP_OUTPUTS_BYTES = GIB;

const SHOWN_VALUE = 60;

/**
 * The configuration of a live engine. Makes the data folder when it is not there, and the machine's ids in it.
 * Throws ConfigError (CONFIG_INVALID) with every wrong setting, or AppError DATA_FOLDER_….
 */
export function loadConfig(sources: ConfigSources): EngineConfig {
  const { settings, problems } = collect(sources);
  const complete = [...problems, ...missing(sources), ...passphraseProblems(sources.env)];
  if (complete.length > 0) throw new ConfigError(complete);

  const dataFolder = path.join(settings.dataFolder ?? sources.paths.defaultDataFolder, "live");
  prepareDataFolder(dataFolder);
  const installation = openInstallation(dataFolder);
  return engineConfig(settings, sources.paths, {
    mode: "live",
    dataFolder,
    markets: { aitbc: aitbcConfig(settings, installation), aicf: aicfConfig(settings, installation) },
    startAs: settings.startAs ?? "running",
  });
}

/** Every setting that was given, read and checked; throws ConfigError with all that are wrong. */
export function readSettings(sources: Pick<ConfigSources, "env" | "flags">): Settings {
  const { settings, problems } = collect(sources);
  if (problems.length > 0) throw new ConfigError(problems);
  return settings;
}

/** What runs when nothing else is said: the markets when one is configured, else the demo. */
export function chooseMode(sources: Pick<ConfigSources, "env" | "flags">): "demo" | "live" {
  const market = (name: SettingName) => textOf(name, sources) !== undefined;
  const markets: SettingName[] = ["aitbcGpuUrl", "aitbcCoordinatorUrl", "aicfQueueUrl"];
  return markets.some(market) ? "live" : "demo";
}

/** Set names that the guide has and Bellows does not use, each with the reason: to be said once, not passed over. */
export function unusedNames(env: Environment): readonly { name: string; reason: string }[] {
  if (!env.AICF_QUEUE_URL) return [];
  return Object.entries(UNUSED_GUIDE_NAMES)
    .filter(([name]) => env[name])
    .map(([name, reason]) => ({ name, reason }));
}

/** What demo and live engines share; `fixed` is what they don't. */
export function engineConfig(
  settings: Settings,
  paths: AppPaths,
  fixed: Pick<EngineConfig, "mode" | "dataFolder" | "markets" | "startAs">,
): EngineConfig {
  return EngineConfigSchema.parse({
    ...fixed,
    resourcesFolder: paths.resourcesFolder,
    ...modelConfig(settings, paths),
    runtimeEntry: paths.entries.runtime,
    gpuBackend: settings.gpuBackend ?? "auto",
    gpuPackFolder: gpuPackFolder(settings, paths),
    cudaFolders: [...(settings.cudaFolders ?? [])],
    mps: settings.mps ?? false,
    maxConcurrency: settings.maxConcurrency ?? DEFAULT_CONCURRENCY,
    batchSize: settings.batchSize ?? DEFAULT_BATCH,
    keepAliveMs: settings.keepAlive ?? DEFAULT_KEEP_ALIVE_MS,
    allowUnpaid: settings.allowUnpaid ?? false,
    keepOutputs: {
      days: (settings.keepOutputsFor ?? DEFAULT_KEEP_OUTPUTS_MS) / DAY,
      bytes: settings.keepOutputsSize ?? DEFAULT_KEEP_OUTPUTS_BYTES,
    },
    control: {
      port: settings.controlPort ?? DEFAULT_CONTROL_PORT,
      explicit: settings.controlPort !== undefined,
      staticFolder: settings.dashboard === false ? null : paths.rendererFolder,
    },
  } satisfies EngineConfig);
}

/** One pack serves the demo and the live engine: it stands beside their folders. */
export function gpuPackFolder(settings: Settings, paths: Pick<AppPaths, "defaultDataFolder">): string {
  return path.join(settings.dataFolder ?? paths.defaultDataFolder, "gpu-pack");
}

/** Fetched models serve the demo and the live engine: they stand beside their folders, and before the app's own. */
export function modelConfig(
  settings: Settings,
  paths: Pick<AppPaths, "defaultDataFolder" | "modelFolders">,
): Pick<EngineConfig, "modelFolders" | "models"> {
  const { diskCacheFolder, dataFolder, modelAllowList } = settings;
  const home = path.join(diskCacheFolder ?? dataFolder ?? paths.defaultDataFolder, "models");
  return {
    modelFolders: [...(settings.modelFolders ?? []), home, ...paths.modelFolders],
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
  if (settings.aicfQueueUrl === undefined) return null;
  return {
    queueUrl: settings.aicfQueueUrl,
    rpcUrl: settings.aicfRpcUrl ?? null,
    ...(settings.aicfWsUrl === undefined ? {} : { wsUrl: settings.aicfWsUrl }),
    ...(settings.providerEndpoint === undefined ? {} : { endpoint: settings.providerEndpoint }),
    ...(settings.providerSecret === undefined ? {} : { secret: settings.providerSecret }),
    chainId: settings.chainId ?? DEFAULT_CHAIN_ID,
    providerId: settings.providerId ?? null,
    name: settings.providerName ?? os.hostname(),
    region: settings.providerRegion ?? null,
    workerId: installation.workerId,
    autoStakeNano: settings.autoStake ?? null,
    ...(settings.stakeWithoutBackup === undefined ? {} : { stakeWithoutBackup: settings.stakeWithoutBackup }),
  };
}

/** Settings that another one makes necessary; a wrong value is there all the same, and is reported as such elsewhere. */
function missing(sources: Pick<ConfigSources, "env" | "flags">): ConfigProblem[] {
  const problems: ConfigProblem[] = [];
  const given = (name: SettingName) => textOf(name, sources)?.text;
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
  if (given("aicfQueueUrl") === undefined && given("providerId") !== undefined) {
    need("AICF_QUEUE_URL", "PROVIDER_ID is of no use without it", "Set it to the queue's address");
  }
  return problems;
}

/** A live engine opens or makes its provider key at once: that it can't is said with the rest, before anything is made. */
function passphraseProblems(env: Environment): ConfigProblem[] {
  const passphrase = env[PASSPHRASE_VARIABLE];
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

function collect(sources: Pick<ConfigSources, "env" | "flags">) {
  const settings: Partial<Record<SettingName, unknown>> = {};
  const problems: ConfigProblem[] = [];
  for (const name of Object.keys(SETTINGS) as SettingName[]) {
    const definition: Setting<unknown> = SETTINGS[name];
    const given = textOf(name, sources);
    if (given === undefined) continue;
    try {
      settings[name] = definition.read(unquoted(given.text));
    } catch (thrown) {
      if (!(thrown instanceof Refusal)) throw thrown;
      const value = definition.secret ? null : shorten(given.text);
      problems.push({ name: given.name, value, reason: thrown.message, fix: thrown.fix });
    }
  }
  return { settings: settings as Settings, problems };
}

/** The text that counts for a setting and the name it was given under; empty text is as good as none. */
function textOf(name: SettingName, sources: Pick<ConfigSources, "env" | "flags">) {
  const definition: Setting<unknown> = SETTINGS[name];
  const flag = sources.flags[name]?.trim();
  if (flag !== undefined) return { name: definition.flag ?? name, text: flag };
  const text = sources.env[definition.env]?.trim();
  return text ? { name: definition.env, text } : undefined;
}

/** Docker's --env-file keeps quotation marks as part of the value; nobody means them. */
function unquoted(text: string): string {
  if (/^(["']).*\1$/s.test(text)) {
    throw new Refusal("has quotation marks that are part of the value", "Take the quotation marks away");
  }
  return text;
}

function shorten(text: string): string {
  return text.length > SHOWN_VALUE ? `${text.slice(0, SHOWN_VALUE)}…` : text;
}
