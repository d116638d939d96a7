/**
 * What the engine shows: the state as a record of slices. A snapshot is all slices; a delta replaces whole slices.
 * Times are unix milliseconds of the engine's clock. Unknown is null, never 0.
 */
import { z } from "zod";
import { ErrorValueSchema } from "../errors.ts";
import { CurrencyCodeSchema, MoneyValueSchema } from "../money.ts";
import { ComputedBySchema, RunsOnSchema } from "../runtime/backend.ts";
import { SCREEN_NAMES } from "../screens.ts";
import { SaidSchema, SpokenSchema } from "../words/said.ts";
import { EarningPeriodsSchema } from "./earnings.ts";
import { GpuPackViewSchema } from "./gpu-pack.ts";
import { LlamaViewSchema } from "./llama.ts";
import { type MarketId, MarketIdSchema } from "./market-id.ts";
import { ModelViewSchema } from "./models.ts";
import { EnergyCostSchema, OffersViewSchema } from "./offers.ts";
import { OllamaViewSchema } from "./ollama.ts";
import { PauseViewSchema, PresenceSignalSchema } from "./presence.ts";
import { SelfTestProgressSchema } from "./self-test.ts";
import { SettingsViewSchema } from "./settings.ts";

export { type MarketId, MarketIdSchema };

const TimeMs = z.number().int().nonnegative();
const Text = z.string().max(2000);

/** What the person asked for. `finish` takes no more work and ends what runs, then becomes `stopped`. */
export const RunIntentSchema = z.enum(["running", "paused", "finishing", "stopped"]);
export type RunIntent = z.infer<typeof RunIntentSchema>;

/**
 * The one state a person sees, derived from proofs (design.md §8), worst first:
 * error: nothing can run until somebody acts. attention: runs, but something needs a look.
 * offline: no market answers. stopped/paused/finishing: as asked. starting: no proof yet, still in time.
 * earning: a result was accepted lately. idle: all is well and there is no work.
 */
export const HeadlineLevelSchema = z.enum([
  "error",
  "attention",
  "offline",
  "stopped",
  "paused",
  "finishing",
  "starting",
  "earning",
  "idle",
]);
export type HeadlineLevel = z.infer<typeof HeadlineLevelSchema>;

/** The machine around the devices; null: not known. */
export const HostInfoSchema = z.object({
  cpu: Text,
  cores: z.number().int().positive(),
  memoryMb: z.number().nonnegative(),
  os: Text,
  wsl: z.boolean(),
  /** null: it has none. */
  battery: z.object({ charging: z.boolean(), percent: z.number() }).nullable(),
});
export type HostInfo = z.infer<typeof HostInfoSchema>;

export const EngineViewSchema = z.object({
  version: Text,
  /** `demo`: the embedded devnet with play money. `live`: configured markets. */
  mode: z.enum(["demo", "live"]),
  startedAt: TimeMs,
  pid: z.number().int().positive(),
  intent: RunIntentSchema,
  dataFolder: Text,
  /** Set when a database was restored, moved aside, … at this start; shown once until dismissed. */
  notices: z.array(ErrorValueSchema),
  /** Where Prometheus metrics are served; null: nowhere. */
  metricsUrl: Text.nullable().optional(),
  /** Somebody said which machines are a fleet, or an inventory lies in the data folder: `fleet.read` tells of them. */
  hasFleet: z.boolean().optional(),
  host: HostInfoSchema.optional(),
  /** The data folder comes from another machine: no market hears of this one until `machine.settle`. */
  fromOtherMachine: z.boolean().optional(),
  /** Beside it: what the answer `copied` lets go for good. Results that no market has yet, and jobs without a result. */
  letGoByCopy: z
    .object({ results: z.number().int().nonnegative(), jobs: z.number().int().nonnegative() })
    .optional(),
  /** An Ollama on this machine that may write texts for us; absent: it was not turned on. */
  ollama: OllamaViewSchema.optional(),
});
export type EngineView = z.infer<typeof EngineViewSchema>;

