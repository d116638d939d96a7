/**
 * The devnet's memory of everything it was told, one JSON object a line, made for tests and curious people.
 *
 * `seq` counts from 1 without a gap over kills and restarts: a line is committed with the change it tells of, then
 * appended to the file before the caller gets its answer (see log-writer.ts).
 */
import { readFileSync } from "node:fs";
import { z } from "zod";
import { MarketIdSchema } from "../shared/contract/views.ts";
import { AppError } from "../shared/errors.ts";

/** Lower-case hex of SHA3-512, without 0x. */
const Sha3_512 = z.string().regex(/^[0-9a-f]{128}$/);
const Job = { jobId: z.string(), providerId: z.string() };
/** AITBC has no leases: leaseId and workerId are null there. */
const Held = { ...Job, leaseId: z.string().nullable(), workerId: z.string().nullable() };

/** What happened. Amounts are decimal strings in the market's smallest wire unit unless a field says otherwise. */
export const DevnetEventSchema = z.discriminatedUnion("event", [
  z.object({
    event: z.literal("job-created"),
    jobId: z.string(),
    model: z.string().nullable(),
    texts: z.number().int().nullable(),
    /** AITBC: AIT in escrow; AICF: nano. null: unpaid. */
    payment: z.string().nullable(),
  }),
  z.object({ event: z.literal("leased"), ...Held, attempt: z.number().int(), expiresAtMs: z.number().int() }),
  z.object({ event: z.literal("renewed"), ...Held, expiresAtMs: z.number().int() }),
  z.object({ event: z.literal("returned"), ...Held, reason: z.string() }),
  z.object({ event: z.literal("lease-expired"), ...Held, requeued: z.boolean() }),
  z.object({ event: z.literal("job-expired"), jobId: z.string() }),
  z.object({
    event: z.literal("result"),
    ...Held,
    /** Of the canonical output bytes as the devnet has or rebuilt them; null when there were none. */
    sha3_512: Sha3_512.nullable(),
    /** What the provider claimed, as sent; null when it claimed nothing. */
    claimed: z.string().nullable(),
    /** Claimed and recomputed digest differ. */
    mismatch: z.boolean(),
    /** The job had an accepted result before. */
    duplicate: z.boolean(),
    verdict: z.enum(["accepted", "refused"]),
    /** Why it was refused. */
    reason: z.string().nullable(),
  }),
  z.object({
    event: z.literal("failed"),
    ...Held,
    code: z.string(),
    message: z.string(),
    requeued: z.boolean(),
  }),
  z.object({ event: z.literal("registered"), providerId: z.string(), created: z.boolean() }),
  z.object({ event: z.literal("deregistered"), providerId: z.string() }),
  z.object({
    event: z.literal("heartbeat"),
    providerId: z.string(),
    inflight: z.number().int().nullable(),
    capacity: z.number().int().nullable(),
  }),
  z.object({ event: z.literal("staked"), providerId: z.string(), amount: z.string(), total: z.string() }),
  z.object({
    event: z.literal("unstaked"),
    providerId: z.string(),
    amount: z.string(),
    releaseHeight: z.number().int(),
  }),
  z.object({
    event: z.literal("trap-judged"),
    ...Job,
    ok: z.boolean(),
    cosine: z.number(),
    /** null: not comparable. */
    maxAbs: z.number().nullable(),
  }),
  z.object({
    event: z.literal("slashed"),
    providerId: z.string(),
    reason: z.string(),
    amount: z.string(),
    jobId: z.string().nullable(),
    jailedUntilHeight: z.number().int().nullable(),
  }),
  z.object({ event: z.literal("output-stored"), sha3_512: Sha3_512, bytes: z.number().int() }),
  z.object({
    event: z.literal("escrow-released"),
    jobId: z.string(),
    recipient: z.string(),
    /** AIT. */
    gross: z.string(),
    netComputeSeconds: z.number().int(),
    txHash: z.string(),
  }),
  z.object({
    event: z.literal("settled"),
    epoch: z.number().int(),
    amount: z.string(),
    payouts: z.array(z.object({ ...Job, amount: z.string() })),
  }),
  z.object({
    event: z.literal("claimed"),
    providerId: z.string(),
    amount: z.string(),
    jobIds: z.array(z.string()),
  }),
]);
export type DevnetEvent = z.infer<typeof DevnetEventSchema>;

const StampSchema = z.object({
  seq: z.number().int().positive(),
  /** Unix ms by the devnet's clock. */
  at: z.number().int(),
  market: MarketIdSchema,
});
export const DevnetLogLineSchema = StampSchema.and(DevnetEventSchema);
export type DevnetLogLine = z.infer<typeof DevnetLogLineSchema>;

/** Every whole line of a log, oldest first. A torn last line (the process died while writing) is left out. */
export function readDevnetLog(file: string): DevnetLogLine[] {
  const text = readFileSync(file, "utf8");
  const whole = text.slice(0, text.lastIndexOf("\n") + 1);
  return whole
    .split("\n")
    .filter((line) => line !== "")
    .map((line, index) => {
      const parsed = DevnetLogLineSchema.safeParse(parseJson(line));
      if (parsed.success) return parsed.data;
      throw new AppError({
        code: "BAD_DEVNET_LOG",
        message: `Line ${index + 1} of ${file} is not a devnet log line: ${z.prettifyError(parsed.error)}`,
        actor: "bug",
      });
    });
}

function parseJson(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
