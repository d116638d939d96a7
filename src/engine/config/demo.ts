/**
 * The demo: both markets embedded in a devnet process with play money, an engine that works for them. Its keys are
 * random, made once, and kept in its own folder, apart from everything live.
 */
import { randomBytes, randomInt } from "node:crypto";
import path from "node:path";
import { z } from "zod";
import {
  type DevnetConfig,
  DevnetConfigSchema,
  type DevnetReady,
  type EngineConfig,
} from "../../shared/config.ts";
import { SECOND } from "../../shared/durations.ts";
import { prepareDataFolder } from "./data-folder.ts";
import { type ConfigSources, engineConfig, openSettings } from "./from-environment.ts";
import { openInstallation, openOnce } from "./installation.ts";

const DEMO_CHAIN_ID = 1;
const DEMO_EPOCH_MS = 10 * SECOND;
const DEMO_JOBS_PER_SECOND = 1;
const DEMO_MAX_QUEUED = 32;
/** The market's minimum for AI providers: 100 ANM (protocols/aicf.md §2, config.py). */
const DEMO_STAKE_NANO = "100000000000";

const DemoKeysSchema = z.object({
  /** The one key the embedded coordinator lets in. */
  minerApiKey: z.string().min(16),
  /** A play-money address. */
  wallet: z.string().regex(/^0x[0-9a-f]{40}$/),
  seed: z.number().int(),
  /** Opens today's gpu service; demos of before there was one have none. */
  gpuApiKey: z.string().min(16).optional(),
});
type DemoKeys = z.infer<typeof DemoKeysSchema>;

export interface Demo {
  /** Holds the engine's ledger and control file; the devnet lives in `devnet/` under it. */
  readonly dataFolder: string;
  /** First message to the devnet process. After a restart pass the addresses it had, so that they stay. */
  devnetConfig(before?: DevnetReady): DevnetConfig;
  /** First message to the engine process, once the devnet is ready; after a crash it goes on `as-left`. */
  engineConfig(devnet: DevnetReady, startAs?: EngineConfig["startAs"]): EngineConfig;
}

/** Make the demo's folder and keys where they are missing. Throws ConfigError or AppError DATA_FOLDER_…. */
export function prepareDemo(sources: ConfigSources): Demo {
  const { settings, told } = openSettings(sources);
  const dataFolder = path.join(settings.dataFolder ?? sources.paths.defaultDataFolder, "demo");
  prepareDataFolder(dataFolder);
  const keys = openOnce<DemoKeys>(path.join(dataFolder, "demo.json"), DemoKeysSchema, () => ({
    minerApiKey: `demo-${randomBytes(24).toString("base64url")}`,
    wallet: `0x${randomBytes(20).toString("hex")}`,
    seed: randomInt(2 ** 31),
    gpuApiKey: `demo-gpu-${randomBytes(24).toString("base64url")}`,
  }));
  const aitbcDialect = settings.demoDialect ?? "coordinator";
  // One key never opens two services, not even in play (protocols/aitbc.md §12.3).
  const gpuApiKey = keys.gpuApiKey ?? `${keys.minerApiKey}-gpu`;
  const installation = openInstallation(dataFolder);

  return {
    dataFolder,
    devnetConfig: (before) =>
      DevnetConfigSchema.parse({
        dataFolder: path.join(dataFolder, "devnet"),
        resourcesFolder: sources.paths.resourcesFolder,
        ports: {
          coordinator: portOf(before?.coordinatorUrl),
          chainRpc: portOf(before?.chainRpcUrl),
          queue: portOf(before?.queueUrl),
          node: portOf(before?.nodeUrl),
          ...(aitbcDialect === "coordinator" ? {} : { gpu: portOf(before?.gpuUrl ?? undefined) }),
        },
        minerApiKey: keys.minerApiKey,
        aitbcDialect,
        gpuApiKey,
        payeeWallet: keys.wallet,
        chainId: DEMO_CHAIN_ID,
        epochMs: settings.demoEpoch ?? DEMO_EPOCH_MS,
        // A laptop that sleeps during the demo keeps its play stake, and earns on when it wakes.
        aicf: { slashing: false },
        demand: {
          jobsPerSecond: settings.demoRate ?? DEMO_JOBS_PER_SECOND,
          maxQueued: DEMO_MAX_QUEUED,
          markets: ["aitbc", "aicf"],
          seed: keys.seed,
        },
      } satisfies DevnetConfig),
    engineConfig: (devnet, startAs = settings.startAs ?? "running") =>
      engineConfig(settings, sources.paths, {
        mode: "demo",
        dataFolder,
        startAs,
        settings: told,
        markets: {
          aitbc: {
            coordinatorUrl: devnet.coordinatorUrl,
            rpcUrl: devnet.chainRpcUrl,
            coordinatorKey: keys.minerApiKey,
            gpuUrl: devnet.gpuUrl,
            gpuKey: devnet.gpuUrl === null || aitbcDialect === "guide" ? null : gpuApiKey,
            minerId: installation.minerId,
            nodeId: null,
            region: null,
            wallet: keys.wallet,
            receiptKeyId: null,
          },
          aicf: {
            queueUrl: devnet.queueUrl,
            rpcUrl: devnet.nodeUrl,
            chainId: DEMO_CHAIN_ID,
            providerId: null,
            name: "Bellows demo",
            region: null,
            workerId: installation.workerId,
            autoStakeNano: DEMO_STAKE_NANO,
          },
        },
      }),
  };
}

/** 0 (any free port) before the first start. */
function portOf(url: string | undefined): number {
  return url === undefined ? 0 : Number(new URL(url).port);
}