export const HeadlineSchema = z.object({
  level: HeadlineLevelSchema,
  /** One sentence of state: "Earning on 1 of 1 devices". */
  sentence: Text,
  /** The same by key, for other languages. */
  said: SaidSchema.optional(),
  /** Why, and the next step, for every level but earning; each a full sentence. */
  reasons: z.array(
    z.object({
      text: Text,
      help: Text.optional(),
      said: SaidSchema.optional(),
      helpSaid: SaidSchema.optional(),
      /** Where more of it is shown. */
      screen: z.enum(SCREEN_NAMES).optional(),
    }),
  ),
  lastAcceptedAt: TimeMs.nullable(),
  lastAcceptedMarket: MarketIdSchema.nullable(),
  lastHeartbeatAckAt: TimeMs.nullable(),
});
export type Headline = z.infer<typeof HeadlineSchema>;

/** A market's own account of this provider, where the market keeps stakes and may withhold work. */
export const ProviderStandingSchema = z.object({
  market: MarketIdSchema,
  providerId: Text,
  /** When the market said so. */
  at: TimeMs,
  /**
   * eligible: may be given work. degraded: still so, but its health is low. jailed: no work before `jailedUntil`.
   * new: its health has only begun to be counted, so that a low one says nothing yet.
   */
  state: z.enum(["new", "eligible", "degraded", "jailed", "ineligible"]),
  jailedUntil: TimeMs.nullable(),
  /** score 0…1, and the market's own word for it. */
  health: z.object({ score: z.number().nullable(), word: Text.nullable() }),
  stake: z.object({
    total: MoneyValueSchema,
    /** What counts: the total less what is being released. */
    effective: MoneyValueSchema,
    minimum: MoneyValueSchema,
    releases: z.array(
      z.object({
        amount: MoneyValueSchema,
        height: z.number().int().nonnegative(),
        /** Blocks until then; null when the market does not tell its height. */
        blocksLeft: z.number().int().nonnegative().nullable(),
        /** When that is, by the pace of the blocks seen so far; null while too few were. */
        freeAt: TimeMs.nullish(),
      }),
    ),
    /** For how long a new stake is held, ms, and no release before; absent: releases take the market's own time. */
    lockMs: z.number().int().positive().optional(),
    /** What it is made of, where the market tells and releases each whole; bonds stand beside the total. */
    parts: z
      .array(
        z.object({
          kind: z.enum(["stake", "bond"]),
          reference: Text,
          amount: MoneyValueSchema,
          lockedUntil: TimeMs.nullable(),
          /** The market's own word. */
          status: Text.nullable(),
        }),
      )
      .optional(),
  }),
  /** Why it is given no work, each with its remedy; empty while it may be. */
  reasons: z.array(
    z.object({
      code: Text,
      text: Text,
      help: Text,
      said: SaidSchema.optional(),
      helpSaid: SaidSchema.optional(),
    }),
  ),
  /** Penalties, newest first, each in words. */
  slashes: z.array(
    z.object({
      reason: Text,
      text: Text,
      said: SaidSchema.optional(),
      amount: MoneyValueSchema,
      height: z.number().int().nullable(),
      /** When; null: the market does not say. */
      at: TimeMs.nullish(),
      jobId: Text.nullable(),
    }),
  ),
  /** Service as the market measures it; null where it has no measure yet. */
  service: z.object({
    traps: z.number().nullable(),
    qos: z.number().nullable(),
    latencyP95Ms: z.number().nullable(),
    availability: z.number().nullable(),
  }),
});
export type ProviderStanding = z.infer<typeof ProviderStandingSchema>;

/** What a market owes or holds for this provider. */
export const ProviderBalanceSchema = z.object({
  market: MarketIdSchema,
  providerId: Text,
  /** Paid out. */
  available: MoneyValueSchema,
  /** Settled, to be claimed. */
  pending: MoneyValueSchema,
  /** Earned in an epoch that is not settled yet. */
  escrow: MoneyValueSchema,
  lastSettlementEpoch: z.number().int().nullable(),
  /** What is settled arrives without a claim. */
  paysByItself: z.boolean().optional(),
});
export type ProviderBalance = z.infer<typeof ProviderBalanceSchema>;

export const ClaimReportSchema = z.object({
  market: MarketIdSchema,
  providerId: Text,
  total: MoneyValueSchema,
  payouts: z.array(z.object({ jobId: Text, amount: MoneyValueSchema })),
});
export type ClaimReport = z.infer<typeof ClaimReportSchema>;

