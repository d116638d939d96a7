/**
 * What a market of profile v1 and the node send, read tolerantly: unknown fields are ignored, amounts may be integers
 * or decimal strings. Shapes: docs/markets-devnet.md "AICF", protocols/aicf-profile.md, protocols/aicf.md §1.1.
 */
import { z } from "zod";
import { CURRENCIES, type Money, money } from "../../../shared/money.ts";

const Id = z.string().min(1).max(200);
const Millis = z.number().int().nonnegative();
/** Nano ANM. */
const Nano = z
  .union([z.number().int().nonnegative().refine(Number.isSafeInteger), z.string().regex(/^\d{1,40}$/)])
  .transform((amount) => BigInt(amount));
/** A thousand million ANM: more than there will be, and within what the ledger's 64-bit columns can hold. */
export const MOST_NANO = 1_000_000_000n * CURRENCIES.ANM.scale;
/** What is written down: an absurd amount is none. */
const BookedNano = Nano.refine((amount) => amount <= MOST_NANO);

export const RefusalSchema = z.object({
  code: z
    .string()
    .regex(/^[A-Z][A-Z0-9_]*$/)
    .catch("AICF_ERROR"),
  message: z.string().catch(""),
  details: z.record(z.string(), z.unknown()).catch({}),
});

const Ratio = z.number().nullish().catch(null);
const Height = z.number().int().nonnegative().nullish().catch(null);

export const ProviderDetailSchema = z.object({
  id: Id,
  stake: z.object({
    total: Nano.nullish().catch(null),
    effective: Nano,
    minimum: Nano,
    pending_release: z
      .array(z.object({ amount: Nano, release_height: z.number().int().nonnegative() }))
      .catch([]),
  }),
  health: Ratio,
  health_state: z.string().nullish().catch(null),
  jailed_until_ms: Millis.nullish().catch(null),
  sla: z
    .object({ traps: Ratio, qos: Ratio, latency_p95_ms: Ratio, availability: Ratio })
    .nullish()
    .catch(null),
  slashes: z
    .array(
      z.object({
        reason: z.string(),
        amount: Nano,
        height: Height,
        at_ms: Millis.nullish().catch(null),
        job_id: z.string().nullish().catch(null),
      }),
    )
    .catch([]),
  heartbeat: z.object({ interval_ms: z.number().int().positive() }).nullish().catch(null),
  eligible: z.boolean().nullish().catch(null),
  ineligible_reasons: z.array(z.string()).catch([]),
  height: Height,
});
export type ProviderDetail = z.infer<typeof ProviderDetailSchema>;

export const HeartbeatAnswerSchema = z.object({
  health_state: z.string().nullish().catch(null),
  interval_ms: z.number().int().positive().max(86_400_000).nullish().catch(null),
  jailed_until_ms: z.number().nullish().catch(null),
});

export const LeaseSchema = z.object({
  lease_id: Id,
  job_id: Id,
  attempt: z.number().int().positive().catch(1),
  kind: z.string(),
  model: z.string().max(200),
  model_sha256: z
    .string()
    .regex(/^(0x)?[0-9a-f]{64}$/)
    .nullish()
    .catch(null),
  input: z.unknown(),
  params: z.record(z.string(), z.unknown()).catch({}),
  fee: BookedNano.nullish().catch(null),
  granted_at_ms: Millis,
  expires_at_ms: Millis,
  max_runtime_ms: z.number().int().positive().nullish().catch(null),
  worker_id: z.string().nullish().catch(null),
});
export type WireLease = z.infer<typeof LeaseSchema>;

/** A lease of which nothing but its name can be read: it is held all the same, and goes back. */
export const UnreadLeaseSchema = z.object({
  lease_id: Id,
  job_id: Id,
  worker_id: z.string().nullish().catch(null),
});
export type UnreadLease = z.infer<typeof UnreadLeaseSchema>;

export const LeasesSchema = z.object({ leases: z.array(z.unknown()) });
export const RenewAnswerSchema = z.object({ expires_at_ms: Millis });
export const CompleteAnswerSchema = z.object({ ok: z.literal(true), job_id: Id, output_digest: z.string() });

export const PayoutSchema = z.object({
  job_id: Id,
  amount: BookedNano,
  gross: BookedNano.nullish().catch(null),
  epoch: z.number().int().nullish().catch(null),
  settled_at_ms: Millis.nullish().catch(null),
  claimed_at_ms: Millis.nullish().catch(null),
});
export type PayoutRow = z.infer<typeof PayoutSchema>;
export const PayoutPageSchema = z.object({
  items: z.array(z.unknown()),
  next_after: z.number().int().nonnegative().nullish().catch(null),
});

export const RpcAnswerSchema = z.union([
  z.object({ error: z.object({ code: z.number().int(), message: z.string() }) }),
  z.object({ result: z.unknown() }),
]);
export const BalanceSchema = z.object({
  available: Nano,
  pending: Nano,
  escrow: Nano.catch(0n),
  lastSettlementEpoch: z.number().int().nullish().catch(null),
});
export type Balance = z.infer<typeof BalanceSchema>;
const ClaimedSchema = z.object({ jobId: Id, amount: BookedNano });
/** It comes once, so what of it can be read is read: a bad row hides no other. */
export const ClaimSchema = z.object({
  totalPaid: Nano.nullish().catch(null),
  epochTo: z.number().int().nullish().catch(null),
  payouts: z.array(z.unknown()).transform((rows) => readRows(ClaimedSchema, rows)),
});
export type Claim = z.infer<typeof ClaimSchema>;

/** Upstream's views, as the node's six methods answer with them. */
export const ProviderViewSchema = z.object({
  id: Id,
  name: z.string().nullish().catch(null),
  capabilities: z.array(z.string()).catch([]),
  stake: Nano,
  status: z.string(),
  endpoint: z.string().nullish().catch(null),
  region: z.string().nullish().catch(null),
});
export type ProviderView = z.infer<typeof ProviderViewSchema>;
export const JobViewSchema = z.object({
  id: Id,
  kind: z.string(),
  status: z.string(),
  requester: z.string().nullish().catch(null),
  provider_id: z.string().nullish().catch(null),
  fee: Nano,
  units: z.number().int().nonnegative(),
  /** Unix seconds. */
  created_at: z.number().int().nonnegative(),
  updated_at: z.number().int().nonnegative(),
});
export type JobView = z.infer<typeof JobViewSchema>;
export const PageSchema = z.object({ items: z.array(z.unknown()), nextOffset: z.number().int() });
export const HeadSchema = z.object({ height: z.number().int().nonnegative() });
export const SubmittedSchema = z.object({ job_id: Id });
export const SettlementSchema = z.object({
  epoch: z.number().int(),
  payouts: z.number().int(),
  amount: Nano,
  height: z.number().int(),
});
export type Settlement = z.infer<typeof SettlementSchema>;

/** One message of the market's WebSocket (protocols/aicf.md §1.3). */
export const EventSchema = z.object({
  event: z.string(),
  ts: z.number(),
  data: z.record(z.string(), z.unknown()).optional(),
});
export type WireEvent = z.infer<typeof EventSchema>;

/** The rows of a list that can be read. */
export function readRows<T>(schema: z.ZodType<T>, rows: readonly unknown[]): T[] {
  return rows.flatMap((row) => {
    const read = schema.safeParse(row);
    return read.success ? [read.data] : [];
  });
}

export function anm(nano: bigint): Money {
  return money("ANM", nano);
}

/** Lower-case hex without 0x, as digests are kept inside. */
export function bareHex(text: string): string {
  return text.toLowerCase().replace(/^0x/, "");
}
