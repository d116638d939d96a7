/**
 * The two places where a GPU can be offered on AITBC, as boards of the port. They do not know of each other: a GPU that
 * was booked on one stays open on the other until somebody tells it (protocols/aitbc.md §7).
 */
import { HOUR, KIB } from "../../../shared/durations.ts";
import { AppError } from "../../../shared/errors.ts";
import type { Listing, OfferBoard, OfferStatus, PriceSeen } from "../port.ts";
import { marketedMb } from "./capabilities.ts";
import type { Inventory } from "./inventory.ts";
import { type GpuRow, priceOf } from "./inventory-wire.ts";
import type { Presence } from "./presence.ts";
import type { GpuRegistry } from "./registry.ts";
import { type GpuStatus, statusOf } from "./status-path.ts";
import { readAit, readUtc } from "./wire.ts";

/** What an offer promises, in the guide's words. */
const OFFERED = ["inference"];
const UUID_DIGITS = 12;

const TO_PORT: Readonly<Record<GpuStatus, OfferStatus>> = {
  available: "open",
  booked: "booked",
  in_use: "in-use",
  offline: "withdrawn",
};
const FROM_PORT: Readonly<Record<OfferStatus, GpuStatus>> = {
  open: "available",
  booked: "booked",
  "in-use": "in_use",
  withdrawn: "offline",
};

export interface BoardDeps {
  readonly minerId: string;
  readonly endpoint: string;
}

export interface InventoryBoardDeps extends BoardDeps {
  /** Somebody else registers there and sends the heartbeats. */
  readonly isHeard: boolean;
}

export function inventoryBoard(
  inventory: Inventory,
  presence: Presence,
  deps: InventoryBoardDeps,
): OfferBoard {
  const { minerId, endpoint, isHeard } = deps;
  let registered = false;
  const ours = (row: GpuRow) => row.miner_id == null || row.miner_id === minerId;

  async function find(offerId: string, signal: AbortSignal): Promise<GpuRow> {
    const row = (await presence.gpus(signal)).find(({ id }) => id === offerId);
    if (row) return row;
    throw new AppError({
      code: "OFFER_GONE",
      message: `The gpu service no longer lists ${offerId}`,
      actor: "market",
      retryable: true,
    });
  }

  return {
    id: "gpu-service",
    name: "GPU service",
    endpoint,

    async abilities(signal) {
      const changes = (await inventory.dialect(signal)) === "today";
      return { reprice: changes, withdraw: changes, status: changes };
    },

    /** Ids are global there, and an id that somebody else took is lost: so it is the miner's id and the GPU's own. */
    idFor: (deviceId, attempt) => `${minerId}-${uuidPart(deviceId)}${attempt === 0 ? "" : `-${attempt + 1}`}`,

    async listings(signal) {
      const rows = await presence.gpus(signal);
      return rows.map((row) => ({ ...listingOf(row), revived: presence.wasRevived(row.id) }));
    },

    async publish(terms, signal) {
      const offerId = terms.offerId ?? "";
      const there = await inventory.gpu(offerId, signal);
      if (there !== null) return ours(there) ? { kind: "exists", offerId } : { kind: "id-taken" };
      const reply = await inventory.publish(
        {
          offerId,
          model: terms.model,
          memoryGb: wholeGb(terms.memoryMb),
          region: terms.region,
          capabilities: OFFERED,
          price: terms.price,
        },
        signal,
      );
      // Between the look and the offer somebody was quicker; the next look says who.
      return reply.kind === "published" ? { kind: "published", offerId } : { kind: "id-taken" };
    },

    async reprice(offerId, price, signal) {
      const reply = await inventory.update(offerId, { price }, signal);
      if (reply.kind !== "updated") await find(offerId, signal); // Throws OFFER_GONE.
    },

    /** The row is removed, not set offline: the next heartbeat would put an offline one back on the market. */
    async withdraw(offerId, signal) {
      await inventory.remove(offerId, signal);
    },

    async setStatus(offerId, status, signal) {
      const row = await find(offerId, signal);
      if (await presence.moveTo(row, FROM_PORT[status], signal)) return;
      // The guide era knows one move: a heartbeat opens everything.
      if (status === "open") await presence.revive(offerId, signal);
    },

    bookings: () => Promise.resolve([]), // Nothing there ever writes one (§1.5); a booking shows as the status only.

    async prices(signal) {
      const rows = await inventory.offers({}, signal);
      return rows.flatMap((row) => seen(row, row.miner_id === minerId));
    },

    async keepAlive(signal) {
      if (isHeard) return;
      if (!registered) await presence.register(signal);
      registered = true;
      await presence.beat(signal);
    },
  };
}

