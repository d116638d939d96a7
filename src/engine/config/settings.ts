/**
 * Every setting there is: its name in the environment, its flag, what it means, how its text is read. The names are
 * those of the two markets' provider guides where they have one; Bellows' own start with BELLOWS_.
 */
import { DAY, HOUR, SECOND } from "../../shared/durations.ts";
import * as read from "./parsers.ts";
import type { Reader } from "./shape.ts";

export interface Setting<T> {
  /** Its name in a configuration file, with its section: `work.batch_size`. null: not in a file. */
  readonly key: string | null;
  /** Its name in the environment. */
  readonly env: string;
  /** The same on the command line, with its dashes. */
  readonly flag?: string;
  /** Never shown, not even in an error. */
  readonly secret?: true;
  /** For `bellows help environment` and docs/cli.md. */
  readonly means: string;
  /** What holds when nobody says anything, as text; absent: nothing is set then. */
  readonly fallback?: string;
  /** The app's settings screen may change it: at once, or with the engine's next start. */
  readonly inApp?: "live" | "restart";
  /** Not for the app to change, yet a changed file counts from SIGHUP on. */
  readonly reloads?: true;
  /** Says how a start begins: nothing that runs waits for it, and it counts from the next start. */
  readonly atStart?: true;
  readonly read: Reader<T>;
}

const setting = <T>(definition: Setting<T>): Setting<T> => definition;