export const MarketPauseSchema = z.object({
  since: TimeMs,
  /** Leases in a row that were lost after their job had begun. */
  lost: z.number().int().positive(),
});
export type MarketPause = z.infer<typeof MarketPauseSchema>;

/** What does not work at a market because something of it is missing or can't be read, as a sentence. */
const MarketLimitSchema = SpokenSchema.extend({
  /** What of it: taking work, hearing of money, or hearing soon of either. */
  of: z.enum(["work", "money", "news"]),
  /** It should work and does not now; else it is not set up, or the market has none. */
  failing: z.boolean(),
});
export type MarketLimit = z.infer<typeof MarketLimitSchema>;

export const MarketViewSchema = z.object({
  id: MarketIdSchema,
  name: Text,
  currency: CurrencyCodeSchema,
  endpoint: Text,
  /** registered: the market knows us. connecting: not yet. unreachable/refused: see error. */
  state: z.enum(["connecting", "registered", "unreachable", "refused", "off"]),
  providerId: Text.nullable(),
  lastHeartbeatAckAt: TimeMs.nullable(),
  heartbeatIntervalMs: z.number().int().positive().nullable(),
  lastPollAt: TimeMs.nullable(),
  /** The market's last word to "any work?": work, none, or an error. */
  lastPollAnswer: z.enum(["work", "none", "error"]).nullable(),
  /** false: what is configured of it hands out no jobs, so it is asked for none; absent: it does. */
  givesJobs: z.boolean().optional(),
  lastAcceptedAt: TimeMs.nullable(),
  leasesHeld: z.number().int().nonnegative(),
  error: ErrorValueSchema.nullable(),
  /** Since when a question to it has failed that still does; absent: none does, and `error` is about something else. */
  failingSince: TimeMs.optional(),
  /** Its clock minus this machine's, in ms, to the second; absent: they agree, or nobody knows yet. */
  clockSkewMs: z.number().int().optional(),
  /** What the market says of us; absent where it keeps no such books, or before it was first read. */
  standing: ProviderStandingSchema.optional(),
  /** Too many of its leases were lost: no more of its work is taken until `market.resume` or `run.start`. */
  paused: MarketPauseSchema.optional(),
  /** Measures of service near or past their limit now; absent where the market has none. */
  serviceWarnings: z.number().int().nonnegative().optional(),
  limits: z.array(MarketLimitSchema).optional(),
});
export type MarketView = z.infer<typeof MarketViewSchema>;

const SaidOfVerdict = { said: SaidSchema.optional(), helpSaid: SaidSchema.optional() };
/**
 * Can this GPU do work, in words. `code` is stable, for scripts; `help` says what a person can do about it; `said` and
 * `helpSaid` are `how` or `why` and `help` by key, for other languages.
 */
export const DeviceVerdictSchema = z.discriminatedUnion("usable", [
  z.object({ usable: z.literal(true), code: Text, how: Text, help: Text.nullable(), ...SaidOfVerdict }),
  z.object({ usable: z.literal(false), code: Text, why: Text, help: Text.nullable(), ...SaidOfVerdict }),
]);
export type DeviceVerdict = z.infer<typeof DeviceVerdictSchema>;

const Reading = z.number().nullable();

