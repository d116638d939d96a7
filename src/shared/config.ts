/**
 * What a process is told at its start, as the first message on its channel (never in arguments or environment,
 * because it can hold keys). Whoever starts it has already merged defaults, environment and flags.
 */
import { z } from "zod";
import { SettingSourceSchema } from "./contract/settings.ts";
import { MarketIdSchema, RunIntentSchema } from "./contract/views.ts";
import { WantedBackendSchema } from "./runtime/protocol.ts";
import { SpokenSchema } from "./words/said.ts";

const Url = z.url({ protocol: /^https?$/ });
const Port = z.number().int().min(0).max(65_535);

export const AitbcConfigSchema = z.object({
  /** Coordinator API, default port 8203: jobs. null: none, then `gpuUrl` is set. */
  coordinatorUrl: Url.nullable(),
  /** Miner key of the coordinator. */
  coordinatorKey: z.string().min(1).nullable(),
  /** GPU inventory service, default port 8101: offers. */
  gpuUrl: Url.nullable(),
  /** Key of the inventory service, another one than the coordinator's; null: it asks for none. */
  gpuKey: z.string().min(1).nullable(),
  /** Chain RPC with its /rpc prefix left off, default port 8202; without it payments can't be checked. */
  rpcUrl: Url.nullable(),
  minerId: z.string().min(1).max(120),
  /** The node this provider belongs to, as told to the inventory service; null: not said. */
  nodeId: z.string().nullable(),
  region: z.string().nullable(),
  /** Address payouts go to; null: not known here. */
  wallet: z.string().nullable(),
  /** secp256k1 key of that address, hex: signs stakes; absent: it is not here. */
  walletKey: z.string().nullable().optional(),
  /** The coordinator's receipt key (key_id, base64url), pinned; null: any valid signature counts. */
  receiptKeyId: z.string().nullable(),
});
export type AitbcConfig = z.infer<typeof AitbcConfigSchema>;

export const AicfConfigSchema = z.object({
  /** Queue of profile v1, default port 8700. null: none, so no work; what the node tells can still be read. */
  queueUrl: Url.nullable(),
  /** Node JSON-RPC base, default port 8545. */
  rpcUrl: Url.nullable(),
  /** The market's WebSocket (AICF_RPC_WS); absent: at /aicf/ws of the queue, else of the node. */
  wsUrl: z.url({ protocol: /^wss?$/ }).optional(),
  chainId: z.number().int().nonnegative(),
  /** null: derived from the provider key. */
  providerId: z.string().nullable(),
  name: z.string(),
  region: z.string().nullable(),
  /** Told to the market as this provider's address (PROVIDER_ENDPOINT); nothing listens there for us. */
  endpoint: z.string().optional(),
  /** Signs a worker's calls instead of the key (PROVIDER_SECRET), for machines that share one provider. */
  secret: z.string().min(16).max(200).optional(),
  workerId: z.string().min(1),
  /** A heartbeat at least this often, ms (HEARTBEAT_SEC); the market may ask for more. */
  heartbeatMs: z.number().int().positive().optional(),
  /** Renewals extend a lease by this much, ms (JOB_LEASE_SEC); absent: by what it was granted for. */
  leaseMs: z.number().int().positive().optional(),
  /** Nano to stake at registration when the stake is below the market's minimum; null: never stake by itself. */
  autoStakeNano: z.string().regex(/^\d+$/).nullable(),
  /** Stake although no backup of the key was checked: for play money. */
  stakeWithoutBackup: z.boolean().optional(),
});
export type AicfConfig = z.infer<typeof AicfConfigSchema>;

/** Where metrics are served. `explicit`: the port was asked for, so a busy one is an error. */
const MetricsConfigSchema = z.object({ host: z.string(), port: Port, explicit: z.boolean() });
export type MetricsConfig = z.infer<typeof MetricsConfigSchema>;

