/**
 * What was earned, by day and by job. Jobs count for the day of their acceptance. Currencies are never added, so every
 * sum is of one market; unknown is null, never 0. A market that is not configured any more keeps its books.
 */
import { z } from "zod";
import { CurrencyCodeSchema, MoneyValueSchema } from "../money.ts";
import { MarketIdSchema } from "./market-id.ts";
import { EnergyCostSchema } from "./offers.ts";

const TimeMs = z.number().int().nonnegative();
const Count = z.number().int().nonnegative();
const Text = z.string().max(2000);
/** Local midnights, as long as a ledger may be. */
const MOST_DAYS = 3660;
/** Markets settle daily, some of them late: only what was owed for longer can be written off. */
export const WRITE_OFF_DAYS = 30;

/** What the devices drew while they worked for a market. */
export const EnergyUseSchema = z.object({
  /** By the devices' own readings; null: none of them told. */
  deviceWh: z.number().nonnegative().nullable(),
  /** The rest of the machine, by the watts a person gave for it; null: nobody did. */
  restWh: z.number().nonnegative().nullable(),
  /** Of the time worked, the share in which the power was read; null: no time. */
  measured: z.number().min(0).max(1).nullable(),
  /** At today's price of a kWh; null while price or use is unknown. */
  cost: EnergyCostSchema.nullable(),
});
export type EnergyUse = z.infer<typeof EnergyUseSchema>;

export const EarningSumsSchema = z.object({
  accepted: Count,
  /** failed, expired, lost, rejected: by the time they ended. */
  failed: Count,
  /** Accepted and credited. */
  settled: Count,
  /** Credited, before and after the market's fee; both null where the market did not tell the fee of every job. */
  gross: MoneyValueSchema.nullable(),
  fee: MoneyValueSchema.nullable(),
  net: MoneyValueSchema,
  /** What accepted jobs should still bring, net, as far as the market says what it pays. */
  pending: MoneyValueSchema,
  /** Accepted jobs that wait for a credit of which the market has not said how much. */
  unpriced: Count,
  energy: EnergyUseSchema,
});
export type EarningSums = z.infer<typeof EarningSumsSchema>;

export const EarningDaySchema = EarningSumsSchema.extend({
  /** Local date, "2026-11-21". */
  date: z.string().regex(/^\d{4}-\d{2}-\d{2}$/),
  /** When that day began. */
  at: TimeMs,
});
export type EarningDay = z.infer<typeof EarningDaySchema>;

export const EarningSeriesSchema = z.object({
  market: MarketIdSchema,
  currency: CurrencyCodeSchema,
  /** Oldest first; the last is today. Days without anything are there too. */
  days: z.array(EarningDaySchema),
});
export type EarningSeries = z.infer<typeof EarningSeriesSchema>;

/** Since local midnight; 7 and 30 local days, today among them; since the first job. */
export const EarningPeriodsSchema = z.object({
  today: EarningSumsSchema,
  week: EarningSumsSchema,
  month: EarningSumsSchema,
  total: EarningSumsSchema,
});
export type EarningPeriods = z.infer<typeof EarningPeriodsSchema>;

/** What a market owes for some jobs, as far as it has said what it pays: of `unpriced` it has not. */
const OwedSums = { jobs: Count, net: MoneyValueSchema, unpriced: Count };

/** Jobs that are not waited for any more; a credit that comes all the same counts. */
const WrittenOffSchema = z.object({
  /** The market had set nothing aside to pay for these: written off as they were accepted. */
  byMarket: Count,
  byPerson: z.object({
    ...OwedSums,
    /** Of them those that `earnings.takeBack` takes back. */
    lastJobs: Count,
  }),
});

/** Rentals of whole GPUs that began in a span of time: what was agreed, never part of what jobs brought. */
const RentalSumsSchema = z.object({
  rentals: Count,
  running: Count,
  agreed: MoneyValueSchema,
  /** Of which the market did not say what they cost. */
  untold: Count,
});

export const EarningSummarySchema = EarningPeriodsSchema.extend({
  market: MarketIdSchema,
  currency: CurrencyCodeSchema,
  /** Accepted longer ago than `afterMs`, and still not credited. */
  overdue: z.object({
    ...OwedSums,
    oldestAt: TimeMs.nullable(),
    afterMs: z.number().int().positive(),
  }),
  writtenOff: WrittenOffSchema,
  /** 30 local days, today among them; since the first one. */
  rentals: z.object({ month: RentalSumsSchema, total: RentalSumsSchema }),
  /** What one whole coin is worth, as the person set it. */
  rate: EnergyCostSchema.nullable(),
  /** Only its books are left; absent: it is configured. */
  notConfigured: z.literal(true).optional(),
});
export type EarningSummary = z.infer<typeof EarningSummarySchema>;

