/**
 * Every setting there is: its name in the environment, its flag, what it means, how its text is read. The names are
 * those of the two markets' provider guides where they have one; Bellows' own start with BELLOWS_.
 */
import { DAY, HOUR, SECOND } from "../../shared/durations.ts";
import * as read from "./parsers.ts";

export interface Setting<T> {
  /** Its name in the environment. */
  readonly env: string;
  /** The same on the command line, with its dashes. */
  readonly flag?: string;
  /** Never shown, not even in an error. */
  readonly secret?: true;
  /** For `bellows help environment` and docs/cli.md. */
  readonly means: string;
  readonly read: (text: string) => T;
}

const setting = <T>(definition: Setting<T>): Setting<T> => definition;

export const SETTINGS = {
  aitbcGpuUrl: setting({
    env: "AITBC_GPU_URL",
    flag: "--aitbc-gpu",
    means: "AITBC gpu service (offers); setting it turns this market on",
    read: read.httpUrlLike("http://127.0.0.1:8101"),
  }),
  aitbcCoordinatorUrl: setting({
    env: "AITBC_COORDINATOR_URL",
    flag: "--aitbc-coordinator",
    means: "AITBC coordinator API (jobs); setting it turns this market on",
    read: read.httpUrlLike("http://127.0.0.1:8203"),
  }),
  aitbcRpcUrl: setting({
    env: "AITBC_RPC_URL",
    flag: "--aitbc-rpc",
    means: "AITBC chain node, with or without /rpc; without it payments can't be checked",
    read: read.chainUrl,
  }),
  aitbcApiKey: setting({
    env: "AITBC_API_KEY",
    secret: true,
    means: "Key of the gpu service; without a gpu service it is read as AITBC_COORDINATOR_KEY",
    read: read.secret,
  }),
  aitbcCoordinatorKey: setting({
    env: "AITBC_COORDINATOR_KEY",
    secret: true,
    means: "Miner key that the coordinator's operator gave you; needed for jobs",
    read: read.secret,
  }),
  aitbcMinerId: setting({
    env: "AITBC_MINER_ID",
    means: "Name of this machine at AITBC; by default made once and kept in the data folder",
    read: read.identifier,
  }),
  aitbcNodeId: setting({
    env: "AITBC_NODE_ID",
    means: "AITBC node this machine belongs to, told to the gpu service",
    read: read.identifier,
  }),
  aitbcRegion: setting({
    env: "AITBC_REGION",
    means: "Region told to AITBC; jobs may ask for one",
    read: read.label,
  }),
  aitbcWallet: setting({
    env: "AITBC_WALLET",
    means: "Address that AITBC payouts go to",
    read: read.aitWallet,
  }),
  aitbcWalletKey: setting({
    env: "AITBC_WALLET_KEY",
    secret: true,
    means: "secp256k1 key of that address, 64 hex digits; only `bellows aitbc stake` and unstake use it",
    read: read.secret,
  }),
  aitbcReceiptKey: setting({
    env: "AITBC_RECEIPT_KEY",
    means: "The coordinator's receipt key (key_id); receipts signed with another one are reported",
    read: read.identifier,
  }),

  aicfQueueUrl: setting({
    env: "AICF_QUEUE_URL",
    flag: "--aicf-queue",
    means: "AICF job queue; setting it turns this market on",
    read: read.httpUrlLike("http://127.0.0.1:8700"),
  }),
  aicfRpcUrl: setting({
    env: "RPC_URL",
    flag: "--aicf-rpc",
    means: "Animica node, JSON-RPC; without it payouts are read from the queue only",
    read: read.httpUrlLike("http://127.0.0.1:8545"),
  }),
  aicfWsUrl: setting({
    env: "AICF_RPC_WS",
    means: "AICF event stream, ws://…; by default at /aicf/ws of the queue",
    read: read.wsUrl,
  }),
  chainId: setting({
    env: "CHAIN_ID",
    means: "Animica chain (default 1)",
    read: read.wholeNumber(0, Number.MAX_SAFE_INTEGER),
  }),
  providerId: setting({
    env: "PROVIDER_ID",
    means: "AICF provider id; by default derived from the provider key",
    read: read.identifier,
  }),
  providerName: setting({
    env: "PROVIDER_NAME",
    means: "Name shown at AICF (default: the host's name)",
    read: read.label,
  }),
  providerRegion: setting({ env: "PROVIDER_REGION", means: "Region told to AICF", read: read.label }),
  providerEndpoint: setting({
    env: "PROVIDER_ENDPOINT",
    means: "Address told to AICF; work is fetched, so nothing has to reach it",
    read: read.httpUrl,
  }),
  providerSecret: setting({
    env: "PROVIDER_SECRET",
    secret: true,
    means: "Signs a worker's calls at AICF instead of the key, for machines that share one provider",
    read: read.signingSecret,
  }),
  autoStake: setting({
    env: "BELLOWS_AUTO_STAKE",
    means:
      "ANM to stake at registration while the stake is below the market's minimum (default: never stake)",
    read: read.anmAmount,
  }),
  stakeWithoutBackup: setting({
    env: "BELLOWS_STAKE_WITHOUT_BACKUP",
    means: "1 stakes although no backup of the provider key was checked: for play money (default 0)",
    read: read.yesNo,
  }),

  gpuBackend: setting({
    env: "GPU_BACKEND",
    flag: "--backend",
    means: "cuda, webgpu, dml, cpu, or auto for the best that works (default auto)",
    read: read.gpuBackend,
  }),
  cudaFolders: setting({
    env: "BELLOWS_CUDA_PATH",
    means:
      "Folders searched first for CUDA's libraries, separated like PATH; Python's site-packages will do too",
    read: read.folderList,
  }),
  mps: setting({
    env: "MPS_ENABLE",
    means: "1 shares the GPU through NVIDIA's MPS daemon, where one runs (default 0)",
    read: read.yesNo,
  }),
  maxConcurrency: setting({
    env: "MAX_CONCURRENCY",
    flag: "--max-concurrency",
    means: "Leases held at once, over all markets and devices (default 8)",
    read: read.wholeNumber(1, 256),
  }),
  batchSize: setting({
    env: "BATCH_SIZE",
    flag: "--batch-size",
    means: "Jobs of one model run together (default 8)",
    read: read.wholeNumber(1, 256),
  }),
  modelFolders: setting({
    env: "MODEL_DIR",
    flag: "--models",
    means: "Folders searched for models before the app's own, separated like PATH",
    read: read.folderList,
  }),
  modelAllowList: setting({
    env: "MODEL_ALLOWLIST",
    means:
      "The only models that may run, by id or alias, separated by commas (default: every one that is here)",
    read: read.nameList,
  }),
  diskCacheFolder: setting({
    env: "DISK_CACHE_DIR",
    means: "Folder that fetched models are kept in, under models (default: the data folder)",
    read: read.folder,
  }),
  modelsSize: setting({
    env: "BELLOWS_MODELS_SIZE",
    means: "Fetched models are kept under this size, the longest unused go first (default: no limit)",
    read: read.byteSize,
  }),
  downloadRate: setting({
    env: "BELLOWS_DOWNLOAD_RATE",
    means: "Models are fetched at this many bytes per second at most, such as 5M (default: no limit)",
    read: read.positiveByteSize,
  }),
  keepAlive: setting({
    env: "BELLOWS_KEEP_ALIVE",
    means: "A device without work for this long is let go, so that the GPU is cold (default 5m)",
    read: read.duration(0, 24 * HOUR),
  }),
  allowUnpaid: setting({
    env: "BELLOWS_ALLOW_UNPAID",
    means: "1 also runs jobs that a market shows as unpaid (default 0)",
    read: read.yesNo,
  }),
  keepOutputsFor: setting({
    env: "BELLOWS_KEEP_OUTPUTS",
    means: "How long result bytes are kept for later checks (default 7d)",
    read: read.duration(0, 3650 * DAY),
  }),
  keepOutputsSize: setting({
    env: "BELLOWS_KEEP_OUTPUTS_SIZE",
    means: "How much space kept results may take (default 1G)",
    read: read.byteSize,
  }),

  dataFolder: setting({
    env: "BELLOWS_DATA_DIR",
    flag: "--data",
    means: "Ledger, keys and logs (default: the system's place for app data)",
    read: read.folder,
  }),
  controlPort: setting({
    env: "BELLOWS_PORT",
    flag: "--port",
    means:
      "Port of the dashboard and control API on 127.0.0.1 (default 7117, or a free one when it is taken)",
    read: read.port,
  }),
  dashboard: setting({
    env: "BELLOWS_DASHBOARD",
    flag: "--dashboard",
    means: "0 serves the control API without the web dashboard (default 1)",
    read: read.yesNo,
  }),
  startAs: setting({
    env: "BELLOWS_START",
    flag: "--start-as",
    means: "running, or as-left to go on paused or stopped where it was (default running)",
    read: read.oneOf("running", "as-left"),
  }),
  demoRate: setting({
    env: "BELLOWS_DEMO_RATE",
    flag: "--rate",
    means: "Demo only: jobs offered per second and market (default 1)",
    read: read.positiveNumber(1000),
  }),
  demoEpoch: setting({
    env: "BELLOWS_DEMO_EPOCH",
    flag: "--epoch",
    means: "Demo only: AICF settlement period (default 10s)",
    read: read.duration(SECOND, DAY),
  }),
} as const;

export type SettingName = keyof typeof SETTINGS;
export type Settings = { readonly [N in SettingName]?: ReturnType<(typeof SETTINGS)[N]["read"]> };

/** Names that are read where they are needed, not through this table. */
export const OTHER_NAMES: Readonly<Record<string, string>> = {
  BELLOWS_KEY_PASSPHRASE: "Opens the provider key of a live engine, 12 characters or more; needed to serve",
  BELLOWS_BACKUP_PASSPHRASE: "Opens backup files of the provider key (default: BELLOWS_KEY_PASSPHRASE)",
  BELLOWS_DEBUG: "1 adds stacks to the errors of the command line",
  NO_COLOR: "Any value turns colours off",
};

/** Names in AICF's provider guide (§3) that Bellows deliberately does not read, and why. */
export const UNUSED_GUIDE_NAMES: Readonly<Record<string, string>> = {
  CUDA_VISIBLE_DEVICES: "every GPU is used, each by a process that sees only that one",
  JOB_LEASE_SEC: "the market sets the length of a lease",
  JOB_MAX_RUNTIME_SEC: "the market sets each job's limit",
  HEARTBEAT_SEC: "the market sets the heartbeat's interval",
  METRICS_PORT: "there is no metrics exporter yet",
};