/** Where settings come from, so that the app can show it and knows what it may change. */
export const SettingsConfigSchema = z.object({
  /** The app's own file. Absolute; need not exist. */
  savedFile: z.string(),
  /** Root of everything kept on this machine. */
  dataRoot: z.string(),
  /** null: none is in use. */
  configFile: z.string().nullable(),
  /**
   * By key: said by flag, environment or file, so not the app's to change. A secret's text is null; its `mark` tells it
   * from another secret, within the process that read it.
   */
  fixed: z.record(
    z.string(),
    z.object({ text: z.string().nullable(), mark: z.string().optional(), source: SettingSourceSchema }),
  ),
});
export type SettingsConfig = z.infer<typeof SettingsConfigSchema>;

/** How old the oldest may be, and how much room all of them may take. */
const KeptSchema = z.object({ days: z.number().nonnegative(), bytes: z.number().int().nonnegative() });

export const EngineConfigSchema = z.object({
  mode: z.enum(["demo", "live"]),
  /** Ledger, keys, control file, logs. Absolute. */
  dataFolder: z.string(),
  /** Holds models/catalogue.json. Absolute. */
  resourcesFolder: z.string(),
  /** Searched in order for <model id>/<file>. Absolute. */
  modelFolders: z.array(z.string()),
  models: z.object({
    /** Where fetched models are kept: the one model folder that is written to. Absolute; need not exist. */
    home: z.string(),
    /** What they may take together (BELLOWS_MODELS_SIZE); null: no limit. */
    maxBytes: z.number().int().nonnegative().nullable(),
    /** All downloads together (BELLOWS_DOWNLOAD_RATE); null: no limit. */
    bytesPerSecond: z.number().int().positive().nullable(),
    /** Ids or aliases of the only models that may run (MODEL_ALLOWLIST); null: all. */
    allowList: z.array(z.string()).nullable(),
  }),
  /** Built entry of the runtime process. Absolute. */
  runtimeEntry: z.string(),
  markets: z.object({ aitbc: AitbcConfigSchema.nullable(), aicf: AicfConfigSchema.nullable() }),
  gpuBackend: WantedBackendSchema,
  /** Numbers or the beginnings of ids of the only GPUs that work (CUDA_VISIBLE_DEVICES); absent: all. */
  visibleGpus: z.array(z.string()).optional(),
  /** A job is ended after this long even where its market allows more (JOB_MAX_RUNTIME_SEC); absent: what it allows. */
  jobMaxRuntimeMs: z.number().int().positive().optional(),
  /** Where `bellows gpu-pack` keeps what CUDA needs. Absolute; need not exist. */
  gpuPackFolder: z.string(),
  /** Where `bellows llama` keeps llama.cpp, which text generation needs. Absolute; need not exist; absent: nowhere. */
  llamaFolder: z.string().optional(),
  /** Searched first for CUDA's libraries (BELLOWS_CUDA_PATH). Absolute. */
  cudaFolders: z.array(z.string()),
  /** An Ollama on this machine that may write texts (BELLOWS_OLLAMA); absent: none is used. */
  ollama: z
    .object({
      /** A loopback address. */
      url: z.string().regex(/^http:\/\/(127\.0\.0\.1|\[::1\]):\d+$/),
      /** Number or the beginning of the id of the device it takes (BELLOWS_OLLAMA_DEVICE); null: the only one. */
      device: z.string().nullable(),
    })
    .optional(),
  /** Run under the machine's MPS daemon, if there is one (MPS_ENABLE). */
  mps: z.boolean(),
  /** Jobs waiting or running at once, over all markets and devices (MAX_CONCURRENCY); null: as many as keep them busy. */
  maxConcurrency: z.number().int().min(1).max(256).nullable(),
  /** Jobs of one model run together at most (BATCH_SIZE); null: the model's batch table decides. */
  batchSize: z.number().int().min(1).max(256).nullable(),
  /** How long a job may wait for others of its model (LATENCY_BUDGET_MS). */
  latencyBudgetMs: z.number().nonnegative(),
  /** A runtime without work for this long is ended, so that the GPU is cold. */
  keepAliveMs: z.number().int().nonnegative(),
  /** Run jobs the market shows as unpaid? Default no (design.md §6). */
  allowUnpaid: z.boolean(),
  /** Output bytes are kept until they are this old or all together this big. */
  keepOutputs: KeptSchema,
  /** Signed receipts, ours and the market's, of finished jobs. */
  keepReceipts: KeptSchema,
  /** Loopback control API and dashboard; null: off. `explicit`: the port was asked for, so a busy one is an error. */
  control: z.object({ port: Port, explicit: z.boolean(), staticFolder: z.string().nullable() }).nullable(),
  /** The provider key in the desktop app; absent: it opens with the passphrase in the environment or not at all. */
  key: z
    .object({
      /** Sealed by the system's key store; null: none can be used, `refused` says why. */
      store: z.object({ name: z.string(), secret: z.string().regex(/^[0-9a-f]{64}$/) }).nullable(),
      refused: z.string().nullable(),
    })
    .optional(),
  /** Prometheus metrics (METRICS_PORT); null: off; absent: nobody said, so off but for `bellows serve`. */
  metrics: MetricsConfigSchema.nullable().optional(),
  /** Base address of an OTLP receiver, to which a trace of each job goes (OTEL_EXPORTER_OTLP_ENDPOINT); absent: none. */
  traceTo: Url.optional(),
  /**
   * What to do where the data folder comes from another machine; absent: nothing, since all the names it has at the
   * markets are given to it, or mean nothing.
   */
  otherMachine: z.enum(["ask", "moved", "copied"]).optional(),
  /** A ledger of a newer version gives way to the copy made before it, without anybody being asked. Absent: no. */
  ledgerGoesBack: z.boolean().optional(),
  /** Markets at which its name is given; absent: at each it has the one kept in the data folder. */
  namedAt: z.array(z.enum(["aitbc", "aicf"])).optional(),
  /** What to do at start: run, go on as the person left it, or take no work until told to (`stopped`: safe mode). */
  startAs: z.enum(["running", "as-left", "paused", "stopped"]),
  /** Absent: nothing is written to a file, and only warnings are kept in memory. */
  log: z
    .object({
      level: z.enum(["trace", "debug", "info", "warn", "error", "silent"]),
      /** In `logs/` of the data folder, five files of this size. */
      fileBytes: z.number().int().positive(),
    })
    .optional(),
  /** Absent: nothing but defaults and what is saved beside the ledger. */
  settings: SettingsConfigSchema.optional(),
});
export type EngineConfig = z.infer<typeof EngineConfigSchema>;

