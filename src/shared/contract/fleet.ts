/** Many machines in one view: what each worker of a fleet says of itself, and what they come to together. Only read. */
import { z } from "zod";
import { ErrorValueSchema } from "../errors.ts";
import { MoneyValueSchema } from "../money.ts";
import { SaidSchema } from "../words/said.ts";
import { ServiceMeasureSchema } from "./service-level.ts";
import { DeviceViewSchema, HeadlineLevelSchema, MarketIdSchema, RunIntentSchema } from "./views.ts";

const Text = z.string().max(2000);
const Time = z.number();
const Count = z.number();

export const FleetGpuSchema = z.object({
  id: Text,
  name: Text,
  usable: z.boolean(),
  /** It is not to be used (CUDA_VISIBLE_DEVICES), so it is neither counted nor a trouble. */
  leftOut: z.boolean().optional(),
  state: DeviceViewSchema.shape.state.nullable(),
  driver: Text.nullable(),
  temperatureC: z.number().nullable(),
  powerW: z.number().nullable(),
  utilisationPct: z.number().nullable(),
});
export type FleetGpu = z.infer<typeof FleetGpuSchema>;

export const FleetMarketSchema = z.object({
  market: MarketIdSchema,
  connected: z.boolean(),
  /** Unix ms. */
  lastHeartbeatAt: Time.nullable(),
  leasesHeld: Count,
});
export type FleetMarket = z.infer<typeof FleetMarketSchema>;

export const FleetEarningsSchema = z.object({
  market: MarketIdSchema,
  settled: MoneyValueSchema,
  pending: MoneyValueSchema,
  /** Metrics don't tell what is today's. */
  settledToday: MoneyValueSchema.nullable(),
});
export type FleetEarnings = z.infer<typeof FleetEarningsSchema>;

export const FleetMeasureSchema = ServiceMeasureSchema.pick({
  name: true,
  value: true,
  limit: true,
  distance: true,
  state: true,
  unit: true,
}).extend({ market: MarketIdSchema });
export type FleetMeasure = z.infer<typeof FleetMeasureSchema>;

/** What one worker says of itself, however it was read; what it does not say is null. */
export const WorkerFactsSchema = z.object({
  version: Text,
  mode: z.enum(["demo", "live"]),
  intent: RunIntentSchema,
  level: HeadlineLevelSchema,
  /** The state in a sentence; metrics have none. */
  sentence: Text.nullable(),
  /** The same by key, for other languages. */
  said: SaidSchema.optional(),
  /** Unix ms. */
  startedAt: Time.nullable(),
  accepted: Count,
  gpus: z.array(FleetGpuSchema),
  markets: z.array(FleetMarketSchema),
  earnings: z.array(FleetEarningsSchema),
  service: z.array(FleetMeasureSchema),
  /** Models ready to run. */
  models: z.array(Text).nullable(),
});
export type WorkerFacts = z.infer<typeof WorkerFactsSchema>;

export const ReadBySchema = z.enum(["data", "control", "metrics", "prometheus"]);
export type ReadBy = z.infer<typeof ReadBySchema>;

export const FleetMachineSchema = z.object({
  name: Text,
  readBy: ReadBySchema,
  /** Where it is read, for a person: a folder or an address; never with a password in it. */
  where: Text,
  /** The machine it runs on; null: this one, or one at the end of a tunnel. */
  host: Text.nullable(),
  /** In Kubernetes, where its Prometheus says so. */
  pod: z.object({ namespace: Text, name: Text }).nullable(),
  /** null: it was reached by the newest look. */
  error: ErrorValueSchema.nullable(),
  /** It did answer, in words of this version that are not understood here; absent: it did not, or all is understood. */
  otherVersion: Text.optional(),
  /** What it said last, with the moment; null: it has not been reached since the engine started to look. */
  last: z.object({ at: Time, facts: WorkerFactsSchema }).nullable(),
});
export type FleetMachine = z.infer<typeof FleetMachineSchema>;

/** Workers of one fleet that say different things where they should say the same. */
export const DriftSchema = z.object({
  what: z.enum(["version", "driver", "models"]),
  /** What most say comes first; each with the workers that say it. */
  values: z.array(z.object({ value: z.string(), workers: z.array(Text) })),
});
export type Drift = z.infer<typeof DriftSchema>;

/** Of the workers that were reached; money also of those that were before. */
export const FleetSummarySchema = z.object({
  workers: Count,
  reached: Count,
  /** Doing what they were told, with every market connected and a device to work on. */
  well: Count,
  gpus: Count,
  gpusUsable: Count,
  accepted: Count,
  leasesHeld: Count,
  /** Per currency: different ones are never added. */
  settled: z.array(MoneyValueSchema),
  pending: z.array(MoneyValueSchema),
  /** Workers in these sums with what they said last: they were not reached. */
  lastKnown: Count,
  /** Workers in a demo: their play money is in no sum. */
  demo: Count,
  /** Thresholds crossed or near, over all workers. */
  breached: Count,
  warnings: Count,
  /** Thresholds that can be measured by now. */
  measured: Count,
  drift: z.array(DriftSchema),
});
export type FleetSummary = z.infer<typeof FleetSummarySchema>;

export const FleetViewSchema = z.object({
  /** Where the machines are named; null: nobody said, and no fleet.toml or fleet.yaml lies in the data folder. */
  source: z.object({ file: Text.nullable(), prometheus: Text.nullable() }).nullable(),
  /** When this was read, unix ms; null: nothing was. */
  at: Time.nullable(),
  machines: z.array(FleetMachineSchema),
  summary: FleetSummarySchema,
  /** Prometheus did not answer: what it scrapes is shown as it was last. */
  prometheusError: ErrorValueSchema.nullable(),
});
export type FleetView = z.infer<typeof FleetViewSchema>;

export const FLEET_COMMANDS = {
  /**
   * Look at every machine now, within some seconds; two that ask at once share one look. Machines are read only while
   * somebody asks. Throws CONFIG_INVALID for a wrong inventory.
   */
  "fleet.read": { input: z.strictObject({}), output: FleetViewSchema },
} as const;
