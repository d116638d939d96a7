/** What the gpu service (port 8101) sends, read tolerantly, in both of its eras (protocols/aitbc.md §1). */
import { z } from "zod";
import { AppError } from "../../../shared/errors.ts";
import { CURRENCIES, formatDecimal, type Money } from "../../../shared/money.ts";
import { readAit } from "./wire.ts";

const Id = z.string().min(1).max(200);
const MaybeText = z.string().nullish().catch(null);
const Amount = z.union([z.number(), z.string()]);
/** `memory_gb` is stored as it was sent: 80, 15.99 or "24". */
const MaybeNumber = z
  .union([z.number(), z.string()])
  .nullish()
  .catch(null)
  .transform((value) => {
    const number = typeof value === "string" && value.trim() !== "" ? Number(value) : value;
    return typeof number === "number" && Number.isFinite(number) && number >= 0 ? number : null;
  });
const Flag = z.boolean().nullish().catch(null);
const Texts = z.array(z.string()).catch([]);

/** `{"status","service"}` of /health, /live, /ready and the status paths. */
export const ServiceWordSchema = z.object({
  status: z.string(),
  service: MaybeText,
  error: MaybeText,
});

export const InventoryRegistrationSchema = z.object({
  status: z.string(),
  miner_id: Id,
  gpu_count: z.number().int().nonnegative().catch(0),
});

/** A GPU as the miner's list, the listing of all offers and `GET /v1/gpu/{id}` show it. */
export const GpuRowSchema = z.object({
  id: Id,
  model: z.string().catch(""),
  memory_gb: MaybeNumber,
  status: z.string(),
  price_per_hour: Amount.nullish().catch(null),
  region: MaybeText,
  miner_id: MaybeText,
});
export type GpuRow = z.infer<typeof GpuRowSchema>;

export const RowsSchema = z.array(z.unknown());

export const OfferAnswerSchema = z.object({
  status: z.string(),
  transaction_id: MaybeText,
  blockchain_registered: Flag,
  blockchain_tx_hash: MaybeText,
});

export const GpuUpdateSchema = z.object({ id: Id, status: z.string(), price_per_hour: Amount });
export const GpuRegisteredSchema = z.object({ gpu_id: Id, miner_id: MaybeText, status: z.string() });
export const MessageSchema = z.object({ message: z.string() });
export const StatusSchema = z.object({ status: z.string() });

export const InventoryEarningsSchema = z.object({
  miner_id: Id,
  total_earnings: Amount,
  pending_earnings: Amount,
  currency: MaybeText,
});
export const CapabilitiesEchoSchema = z.object({
  status: z.string(),
  miner_id: Id,
  capabilities: z.record(z.string(), z.unknown()).catch({}),
});
export const ScanSchema = z.object({
  miner_id: Id,
  gpus: z.array(z.unknown()).catch([]),
  registered: z.number().catch(0),
  edge_optimized: z.number().catch(0),
  discovery_method: MaybeText,
  error: MaybeText,
});
export const ScannedGpuSchema = z.object({
  id: Id,
  model: z.string().catch(""),
  memory_gb: MaybeNumber,
  region: MaybeText,
  status: z.string(),
  capabilities: Texts,
});
/** `{}` where the service's host has no nvidia-smi. `cuda_version` is the driver's version. */
export const DiscoverySchema = z.object({
  model: MaybeText,
  memory_gb: MaybeNumber,
  cuda_version: MaybeText,
  compute_capability: MaybeText,
});
/** Kept whole: people look at them, nothing is computed from them. */
export const LooseRowSchema = z.record(z.string(), z.unknown());
export const QueueSchema = z.object({ gpu_id: Id, jobs: z.array(z.unknown()), total: z.number() });

/** Price of a row, exact; null when there is none, or none that can be (protocols/aitbc.md §12.2). */
export function priceOf(row: { readonly price_per_hour?: string | number | null | undefined }): Money | null {
  const price = row.price_per_hour == null ? null : readAit(row.price_per_hour);
  return price !== null && price.minor >= 0n ? price : null;
}

/**
 * An hourly price as the number the services want. They take anything, negative prices too, so it is checked here:
 * positive, at most 8 decimals, and the number's text is exactly the price. Throws BAD_PRICE.
 */
export function priceNumber(price: Money): number {
  const number = Number((Number(price.minor) / Number(CURRENCIES.AIT.scale)).toFixed(PRICE_DECIMALS));
  if (price.minor > 0n && Number.isFinite(number) && readAit(number)?.minor === price.minor) return number;
  throw new AppError({
    code: "BAD_PRICE",
    message: `${formatDecimal(price, 12)} AIT is no price an AITBC offer can have`,
    actor: "user",
    help: "Write a positive amount of AIT per hour with at most 8 decimals.",
  });
}
const PRICE_DECIMALS = 8;