/** Faults a market's surface makes on purpose; shares are of all calls, 0…1. */
const MischiefSchema = z.object({
  /** Each call waits this long, up to. */
  latencyMs: z.number().int().nonnegative().default(0),
  /** The call never arrives: its connection ends. */
  dropShare: z.number().min(0).max(1).default(0),
  /** The call is acted upon, its answer is lost. */
  loseAnswerShare: z.number().min(0).max(1).default(0),
  /** 503 with Retry-After. */
  busyShare: z.number().min(0).max(1).default(0),
  /** Every event stream ends this often; 0: never. */
  dropSocketsEveryMs: z.number().int().nonnegative().default(0),
  /** Same seed, same faults in the same order of calls. */
  seed: z.number().int().default(1),
});
export type Mischief = z.infer<typeof MischiefSchema>;

export const DevnetConfigSchema = z.object({
  /** SQLite file, log and keys of the embedded markets. Absolute. */
  dataFolder: z.string(),
  /** Holds demo/texts.json, the words of which demand is made. Absolute. */
  resourcesFolder: z.string(),
  /** 0 takes a free port; after a restart the same ports are asked for again. */
  ports: z.object({ coordinator: Port, chainRpc: Port, queue: Port, node: Port, gpu: Port.optional() }),
  /** API key that AITBC's coordinator accepts. */
  minerApiKey: z.string().min(16),
  chainId: z.number().int().nonnegative(),
  /** AICF settlement period. Demo: 10 s. */
  epochMs: z.number().int().positive(),
  /** Block time of both chains; unbonding counts 7200 of them. Default 12 s. */
  blockMs: z.number().int().positive().optional(),
  /** AITBC address the demand names as payee (a registration has no wallet field); without it those jobs are unpaid. */
  payeeWallet: z.string().min(1).optional(),
  /** AICF lease length and the heartbeat interval it asks for. Default 120 s and 15 s. */
  leaseMs: z.number().int().positive().optional(),
  heartbeatMs: z.number().int().positive().optional(),
  /** The era of AITBC's gpu service (port 8101) that is served beside the coordinator; `coordinator`, the default: none. */
  aitbcDialect: z.enum(["guide", "today", "coordinator"]).optional(),
  /** Key of today's gpu service; absent: it has none, and lets nobody in. */
  gpuApiKey: z.string().min(16).optional(),
  /** Oddities of the real services to do without (devnet/aitbc/quirks.ts). */
  aitbcQuirksOff: z.array(z.string()).optional(),
  /** AICF's own knobs; each has upstream's value, or is off, when absent. */
  aicf: z
    .object({
      /** Length of a service window, default 15 min. */
      slaWindowMs: z.number().int().positive().optional(),
      /** false: service is measured and never punished. */
      slashing: z.boolean().optional(),
      /** Share of the demand's jobs that are traps, 0…1, default 0.05. */
      trapShare: z.number().min(0).max(1).optional(),
      denyProviders: z.array(z.string()).optional(),
      denyRegions: z.array(z.string()).optional(),
      /** `reordered`: an epoch pays in any order, and some jobs only in a later one. */
      settlementOrder: z.enum(["completed", "reordered"]).optional(),
      /** What befalls calls to queue and node. */
      mischief: MischiefSchema.optional(),
    })
    .optional(),
  /** Apply the coordinator's documented rate limits per client address. Default off. */
  rateLimits: z.boolean().optional(),
  demand: z
    .object({
      /** Jobs offered per second and market. */
      jobsPerSecond: z.number().positive().max(1000),
      /** No new job while this many wait in a market's queue. */
      maxQueued: z.number().int().positive(),
      markets: z.array(MarketIdSchema),
      /** Same seed, same jobs. */
      seed: z.number().int(),
    })
    .nullable(),
});
export type DevnetConfig = z.infer<typeof DevnetConfigSchema>;

