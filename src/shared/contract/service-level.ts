/**
 * The service level as the provider's own guard computes it from the ledger, by the market's formulas: for each
 * threshold where we stand, how far off it is, where it is going, and what crossing it would cost now.
 */
import { z } from "zod";
import { MoneyValueSchema } from "../money.ts";
import { MarketIdSchema } from "./views.ts";

const TimeMs = z.number().int().nonnegative();
const Text = z.string().max(2000);
const Count = z.number().int().nonnegative();

export const ServiceMeasureSchema = z.object({
  name: z.enum(["health", "availability", "latency-p95", "traps", "qos", "jail"]),
  /** "Share of trap jobs answered rightly". */
  label: Text,
  /** null: nothing to measure yet. */
  value: z.number().nullable(),
  limit: z.number(),
  /** Which side of the limit is the good one. */
  good: z.enum(["above", "below"]),
  unit: z.enum(["ratio", "ms", "count"]),
  /** To the limit, positive on the good side; null while the value is. */
  distance: z.number().nullable(),
  trend: z.enum(["better", "steady", "worse", "unknown"]),
  state: z.enum(["good", "warning", "breached", "unknown"]),
  /** A demo on a processor is slow by nature and loses nothing by it: shown as it is, and nobody is warned. */
  excused: z.boolean().optional(),
  /** What a breach would cost at this moment; null: nothing is staked, or the measure costs no stake. */
  breachCost: MoneyValueSchema.nullable(),
  /** The same as a share of the stake, in 1/10 000; null: it costs no stake. */
  breachBps: z.number().int().nonnegative().nullable(),
  /** What happens at the limit, in a sentence. */
  breachText: Text,
});
export type ServiceMeasure = z.infer<typeof ServiceMeasureSchema>;

/** What the guard does of its own accord, before the market does. */
export const GuardActionSchema = z.object({
  kind: z.enum(["warn", "lower-concurrency", "finish-only", "pause-model", "pause-market"]),
  since: TimeMs,
  /** Because of which measure; null: of none, but of a failed self-test or of lost leases. */
  measure: ServiceMeasureSchema.shape.name.nullable(),
  model: Text.nullable(),
  /** The device on which a model is left out; null: not about one. */
  device: Text.nullable().default(null),
  /** Leases lost in a row, for which no more work is taken until a person says so. */
  lost: Count.optional(),
  text: Text,
});
export type GuardAction = z.infer<typeof GuardActionSchema>;

/** One change in what the guard did. */
export const GuardChangeSchema = z.object({
  at: TimeMs,
  /** began: from now on. ended: its cause is gone, or the market acted first. */
  change: z.enum(["began", "ended"]),
  kind: GuardActionSchema.shape.kind,
  measure: GuardActionSchema.shape.measure,
  model: GuardActionSchema.shape.model,
  device: GuardActionSchema.shape.device,
  lost: GuardActionSchema.shape.lost,
  text: Text,
});
export type GuardChange = z.infer<typeof GuardChangeSchema>;

export const ServiceLevelSchema = z.object({
  market: MarketIdSchema,
  at: TimeMs,
  window: z.object({ from: TimeMs, to: TimeMs, jobs: z.number().int().nonnegative() }),
  measures: z.array(ServiceMeasureSchema),
  /** What the guard is doing now, oldest first. */
  actions: z.array(GuardActionSchema),
  /** Heartbeats the market acknowledged within the window, oldest first. */
  beats: z.array(TimeMs),
  /** How long one of them vouches for this provider, ms. */
  aliveMs: z.number().int().positive(),
  /** What the guard did before, newest first. */
  log: z.array(GuardChangeSchema),
});
export type ServiceLevel = z.infer<typeof ServiceLevelSchema>;