export const SETTINGS = {
  aitbcGpuUrl: setting({
    key: "aitbc.gpu_url",
    inApp: "restart",
    env: "AITBC_GPU_URL",
    flag: "--aitbc-gpu",
    means: "AITBC gpu service (offers); setting it turns this market on",
    read: read.httpUrlLike("http://127.0.0.1:8101"),
  }),
  aitbcCoordinatorUrl: setting({
    key: "aitbc.coordinator_url",
    inApp: "restart",
    env: "AITBC_COORDINATOR_URL",
    flag: "--aitbc-coordinator",
    means: "AITBC coordinator API (jobs); setting it turns this market on",
    read: read.httpUrlLike("http://127.0.0.1:8203"),
  }),
  aitbcRpcUrl: setting({
    key: "aitbc.rpc_url",
    inApp: "restart",
    env: "AITBC_RPC_URL",
    flag: "--aitbc-rpc",
    means: "AITBC chain node, with or without /rpc; without it payments can't be checked",
    read: read.chainUrl,
  }),
  aitbcApiKey: setting({
    key: "aitbc.api_key",
    inApp: "restart",
    env: "AITBC_API_KEY",
    secret: true,
    means: "Key of the gpu service; without a gpu service it is read as AITBC_COORDINATOR_KEY",
    read: read.secret,
  }),
  aitbcCoordinatorKey: setting({
    key: "aitbc.coordinator_key",
    inApp: "restart",
    env: "AITBC_COORDINATOR_KEY",
    secret: true,
    means: "Miner key that the coordinator's operator gave you; needed for jobs",
    read: read.secret,
  }),
  aitbcMinerId: setting({
    key: "aitbc.miner_id",
    env: "AITBC_MINER_ID",
    means: "Name of this machine at AITBC; by default made once and kept in the data folder",
    read: read.identifier,
  }),
  aitbcNodeId: setting({
    key: "aitbc.node_id",
    env: "AITBC_NODE_ID",
    means: "AITBC node this machine belongs to, told to the gpu service",
    read: read.identifier,
  }),
  aitbcRegion: setting({
    key: "aitbc.region",
    inApp: "restart",
    env: "AITBC_REGION",
    means: "Region told to AITBC; jobs may ask for one",
    read: read.label,
  }),
  aitbcWallet: setting({
    key: "aitbc.wallet",
    inApp: "restart",
    env: "AITBC_WALLET",
    means: "Address that AITBC payouts go to",
    read: read.aitWallet,
  }),
  aitbcWalletKey: setting({
    key: "aitbc.wallet_key",
    env: "AITBC_WALLET_KEY",
    secret: true,
    means: "secp256k1 key of that address, 64 hex digits; signs stakes and their release",
    read: read.secret,
  }),
  aitbcReceiptKey: setting({
    key: "aitbc.receipt_key",
    env: "AITBC_RECEIPT_KEY",
    means: "The coordinator's receipt key (key_id); receipts signed with another one are reported",
    read: read.identifier,
  }),

  aicfQueueUrl: setting({
    key: "aicf.queue_url",
    inApp: "restart",
    env: "AICF_QUEUE_URL",
    flag: "--aicf-queue",
    means: "AICF job queue; setting it turns this market on",
    read: read.httpUrlLike("http://127.0.0.1:8700"),
  }),
  aicfRpcUrl: setting({
    key: "aicf.rpc_url",
    inApp: "restart",
    env: "RPC_URL",
    flag: "--aicf-rpc",
    means:
      "Animica node, JSON-RPC; without it payouts are read from the queue only. With PROVIDER_ID and no queue: its books are shown, no work is taken",
    read: read.httpUrlLike("http://127.0.0.1:8545"),
  }),
  aicfWsUrl: setting({
    key: "aicf.ws_url",
    env: "AICF_RPC_WS",
    means: "AICF event stream, ws://…; by default at /aicf/ws of the queue",
    read: read.wsUrl,
  }),
  chainId: setting({
    key: "aicf.chain_id",
    fallback: "1",
    env: "CHAIN_ID",
    means: "Animica chain (default 1)",
    read: read.wholeNumber(0, Number.MAX_SAFE_INTEGER),
  }),
  providerId: setting({
    key: "aicf.provider_id",
    env: "PROVIDER_ID",
    means: "AICF provider id; by default derived from the provider key",
    read: read.identifier,
  }),
  providerName: setting({
    key: "aicf.name",
    inApp: "restart",
    env: "PROVIDER_NAME",
    means: "Name shown at AICF (default: the host's name)",
    read: read.label,
  }),
  providerRegion: setting({
    key: "aicf.region",
    inApp: "restart",
    env: "PROVIDER_REGION",
    means: "Region told to AICF",
    read: read.label,
  }),
  providerEndpoint: setting({
    key: "aicf.endpoint",
    env: "PROVIDER_ENDPOINT",
    means: "Address told to AICF; work is fetched, so nothing has to reach it",
    read: read.httpUrl,
  }),
  providerSecret: setting({
    key: "aicf.secret",
    env: "PROVIDER_SECRET",
    secret: true,
    means: "Signs a worker's calls at AICF instead of the key, for machines that share one provider",
    read: read.signingSecret,
  }),
  workerId: setting({
    key: "aicf.worker_id",
    env: "BELLOWS_WORKER_ID",
    means:
      "Tells this worker from others that share one AICF provider; no two may have the same (default: made once per data folder)",
    read: read.identifier,
  }),
  aicfHeartbeat: setting({
    key: "aicf.heartbeat_sec",
    env: "HEARTBEAT_SEC",
    means:
      "Seconds between heartbeats to AICF, where the market does not ask for more (default 15, or what it asks for)",
    read: read.wholeNumber(1, 60),
  }),
  aicfLease: setting({
    key: "aicf.job_lease_sec",
    env: "JOB_LEASE_SEC",
    means:
      "Seconds by which a running job's lease at AICF is extended (default: as the market granted it, 120)",
    read: read.wholeNumber(10, 600),
  }),
  jobMaxRuntime: setting({
    key: "work.job_max_runtime_sec",
    env: "JOB_MAX_RUNTIME_SEC",
    means:
      "Seconds after which a job is ended even if its market allows more (default: what it allows, else 90)",
    read: read.wholeNumber(1, 86_400),
  }),
  autoStake: setting({
    key: "aicf.auto_stake",
    inApp: "restart",
    env: "BELLOWS_AUTO_STAKE",
    means:
      "ANM to stake at registration while the stake is below the market's minimum (default: never stake)",
    read: read.anmAmount,
  }),
  stakeWithoutBackup: setting({
    key: "aicf.stake_without_backup",
    fallback: "0",
    env: "BELLOWS_STAKE_WITHOUT_BACKUP",
    means: "1 stakes although no backup of the provider key was checked: for play money (default 0)",
    read: read.yesNo,
  }),

  gpuBackend: setting({
    key: "gpu.backend",
    inApp: "restart",
    fallback: "auto",
    env: "GPU_BACKEND",
    flag: "--backend",
    means: "cuda, webgpu, dml, cpu, or auto for the best that works (default auto)",
    read: read.gpuBackend,
  }),
  visibleGpus: setting({
    key: "gpu.visible",
    env: "CUDA_VISIBLE_DEVICES",
    means:
      "The only GPUs that work: numbers or ids as nvidia-smi -L lists them, separated by commas (default: all)",
    read: read.gpuList,
  }),
  cudaFolders: setting({
    key: "gpu.cuda_folders",
    env: "BELLOWS_CUDA_PATH",
    means:
      "Folders searched first for CUDA's libraries, separated like PATH; Python's site-packages will do too",
    read: read.folderList,
  }),
  mps: setting({
    key: "gpu.mps",
    fallback: "0",
    env: "MPS_ENABLE",
    means: "1 shares the GPU through NVIDIA's MPS daemon, where one runs (default 0)",
    read: read.yesNo,
  }),
  ollama: setting({
    key: "models.ollama",
    inApp: "restart",
    fallback: "off",
    env: "BELLOWS_OLLAMA",
    means:
      "off, auto for an Ollama that runs on this machine anyway, or its address here; it writes texts with the catalogue's models it has (default off)",
    read: read.ollama,
  }),
  ollamaHost: setting({
    key: null,
    env: "OLLAMA_HOST",
    means: "Where Ollama listens, as Ollama itself reads it; for BELLOWS_OLLAMA=auto",
    read: read.anyText,
  }),
  ollamaDevice: setting({
    key: "models.ollama_device",
    inApp: "restart",
    env: "BELLOWS_OLLAMA_DEVICE",
    means:
      "The device that Ollama takes, by number or the beginning of its id; needed only where there are several",
    read: read.identifier,
  }),
  maxConcurrency: setting({
    key: "work.max_concurrency",
    inApp: "live",
    env: "MAX_CONCURRENCY",
    flag: "--max-concurrency",
    means:
      "Jobs waiting or running at once, over all markets and devices (default: two batches for each device)",
    read: read.wholeNumber(1, 256),
  }),
  batchSize: setting({
    key: "work.batch_size",
    inApp: "live",
    env: "BATCH_SIZE",
    flag: "--batch-size",
    means:
      "Jobs of one model run together at most (default: the model's batch table decides, by the GPU's free memory)",
    read: read.wholeNumber(1, 256),
  }),
  latencyBudget: setting({
    key: "work.latency_budget_ms",
    inApp: "live",
    fallback: "5",
    env: "LATENCY_BUDGET_MS",
    means:
      "Milliseconds that a job may wait for others of its model, so that they run together (default 5; 0: none)",
    read: read.wholeNumber(0, 1000),
  }),
  modelFolders: setting({
    key: "models.folders",
    env: "MODEL_DIR",
    flag: "--models",
    means: "Folders searched for models before the app's own, separated like PATH",
    read: read.folderList,
  }),
  modelAllowList: setting({
    key: "models.allow",
    env: "MODEL_ALLOWLIST",
    means:
      "The only models that may run, by id or alias, separated by commas (default: every one that is here)",
    read: read.nameList,
  }),
  diskCacheFolder: setting({
    key: "models.cache_folder",
    env: "DISK_CACHE_DIR",
    means: "Folder that fetched models are kept in, under models (default: the data folder)",
    read: read.folder,
  }),
  modelsSize: setting({
    key: "models.disk_limit",
    inApp: "restart",
    env: "BELLOWS_MODELS_SIZE",
    means: "Fetched models are kept under this size, the longest unused go first (default: no limit)",
    read: read.byteSize,
  }),
  downloadRate: setting({
    key: "models.download_rate",
    inApp: "restart",
    env: "BELLOWS_DOWNLOAD_RATE",
    means: "Models are fetched at this many bytes per second at most, such as 5M (default: no limit)",
    read: read.positiveByteSize,
  }),
  keepAlive: setting({
    key: "work.keep_alive",
    inApp: "restart",
    fallback: "5m",
    env: "BELLOWS_KEEP_ALIVE",
    means: "A device without work for this long is let go, so that the GPU is cold (default 5m)",
    read: read.duration(0, 24 * HOUR),
  }),
  allowUnpaid: setting({
    key: "work.allow_unpaid",
    inApp: "live",
    fallback: "0",
    env: "BELLOWS_ALLOW_UNPAID",
    means: "1 also runs jobs that a market shows as unpaid (default 0)",
    read: read.yesNo,
  }),
  keepOutputsFor: setting({
    key: "work.keep_outputs",
    inApp: "live",
    fallback: "7d",
    env: "BELLOWS_KEEP_OUTPUTS",
    means: "How long result bytes are kept for later checks (default 7d)",
    read: read.duration(0, 3650 * DAY),
  }),
  keepOutputsSize: setting({
    key: "work.keep_outputs_size",
    inApp: "live",
    fallback: "1G",
    env: "BELLOWS_KEEP_OUTPUTS_SIZE",
    means: "How much space kept results may take (default 1G)",
    read: read.byteSize,
  }),
  keepReceiptsFor: setting({
    key: "work.keep_receipts",
    inApp: "live",
    fallback: "90d",
    env: "BELLOWS_KEEP_RECEIPTS",
    means: "How long signed receipts of finished jobs are kept (default 90d); digests stay for ever",
    read: read.duration(0, 3650 * DAY),
  }),
  keepReceiptsSize: setting({
    key: "work.keep_receipts_size",
    inApp: "live",
    fallback: "2G",
    env: "BELLOWS_KEEP_RECEIPTS_SIZE",
    means: "How much space kept receipts may take (default 2G)",
    read: read.byteSize,
  }),

  configFile: setting({
    key: null,
    env: "BELLOWS_CONFIG",
    flag: "--config",
    means:
      "Configuration file, TOML or YAML by its ending (default: bellows.toml in the data folder, if there is one)",
    read: read.configFile,
  }),
  dataFolder: setting({
    key: "data_folder",
    env: "BELLOWS_DATA_DIR",
    flag: "--data",
    means: "Ledger, keys and logs (default: the system's place for app data)",
    read: read.folder,
  }),
  controlPort: setting({
    key: "control.port",
    fallback: "7117",
    env: "BELLOWS_PORT",
    flag: "--port",
    means:
      "Port of the dashboard and control API on 127.0.0.1 (default 7117, or a free one when it is taken)",
    read: read.port,
  }),
  dashboard: setting({
    key: "control.dashboard",
    fallback: "1",
    env: "BELLOWS_DASHBOARD",
    flag: "--dashboard",
    means: "0 serves the control API without the web dashboard (default 1)",
    read: read.yesNo,
  }),
  metricsEnabled: setting({
    key: "metrics.enabled",
    env: "METRICS_ENABLED",
    means:
      "0 serves no Prometheus metrics, 1 does so in the app and the demo too (default: `bellows serve` only)",
    read: read.yesNo,
  }),
  metricsPort: setting({
    key: "metrics.port",
    env: "METRICS_PORT",
    means: "Port of the metrics; naming one serves them (default 9108, or a free one when it is taken)",
    read: read.port,
  }),
  metricsHost: setting({
    key: "metrics.host",
    env: "METRICS_HOST",
    means: "Address that metrics are served on (default 127.0.0.1; 0.0.0.0 lets other machines read them)",
    read: read.listenAddress,
  }),
  traceEndpoint: setting({
    key: "traces.endpoint",
    env: "OTEL_EXPORTER_OTLP_ENDPOINT",
    means: "OpenTelemetry receiver (OTLP over HTTP) that a trace of every job is sent to (default: none)",
    read: read.httpUrlLike("http://127.0.0.1:4318"),
  }),
  startAs: setting({
    key: "work.start_as",
    inApp: "live",
    atStart: true,
    env: "BELLOWS_START",
    flag: "--start-as",
    means:
      "running, or as-left to go on paused or stopped where it was (default: as-left in the app, else running)",
    read: read.oneOf("running", "as-left"),
  }),
  otherMachine: setting({
    key: "machine.other",
    env: "BELLOWS_OTHER_MACHINE",
    means:
      "Where the data folder comes from another machine: moved (go on under its names), copied (new names), or ask (default)",
    read: read.oneOf("ask", "moved", "copied"),
  }),
  ledgerGoBack: setting({
    key: null,
    env: "BELLOWS_LEDGER_GO_BACK",
    means:
      "1 goes on from the copy made before a newer version changed the ledger, without asking: for one start after a way back (default 0)",
    read: read.yesNo,
  }),
  demoRate: setting({
    key: "demo.rate",
    fallback: "1",
    env: "BELLOWS_DEMO_RATE",
    flag: "--rate",
    means: "Demo only: jobs offered per second and market (default 1)",
    read: read.positiveNumber(1000),
  }),
  demoEpoch: setting({
    key: "demo.epoch",
    fallback: "10s",
    env: "BELLOWS_DEMO_EPOCH",
    flag: "--epoch",
    means: "Demo only: AICF settlement period (default 10s)",
    read: read.duration(SECOND, DAY),
  }),
  demoDialect: setting({
    key: "demo.aitbc_dialect",
    fallback: "coordinator",
    env: "BELLOWS_DEMO_AITBC_DIALECT",
    flag: "--aitbc-dialect",
    means:
      "Demo only: AITBC's gpu service beside the coordinator, of the era guide or today; coordinator: none (default coordinator)",
    read: read.oneOf("guide", "today", "coordinator"),
  }),

  language: setting({
    key: "app.language",
    inApp: "live",
    fallback: "system",
    env: "BELLOWS_LANGUAGE",
    means: "Language of the app: en, de, or system (default system)",
    read: read.oneOf("system", "en", "de"),
  }),
  theme: setting({
    key: "app.theme",
    inApp: "live",
    fallback: "system",
    env: "BELLOWS_THEME",
    means: "Look of the app: dark, light, or system (default system)",
    read: read.oneOf("system", "dark", "light"),
  }),
  firstRun: setting({
    key: "app.first_run",
    inApp: "live",
    fallback: "intro",
    env: "BELLOWS_FIRST_RUN",
    means: "Where the set-up in the app stands: intro, machine, markets, key, ready or done (default intro)",
    read: read.oneOf("intro", "machine", "markets", "key", "ready", "done"),
  }),
  startAtLogin: setting({
    key: "app.start_at_login",
    inApp: "live",
    fallback: "ask",
    env: "BELLOWS_START_AT_LOGIN",
    means: "Does the app start when its user logs in: yes, no, or ask once (default ask)",
    read: read.oneOf("ask", "yes", "no"),
  }),
  notificationsOff: setting({
    key: "app.notifications_off",
    inApp: "live",
    env: "BELLOWS_NOTIFICATIONS_OFF",
    means: "Notifications that are not shown, by name, separated by commas (default: all are shown)",
    read: read.nameListOrNone,
  }),

  energyPrice: setting({
    key: "energy.price",
    inApp: "live",
    env: "BELLOWS_ENERGY_PRICE",
    means: "What a kilowatt-hour costs, such as 0.31; without it no energy cost is shown",
    read: read.decimalPrice,
  }),
  energyCurrency: setting({
    key: "energy.currency",
    inApp: "live",
    fallback: "EUR",
    env: "BELLOWS_ENERGY_CURRENCY",
    means: "Currency of the energy price, three letters (default EUR)",
    read: read.currencyCode,
  }),
  energySecondPrice: setting({
    key: "energy.second_price",
    inApp: "live",
    env: "BELLOWS_ENERGY_SECOND_PRICE",
    means: "What a kilowatt-hour costs during the hours of the second tariff",
    read: read.decimalPrice,
  }),
  energySecondHours: setting({
    key: "energy.second_hours",
    inApp: "live",
    env: "BELLOWS_ENERGY_SECOND_HOURS",
    means: "Local hours of the second tariff, such as 22:00-06:00",
    read: read.dayHours,
  }),
  restOfSystemWatts: setting({
    key: "energy.rest_of_system_watts",
    inApp: "live",
    fallback: "0",
    env: "BELLOWS_REST_OF_SYSTEM_WATTS",
    means:
      "What the machine draws beside its GPUs while it works, in watts, counted as energy cost (default 0)",
    read: read.wholeNumber(0, 5000),
  }),

  aitWorth: setting({
    key: "energy.ait_worth",
    inApp: "live",
    env: "BELLOWS_AIT_WORTH",
    means:
      "What one AIT is worth to you in the energy price's currency, to weigh earnings against energy cost",
    read: read.coinWorth,
  }),
  anmWorth: setting({
    key: "energy.anm_worth",
    inApp: "live",
    env: "BELLOWS_ANM_WORTH",
    means: "What one ANM is worth to you in the energy price's currency",
    read: read.coinWorth,
  }),

  presenceSchedule: setting({
    key: "presence.schedule",
    inApp: "live",
    env: "BELLOWS_SCHEDULE",
    means:
      'Local times when work may run, such as "Mon-Fri 18:00-23:00; Sat,Sun 00:00-24:00" (default: always)',
    read: read.weekWindows,
  }),
  presenceIdleMinutes: setting({
    key: "presence.idle_minutes",
    inApp: "live",
    fallback: "0",
    env: "BELLOWS_IDLE_MINUTES",
    means: "Work only after nobody used the machine for this many minutes; 0: always (default 0)",
    read: read.wholeNumber(0, 240),
  }),
  presencePrograms: setting({
    key: "presence.pause_programs",
    inApp: "live",
    env: "BELLOWS_PAUSE_PROGRAMS",
    means: "Programs that pause the GPU they use, by file name, separated by commas",
    read: read.nameListOrNone,
  }),
  presenceOtherPrograms: setting({
    key: "presence.pause_for_other_programs",
    inApp: "live",
    fallback: "1",
    env: "BELLOWS_PAUSE_FOR_OTHER_PROGRAMS",
    means: "1 pauses a GPU that another program uses much of (default 1)",
    read: read.yesNo,
  }),
  presenceWhenBusy: setting({
    key: "presence.pause_when_busy",
    inApp: "live",
    fallback: "1",
    env: "BELLOWS_PAUSE_WHEN_BUSY",
    means: "1 pauses a GPU that is busy while nothing of Bellows runs on it (default 1)",
    read: read.yesNo,
  }),
  presenceBusyPercent: setting({
    key: "presence.busy_percent",
    inApp: "live",
    fallback: "50",
    env: "BELLOWS_BUSY_PERCENT",
    means: "From this load on a GPU counts as busy (default 50)",
    read: read.wholeNumber(5, 100),
  }),
  presenceBusySeconds: setting({
    key: "presence.busy_seconds",
    inApp: "live",
    fallback: "30",
    env: "BELLOWS_BUSY_SECONDS",
    means: "For so long it has to be (default 30)",
    read: read.wholeNumber(1, 600),
  }),
  presenceFullscreen: setting({
    key: "presence.pause_for_fullscreen",
    inApp: "live",
    fallback: "1",
    env: "BELLOWS_PAUSE_FOR_FULLSCREEN",
    means: "1 pauses while a game or film fills the screen (default 1)",
    read: read.yesNo,
  }),
  presenceBattery: setting({
    key: "presence.pause_on_battery",
    inApp: "live",
    fallback: "1",
    env: "BELLOWS_PAUSE_ON_BATTERY",
    means: "1 pauses while the machine runs on its battery (default 1)",
    read: read.yesNo,
  }),
  presenceTemperature: setting({
    key: "presence.temperature_limit",
    inApp: "live",
    env: "BELLOWS_TEMPERATURE_LIMIT",
    means:
      "A GPU as hot as this rests until it has cooled down, in degrees Celsius; 0: its own protection is enough (default 0)",
    fallback: "0",
    read: read.temperatureLimit,
  }),

  updatesChannel: setting({
    key: "updates.channel",
    inApp: "live",
    fallback: "latest",
    env: "BELLOWS_UPDATES_CHANNEL",
    means: "Which versions are offered: latest or beta (default latest)",
    read: read.oneOf("latest", "beta"),
  }),
  updatesFeed: setting({
    key: "updates.feed_url",
    inApp: "live",
    env: "BELLOWS_UPDATES_FEED",
    means: "Where the app looks for new versions; without it it never does",
    read: read.httpUrlLike("https://updates.example/bellows"),
  }),
  updatesAuto: setting({
    key: "updates.automatic",
    inApp: "live",
    fallback: "1",
    env: "BELLOWS_UPDATES_AUTOMATIC",
    means: "0 asks before a new version is fetched (default 1)",
    read: read.yesNo,
  }),

  fleetFile: setting({
    key: "fleet.file",
    inApp: "live",
    env: "BELLOWS_FLEET_FILE",
    means:
      "Inventory of the machines that the Fleet screen shows, counted from the data folder (default: fleet.toml or fleet.yaml in it)",
    read: read.inventoryFile,
  }),
  fleetPrometheus: setting({
    key: "fleet.prometheus_url",
    inApp: "live",
    env: "BELLOWS_FLEET_PROMETHEUS",
    means:
      "Prometheus that scrapes the fleet as job bellows (or the inventory's job), beside the inventory or instead of it",
    read: read.httpUrlLike("http://127.0.0.1:9090"),
  }),

  logLevel: setting({
    key: "log.level",
    inApp: "live",
    fallback: "info",
    env: "LOG_LEVEL",
    flag: "--log-level",
    means: "Least important line of the log: trace, debug, info, warn, error, or silent (default info)",
    read: read.oneOf("trace", "debug", "info", "warn", "error", "silent"),
  }),
  logFormat: setting({
    key: "log.format",
    env: "BELLOWS_LOG_FORMAT",
    flag: "--log-format",
    means: "Lines of the log as json or human (default: human on a terminal, else json)",
    read: read.oneOf("json", "human"),
  }),
  logFileSize: setting({
    key: "log.file_size",
    fallback: "10M",
    env: "BELLOWS_LOG_FILE_SIZE",
    means:
      "A log file in the data folder grows to this size before the next begins; five are kept (default 10M)",
    read: read.positiveByteSize,
  }),
  drainTimeout: setting({
    key: "work.drain_timeout",
    reloads: true,
    fallback: "2m",
    env: "BELLOWS_DRAIN_TIMEOUT",
    flag: "--drain-timeout",
    means: "How long SIGTERM lets held work be finished before it is given back (default 2m)",
    read: read.duration(0, HOUR),
  }),
} as const;

export type SettingName = keyof typeof SETTINGS;
export type Settings = { readonly [N in SettingName]?: ReturnType<(typeof SETTINGS)[N]["read"]> };

/** Names that are read where they are needed, not through this table. */
export const OTHER_NAMES: Readonly<Record<string, string>> = {
  BELLOWS_KEY_PASSPHRASE: "Opens the provider key of a live engine, 12 characters or more; needed to serve",
  BELLOWS_NEW_KEY_PASSPHRASE: "What `bellows identity passphrase` puts the key under (default: it asks)",
  BELLOWS_BACKUP_PASSPHRASE: "Opens backup files of the provider key (default: BELLOWS_KEY_PASSPHRASE)",
  BELLOWS_DEBUG: "1 adds stacks to the errors of the command line",
  NO_COLOR: "Any value turns colours off",
};