export interface RegistryBoardDeps extends BoardDeps {
  /** A time of the coordinator's as local unix ms. */
  readonly toLocal: (marketMs: number) => number;
}

export function registryBoard(registry: GpuRegistry, deps: RegistryBoardDeps): OfferBoard {
  const { minerId, endpoint, toLocal } = deps;
  const ownRows = async (signal: AbortSignal) =>
    (await registry.list(signal)).filter((row) => row.miner_id === minerId);

  return {
    id: "coordinator",
    name: "Coordinator",
    endpoint,
    abilities: () => Promise.resolve({ reprice: false, withdraw: false, status: false }),
    idFor: () => null,
    listings: async (signal) => (await ownRows(signal)).map((row) => ({ ...listingOf(row), revived: false })),

    /** Registering twice makes two rows, so one that nobody else of us has is taken for this GPU's. */
    async publish(terms, signal) {
      const taken = new Set(terms.otherIds);
      const there = (await ownRows(signal)).find((row) => row.model === terms.model && !taken.has(row.id));
      if (there) return { kind: "exists", offerId: there.id };
      const gpu = { model: terms.model, memoryGb: wholeGb(terms.memoryMb), price: terms.price };
      return { kind: "published", offerId: await registry.register(gpu, signal) };
    },

    reprice: () => Promise.reject(fixed("change the price of")),
    withdraw: () => Promise.reject(fixed("take back")),
    setStatus: () => Promise.reject(fixed("change")),

    async bookings(signal) {
      const orders = await registry.orders(signal);
      return orders
        .filter((order) => order.miner_id === minerId)
        .map((order) => {
          const began = readUtc(order.created_at);
          const startsAt = began === null ? null : toLocal(began);
          // There is no end time: it is the start and the hours (§7).
          const hours = order.duration_hours ?? null;
          return {
            bookingId: order.order_id,
            offerId: order.gpu_id,
            startsAt,
            endsAt: startsAt === null || hours === null ? null : Math.round(startsAt + hours * HOUR),
            total: order.total_cost == null ? null : readAit(order.total_cost),
            jobId: order.job_id ?? null,
          };
        });
    },

    prices: async (signal) =>
      (await registry.list(signal)).flatMap((row) => seen(row, row.miner_id === minerId)),
    keepAlive: () => Promise.resolve(),
  };
}

function listingOf(row: GpuRow): Omit<Listing, "revived"> {
  const status = TO_PORT[statusOf(row.status)];
  return { offerId: row.id, model: row.model, price: priceOf(row), status, word: row.status };
}

/** A price of zero is what a row has before it was given one. */
function seen(row: GpuRow, ours: boolean): PriceSeen[] {
  const price = priceOf(row);
  return price === null || price.minor === 0n || row.model === ""
    ? []
    : [{ offerId: row.id, model: row.model, price, ours }];
}

/** "GPU-8f6d2c1e-0b7a-…" → "8f6d2c1e0b7a". */
function uuidPart(deviceId: string): string {
  return deviceId
    .replace(/^GPU-/i, "")
    .replace(/[^0-9a-z]/gi, "")
    .toLowerCase()
    .slice(0, UUID_DIGITS);
}

function wholeGb(memoryMb: number | null): number {
  return Math.floor(marketedMb(memoryMb ?? 0) / KIB);
}

function fixed(what: string): AppError {
  return new AppError({
    code: "NOT_ALLOWED_THERE",
    message: `The coordinator lets no miner's key ${what} an offer in its registry`,
    actor: "market",
    help: "Ask the coordinator's operator.",
  });
}
