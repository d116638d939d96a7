/**
 * What the coordinator, the escrow and the chain RPC send, read tolerantly: unknown fields are ignored, a field we can
 * live without may be missing or null, everything else is refused in words.
 * Shapes: protocols/aitbc.md §2.2, §2.3, §5, §8.
 */
import { z } from "zod";
import { SECOND } from "../../../shared/durations.ts";
import { AppError } from "../../../shared/errors.ts";
import { AIT_COMPUTE_SECOND, CURRENCIES, type Money, money, parseDecimal } from "../../../shared/money.ts";

const Id = z.string().min(1).max(200);
/** Anything unexpected counts as "not said". */
const MaybeText = z.string().nullish().catch(null);
const MaybeRecord = z.record(z.string(), z.unknown()).nullish().catch(null);
const Amount = z.union([z.number(), z.string()]);

/** `GET /health`: tells the coordinator from the gpu service (§0). */
export const HealthSchema = z.object({ status: MaybeText, service: MaybeText, env: MaybeText });

export const AssignedJobSchema = z.object({
  job_id: Id,
  payload: z.record(z.string(), z.unknown()),
  constraints: MaybeRecord,
});
export type AssignedJob = z.infer<typeof AssignedJobSchema>;

export const JobViewSchema = z.object({
  job_id: Id,
  state: z.string(),
  assigned_miner_id: MaybeText,
  expires_at: MaybeText,
  payment_id: MaybeText,
  payment_status: MaybeText,
  error: MaybeText,
  payload: MaybeRecord,
  result: MaybeRecord,
});
export type JobView = z.infer<typeof JobViewSchema>;

/** Rows are read one by one, so that one bad row does not hide the others. */
export const JobPageSchema = z.object({ jobs: z.array(z.unknown()), error: MaybeText });

export const ResultAnswerSchema = z.object({ status: z.string() });

export const EscrowSchema = z.object({
  state: z.string(),
  provider: MaybeText,
  amount: Amount,
  released_at: MaybeText,
  refunded_at: MaybeText,
});
export type EscrowView = z.infer<typeof EscrowSchema>;

export const TransactionSchema = z.object({
  tx_hash: MaybeText,
  recipient: MaybeText,
  payload: MaybeRecord,
  type: z.string(),
  status: MaybeText,
  value: Amount,
  created_at: MaybeText,
  timestamp: z.union([z.string(), z.number()]).nullish().catch(null),
});
export type TransactionRow = z.infer<typeof TransactionSchema>;

export const EarningsSchema = z.object({
  /** Gross of what is done and still in escrow. */
  pending_earnings: Amount.nullish().catch(null),
  earnings_history: z.array(z.unknown()).catch([]),
  error: MaybeText,
});
export const EarningsRowSchema = z.object({ job_id: Id, amount: Amount, payment_status: MaybeText });

/** The rows of a list that can be read. */
export function readRows<T>(schema: z.ZodType<T>, rows: readonly unknown[]): T[] {
  return rows.flatMap((row) => {
    const read = schema.safeParse(row);
    return read.success ? [read.data] : [];
  });
}

/**
 * The coordinator's times are UTC without a zone ("2026-11-21T20:05:37.984876"), some end in the malformed
 * "+00:00Z" (§2.3, §7). Unix ms, or null.
 */
export function readUtc(text: string | null | undefined): number | null {
  const match = /^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(\.\d{1,9})?(Z|[+-]\d\d:?\d\d)?Z?$/.exec(text ?? "");
  if (!match) return null;
  const [, day, time, fraction = "", zone = "Z"] = match;
  const ms = Date.parse(`${day}T${time}${fraction.slice(0, 4)}${zone}`);
  return Number.isFinite(ms) ? ms : null;
}

/** Unix seconds as unix ms; null for what is no time of this age. */
export function readUnixSeconds(seconds: number): number | null {
  return seconds > 0 && seconds <= LAST_SECOND ? Math.round(seconds * SECOND) : null;
}

/** The last second of the year 9999. */
const LAST_SECOND = 253_402_300_799;

/** More AIT than there will be, and what the ledger's 64-bit columns can hold. */
const MOST_MINOR = 10_000_000_000n * CURRENCIES.AIT.scale;

/** A decimal amount of AIT from number, "35.00000000" or "0E-8"; null when it is none, negative, absurd or not exact. */
export function readAit(amount: string | number): Money | null {
  try {
    const read = parseDecimal("AIT", amount);
    return read.minor >= 0n && read.minor <= MOST_MINOR ? read : null;
  } catch (thrown) {
    if (thrown instanceof AppError) return null;
    throw thrown;
  }
}

/** A chain value in whole compute-seconds (1 AIT = 3600); null when it is not a whole number. */
export function readComputeSeconds(value: string | number): Money | null {
  const text = typeof value === "number" ? (Number.isSafeInteger(value) ? String(value) : "") : value.trim();
  if (!/^\d{1,40}$/.test(text)) return null;
  const minor = BigInt(text) * AIT_COMPUTE_SECOND;
  return minor <= MOST_MINOR ? money("AIT", minor) : null;
}