/** What the driver tells of a GPU beside the readings every device has. Unknown is null; `unknown` says why. */
export const GpuDetailsSchema = z.object({
  /** Who told it; `none`: the driver does not answer now. */
  source: z.enum(["nvml", "nvidia-smi", "none"]),
  /** Why not NVML, the better source; null when it is. */
  sourceReason: Text.nullable(),
  /** A laptop GPU that is switched off for now: it is not asked, so that it may stay so. */
  suspended: z.boolean(),
  index: z.number().int().nonnegative(),
  pciBusId: Text.nullable(),
  driver: Text.nullable(),
  /** The newest CUDA the driver runs. */
  cuda: Text.nullable(),
  computeCap: Text.nullable(),
  memoryFreeMb: Reading,
  memoryUtilisationPct: Reading,
  fanPct: Reading,
  powerLimitW: Reading,
  powerMaxW: Reading,
  clockMhz: Reading,
  clockMaxMhz: Reading,
  clockMemoryMhz: Reading,
  clockMemoryMaxMhz: Reading,
  /** What holds the clocks back, in words; empty: nothing. */
  throttle: z.array(Text).nullable(),
  pstate: Text.nullable(),
  pcie: z.object({ gen: Reading, genMax: Reading, width: Reading, widthMax: Reading }),
  computeMode: z.enum(["default", "exclusive", "prohibited"]).nullable(),
  /** A screen hangs on it and is in use. */
  displayActive: z.boolean().nullable(),
  /** Windows only: WDDM (it may draw), TCC or MCDM (it only computes). */
  driverModel: Text.nullable(),
  /** `slice`: this device is one; `parent`: it works through its slices. */
  mig: z.enum(["off", "parent", "slice"]),
  /** With a context on the GPU; `ours` runs our jobs. null: could not be asked. */
  processes: z
    .array(
      z.object({
        pid: z.number().int().nonnegative(),
        name: Text.nullable(),
        memoryMb: Reading,
        ours: z.boolean(),
        /** What it does there; absent: it computes. */
        kind: z.enum(["graphics", "both"]).optional(),
      }),
    )
    .nullable(),
  unknown: z.record(z.string(), Text),
});
export type GpuDetails = z.infer<typeof GpuDetailsSchema>;

export const SelfTestSummarySchema = z.object({
  at: TimeMs,
  ok: z.boolean(),
  summary: Text,
  said: SaidSchema.optional(),
});
export type SelfTestSummary = z.infer<typeof SelfTestSummarySchema>;

export const DeviceViewSchema = z.object({
  /** GPU UUID, or `cpu`. */
  id: Text,
  kind: z.enum(["gpu", "cpu"]),
  /** As a person tells it from the others here: where models repeat, with which GPU of the machine it is. */
  name: Text,
  /** The model alone; absent: `name` is it. */
  model: Text.optional(),
  /** Execution provider in use, null while no runtime has proved one. */
  backend: ComputedBySchema.nullable(),
  /** Why this back end and not a faster one, in words. */
  backendReason: Text.nullable(),
  backendSaid: SaidSchema.optional(),
  /** The faster ones that were tried or looked at, each with what stood in its way; absent: none was. */
  backendSteps: z
    .array(z.object({ backend: RunsOnSchema, reason: Text, said: SaidSchema.optional() }))
    .optional(),
  /** asleep: no runtime process exists because there is no work (the GPU is free). */
  state: z.enum(["asleep", "starting", "ready", "working", "breaker", "failed"]),
  stateReason: Text.nullable(),
  stateSaid: SaidSchema.optional(),
  runtimePid: z.number().int().positive().nullable(),
  runningJobs: z.number().int().nonnegative(),
  temperatureC: z.number().nullable(),
  powerW: z.number().nullable(),
  utilisationPct: z.number().nullable(),
  memoryUsedMb: z.number().nullable(),
  memoryTotalMb: z.number().nullable(),
  /** Texts embedded per second over the last minute of work; null before the first. */
  textsPerSecond: z.number().nullable(),
  /** The person's own switch. */
  enabled: z.boolean(),
  /** Why it takes no work for now; null: it may. */
  paused: PauseViewSchema.nullable(),
  /** What was looked at to decide that, and what it says. */
  signals: z.array(PresenceSignalSchema).optional(),
  /** At which it rests, °C: of this device, and of all; null: none. */
  temperatureLimit: z.object({ own: z.number().nullable(), general: z.number().nullable() }).optional(),
  /** Of GPUs only. */
  gpu: GpuDetailsSchema.optional(),
  verdict: DeviceVerdictSchema.optional(),
  /** null: it was never tested. */
  lastSelfTest: SelfTestSummarySchema.nullable().optional(),
  /** Absent: none runs on it now. */
  selfTest: SelfTestProgressSchema.optional(),
});
export type DeviceView = z.infer<typeof DeviceViewSchema>;

export const JobStateSchema = z.enum([
  "leased",
  "admitted",
  "running",
  "computed",
  "submitting",
  "accepted",
  "settled",
  "returned",
  "failed",
  "expired",
  "lost",
  "rejected",
]);
export type JobState = z.infer<typeof JobStateSchema>;