/** One accepted job on its way to the payout. */
export const EarningEntrySchema = z.object({
  market: MarketIdSchema,
  leaseId: Text,
  jobId: Text,
  kind: Text,
  model: Text,
  units: Count.nullable(),
  acceptedAt: TimeMs,
  /** null: pending, or written off. */
  settledAt: TimeMs.nullable(),
  /** Since when its money is not waited for any more, and by whose word; absent: it is, or it came. */
  writtenOff: z.object({ at: TimeMs, by: z.enum(["market", "person"]) }).optional(),
  /** What the market offered for it. */
  offered: MoneyValueSchema.nullable(),
  /** As credited; null until then, or where the market does not tell. */
  gross: MoneyValueSchema.nullable(),
  net: MoneyValueSchema.nullable(),
  /** What a pending one should bring. */
  expected: MoneyValueSchema.nullable(),
  /** The market's own name of the credit. */
  reference: Text.nullable(),
});
export type EarningEntry = z.infer<typeof EarningEntrySchema>;

const EntryStateSchema = z.enum(["settled", "pending", "written-off"]);
export type EntryState = z.infer<typeof EntryStateSchema>;

const Cursor = z.string().max(200);
const Limit = z.number().int().min(1).max(1000).default(100);
const EntryPage = z.strictObject({ entries: z.array(EarningEntrySchema), next: Cursor.nullable() });

/** Figures, days and newest jobs of one market, all of one moment, so that their sums agree. */
export const EarningReportSchema = z.strictObject({
  at: TimeMs,
  summary: EarningSummarySchema,
  series: EarningSeriesSchema,
  /** Of the state that was asked for; settled ones, or all, of the days of the series, the others whenever they were. */
  newest: EntryPage,
  state: EntryStateSchema.nullable(),
});
export type EarningReport = z.infer<typeof EarningReportSchema>;
const MarketInput = z.strictObject({ market: MarketIdSchema });

export const EARNINGS_COMMANDS = {
  /** Day by day, of one market. */
  "earnings.series": {
    input: MarketInput.extend({ days: z.number().int().min(1).max(MOST_DAYS).default(30) }),
    output: EarningSeriesSchema,
  },
  /** The figures of every configured market, and then of every other that something was earned at. */
  "earnings.summary": {
    input: z.strictObject({}),
    output: z.strictObject({ markets: z.array(EarningSummarySchema) }),
  },
  /** What a screen shows side by side of one market; `earnings.entries` reads on from its `newest.next`. */
  "earnings.report": {
    input: MarketInput.extend({
      days: z.number().int().min(1).max(MOST_DAYS).default(30),
      state: EntryStateSchema.optional(),
      limit: Limit,
    }),
    output: EarningReportSchema,
  },
  /** Accepted jobs, the newest acceptance first. */
  "earnings.entries": {
    input: MarketInput.extend({
      state: EntryStateSchema.optional(),
      /** Accepted from then on, and before then. */
      from: TimeMs.optional(),
      until: TimeMs.optional(),
      before: Cursor.optional(),
      limit: Limit,
    }),
    output: EntryPage,
  },
  /**
   * The ledger as CSV (RFC 4180), the oldest first, piece by piece; the first piece begins with the heads. By acceptance:
   * every accepted job, then each rental. By payment: what was credited in that time, which is what a tax year asks for.
   */
  "earnings.csv": {
    input: z.strictObject({
      market: MarketIdSchema.optional(),
      by: z.enum(["accepted", "paid"]).default("accepted"),
      from: TimeMs.optional(),
      until: TimeMs.optional(),
      after: Cursor.optional(),
    }),
    output: z.strictObject({ text: z.string(), rows: Count, next: Cursor.nullable() }),
  },
  /** What a market has owed for longer than so many days; `before` is what `earnings.writeOff` asks for. */
  "earnings.unpaid": {
    input: MarketInput.extend({ days: z.number().int().min(WRITE_OFF_DAYS).max(MOST_DAYS) }),
    output: z.strictObject({ ...OwedSums, before: TimeMs }),
  },
  /** Nobody waits any more for the money of jobs accepted before then. A credit that comes all the same counts. */
  "earnings.writeOff": {
    input: MarketInput.extend({ before: TimeMs }),
    output: z.strictObject({ jobs: Count }),
  },
  /** What was written off last at this market is waited for again. */
  "earnings.takeBack": { input: MarketInput, output: z.strictObject({ jobs: Count }) },
} as const;