/** The devnet's answer once every port listens. */
export const DevnetReadySchema = z.object({
  kind: z.literal("ready"),
  coordinatorUrl: Url,
  /** AITBC's gpu service; null: none is served. */
  gpuUrl: Url.nullable(),
  chainRpcUrl: Url,
  queueUrl: Url,
  nodeUrl: Url,
  /** JSON-lines log of everything the markets were told; tests read it. */
  logFile: z.string(),
});
export type DevnetReady = z.infer<typeof DevnetReadySchema>;

/** First message to an engine or devnet process. */
export const ConfigureSchema = z.object({ kind: z.literal("configure"), config: z.unknown() });

/** To a devnet process whose parent wants its end now: nobody needs its markets any more. */
export const EndSchema = z.object({ kind: z.literal("end") });
export type End = z.infer<typeof EndSchema>;

/** Anything a child says when it can't go on; it exits right after, with code 1. */
export const FatalSchema = z.object({
  kind: z.literal("fatal"),
  error: z.object({
    code: z.string(),
    message: z.string(),
    actor: z.enum(["user", "market", "network", "machine", "bug"]),
    help: z.string().optional(),
  }),
});

/** Before it is ready, where that takes long: what it does, and for how long it may say nothing more. */
export const EngineStartingSchema = z.object({
  kind: z.literal("engine-starting"),
  doing: SpokenSchema,
  patienceMs: z.number().int().positive(),
});
export type EngineStarting = z.infer<typeof EngineStartingSchema>;
export type StartNews = Omit<EngineStarting, "kind">;

/** The engine's word that it serves the contract; `control` is null when the control API is off. */
export const EngineReadySchema = z.object({
  kind: z.literal("engine-ready"),
  control: z.object({ url: z.string(), dashboardUrl: z.string() }).nullable(),
});
export type EngineReady = z.infer<typeof EngineReadySchema>;

/** The engine's last word before a restart it wants: what its person wants of it. */
export const EngineLeftSchema = z.object({ kind: z.literal("engine-left"), wish: RunIntentSchema });
export type EngineLeft = z.infer<typeof EngineLeftSchema>;