export const JobRowSchema = z.object({
  leaseId: Text,
  jobId: Text,
  market: MarketIdSchema,
  kind: Text,
  model: Text,
  /** Items of work: texts for embed. */
  units: z.number().int().nonnegative().nullable(),
  state: JobStateSchema,
  leasedAt: TimeMs,
  finishedAt: TimeMs.nullable(),
  /** SHA3-512 of the canonical result bytes, lower-case hex; null until computed. */
  digest: z.string().nullable(),
  /** What the market offered (gross); null when it does not say. */
  fee: MoneyValueSchema.nullable(),
  /** What was credited (net); null until settled. */
  earned: MoneyValueSchema.nullable(),
  error: ErrorValueSchema.nullable(),
});
export type JobRow = z.infer<typeof JobRowSchema>;

export const JobDetailSchema = JobRowSchema.extend({
  device: Text.nullable(),
  inputSha3: z.string().nullable(),
  attempts: z.number().int().nonnegative(),
  timeline: z.array(z.object({ state: JobStateSchema, at: TimeMs, note: Text.nullable() })),
  /** The signed receipt as JSON text (see engine/receipt), null until computed. */
  receipt: z.string().nullable(),
  outputKept: z.boolean(),
});
export type JobDetail = z.infer<typeof JobDetailSchema>;

/** One market's money; only what is settled is earned, pending is still to come. Every figure is a sum over ledger rows. */
export const EarningsViewSchema = z.object({
  market: MarketIdSchema,
  currency: CurrencyCodeSchema,
  /** Net, since local midnight, by time of acceptance: what is settled, and beside it what accepted work will still pay. */
  settledToday: MoneyValueSchema,
  pendingToday: MoneyValueSchema,
  settledTotal: MoneyValueSchema,
  pendingTotal: MoneyValueSchema,
  /** The same with gross, fee and energy, and over 7 and 30 days. */
  periods: EarningPeriodsSchema,
  /** What one whole coin is worth, as the person set it; null: they did not. */
  rate: EnergyCostSchema.nullable(),
  acceptedToday: z.number().int().nonnegative(),
  failedToday: z.number().int().nonnegative(),
  /** When the market's own books were last read and compared; null before the first time. */
  reconciledAt: TimeMs.nullable(),
  /** Only its books are left; absent: it is configured. */
  notConfigured: z.literal(true).optional(),
});
export type EarningsView = z.infer<typeof EarningsViewSchema>;

export const ThroughputViewSchema = z.object({
  /** Accepted results in the last 60 s. */
  jobsLastMinute: z.number().int().nonnegative(),
  acceptedTotal: z.number().int().nonnegative(),
  failedLastDay: z.number().int().nonnegative(),
  /** Accepted results per second-bucket, oldest first, 60 buckets: the sparkline. */
  perSecond: z.array(z.number().int().nonnegative()),
});
export type ThroughputView = z.infer<typeof ThroughputViewSchema>;

export const StateSchema = z.object({
  engine: EngineViewSchema,
  headline: HeadlineSchema,
  markets: z.array(MarketViewSchema),
  devices: z.array(DeviceViewSchema),
  earnings: z.array(EarningsViewSchema),
  throughput: ThroughputViewSchema,
  /** The newest jobs, newest first, at most RECENT_JOBS. */
  recentJobs: z.array(JobRowSchema),
  /** Every model of the catalogue. */
  models: z.array(ModelViewSchema),
  /** GPUs for rent. */
  offers: OffersViewSchema,
  settings: SettingsViewSchema,
  /** What CUDA needs beside the app; absent in an engine that is older. */
  gpuPack: GpuPackViewSchema.optional(),
  /** What text generation needs beside the app; absent in an engine that is older. */
  llama: LlamaViewSchema.optional(),
});
export type State = z.infer<typeof StateSchema>;
export type SliceName = keyof State;
export const RECENT_JOBS = 20;

export const SnapshotSchema = z.object({
  /** Sequence number of the last delta this snapshot contains. */
  seq: z.number().int().nonnegative(),
  at: TimeMs,
  state: StateSchema,
});
export type Snapshot = z.infer<typeof SnapshotSchema>;

export const DeltaSchema = z.object({
  /** Exactly one more than the last; a gap means: ask for a snapshot again. */
  seq: z.number().int().positive(),
  at: TimeMs,
  slices: StateSchema.partial(),
});
export type Delta = z.infer<typeof DeltaSchema>;
