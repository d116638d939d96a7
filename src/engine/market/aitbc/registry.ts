/**
 * The coordinator's own registry of GPUs for rent (protocols/aitbc.md §7): another database than the gpu service's, and
 * the only one where GPUs are booked. A miner's key may register and read; repricing, release and deletion are refused
 * to it, so what is listed here can't be changed from here.
 */
import { z } from "zod";
import type { Money } from "../../../shared/money.ts";
import { createHttpClient, type HttpAnswer } from "../http.ts";
import { readerOf } from "./answer.ts";
import type { CoordinatorClientOptions } from "./client.ts";
import { type GpuRow, GpuRowSchema, priceNumber, RowsSchema } from "./inventory-wire.ts";
import { readRows } from "./wire.ts";

const MaybeText = z.string().nullish().catch(null);
/** The market takes bookings of up to a year (§7). */
const MOST_HOURS = 8760;
const RegisteredSchema = z.object({ gpu_id: z.string().min(1).max(200), status: z.string() });
export const OrderSchema = z.object({
  order_id: z.string().min(1).max(200),
  gpu_id: z.string().min(1).max(200),
  miner_id: MaybeText,
  duration_hours: z.number().nonnegative().max(MOST_HOURS).nullish().catch(null),
  total_cost: z.union([z.number(), z.string()]).nullish().catch(null),
  status: z.string(),
  created_at: MaybeText,
  job_id: MaybeText,
});
export type Order = z.infer<typeof OrderSchema>;

/** Enough for any registry of today; the service lists fewer when not asked. */
const LIST_LIMIT = 1000;

export type GpuRegistry = ReturnType<typeof createGpuRegistry>;

export function createGpuRegistry(options: CoordinatorClientOptions) {
  const { config, now } = options;
  const key = config.coordinatorKey ?? "";
  const http = createHttpClient({
    fetch: options.fetch,
    now,
    onDebug: options.onDebug,
    secrets: [key],
    baseUrl: config.coordinatorUrl,
    headers: { "x-api-key": key, "x-miner-id": config.minerId },
  });
  const { read } = readerOf(now);
  const rows = (answer: HttpAnswer) => read(http, answer, RowsSchema);

  return {
    host: http.host,

    /** Makes a new row at every call; returns the id the coordinator chose. */
    async register(
      gpu: { model: string; memoryGb: number; price: Money },
      signal: AbortSignal,
    ): Promise<string> {
      const { model: name, memoryGb: memory_gb, price } = gpu;
      const value = {
        gpu: { miner_id: config.minerId, name, memory_gb, price_per_hour: String(priceNumber(price)) },
      };
      const path = "/v1/marketplace/gpu/register";
      const answer = await http.request({ method: "POST", path, body: { kind: "json", value } }, signal);
      return read(http, answer, RegisteredSchema).gpu_id;
    },

    /** GPUs of everybody. */
    async list(signal: AbortSignal): Promise<GpuRow[]> {
      const query = { limit: LIST_LIMIT };
      const answer = await http.request({ method: "GET", path: "/v1/marketplace/gpu/list", query }, signal);
      return readRows(GpuRowSchema, rows(answer));
    },

    /** Bookings that run, of everybody. */
    async orders(signal: AbortSignal): Promise<Order[]> {
      const query = { status: "active" };
      const answer = await http.request({ method: "GET", path: "/v1/marketplace/orders", query }, signal);
      return readRows(OrderSchema, rows(answer));
    },
  };
}
