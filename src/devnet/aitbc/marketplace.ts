/** The coordinator's own registry of GPUs and their bookings (protocols/aitbc.md §7). Nothing ever ends a booking. */
import { randomBytes, randomInt } from "node:crypto";
import { HOUR } from "../../shared/durations.ts";
import type { Clock } from "../clock.ts";
import type { Store } from "../store.ts";
import type { HasQuirk } from "./quirks.ts";

const TABLES = `
  CREATE TABLE IF NOT EXISTS aitbc_market_gpus (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    miner TEXT NOT NULL,
    model TEXT NOT NULL,
    memory_gb INTEGER NOT NULL,
    compute_capability TEXT NOT NULL,
    price_e8 INTEGER NOT NULL,
    status TEXT NOT NULL,
    created_at INTEGER NOT NULL
  ) STRICT;
  CREATE TABLE IF NOT EXISTS aitbc_bookings (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    gpu TEXT NOT NULL,
    client TEXT NOT NULL,
    job TEXT,
    hours REAL NOT NULL,
    hourly_e8 INTEGER NOT NULL,
    status TEXT NOT NULL,
    starts_at INTEGER NOT NULL
  ) STRICT;
`;
/** The dynamic price lies in this share of the listed one; 15 became 12.48, 1 became 0.80. */
const DYNAMIC = { low: 65, high: 105 };

export interface MarketGpu {
  readonly id: string;
  readonly miner: string;
  readonly model: string;
  readonly memory_gb: number;
  readonly compute_capability: string;
  /** 1e-8 AIT per hour. */
  readonly price_e8: number;
  readonly status: string;
  readonly created_at: number;
}

export interface MarketBooking {
  readonly id: string;
  readonly gpu: string;
  readonly client: string;
  readonly job: string | null;
  readonly hours: number;
  readonly hourly_e8: number;
  readonly status: string;
  readonly starts_at: number;
}

export class Marketplace {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #has: HasQuirk;

  constructor(store: Store, clock: Clock, has: HasQuirk) {
    store.db.exec(TABLES);
    this.#store = store;
    this.#clock = clock;
    this.#has = has;
  }

  /** A new row at every call. */
  register(
    gpu: Pick<MarketGpu, "miner" | "model" | "memory_gb" | "compute_capability" | "price_e8">,
  ): string {
    const id = `gpu_${randomBytes(4).toString("hex")}`;
    this.#store.db
      .prepare(
        `INSERT INTO aitbc_market_gpus (id, miner, model, memory_gb, compute_capability, price_e8, status, created_at)
         VALUES (@id, @miner, @model, @memory_gb, @compute_capability, @price_e8, 'available', @now)`,
      )
      .run({ ...gpu, id, now: this.#clock() });
    return id;
  }

  list(): MarketGpu[] {
    return this.#store.db.prepare<[], MarketGpu>("SELECT * FROM aitbc_market_gpus ORDER BY seq").all();
  }

  get(id: string): MarketGpu | null {
    return (
      this.#store.db.prepare<[string], MarketGpu>("SELECT * FROM aitbc_market_gpus WHERE id = ?").get(id) ??
      null
    );
  }

  /** null: it is not available. */
  book(gpuId: string, client: string, hours: number, job: string | null): MarketBooking | null {
    return this.#store.transact(() => {
      const gpu = this.get(gpuId);
      if (gpu?.status !== "available") return null;
      const share = this.#has("dynamic-price") ? randomInt(DYNAMIC.low, DYNAMIC.high) : 100;
      const booking: MarketBooking = {
        id: `bk_${randomBytes(5).toString("hex")}`,
        gpu: gpuId,
        client,
        job,
        hours,
        hourly_e8: Math.round((gpu.price_e8 * share) / 100),
        status: "active",
        starts_at: this.#clock(),
      };
      this.#store.db
        .prepare(
          `INSERT INTO aitbc_bookings (id, gpu, client, job, hours, hourly_e8, status, starts_at)
           VALUES (@id, @gpu, @client, @job, @hours, @hourly_e8, @status, @starts_at)`,
        )
        .run(booking);
      this.setStatus(gpuId, "booked");
      return booking;
    });
  }

  /** The booking that was cancelled; null: there was none. */
  release(gpuId: string): MarketBooking | null {
    return this.#store.transact(() => {
      const [booking] = this.bookings("active").filter(({ gpu }) => gpu === gpuId);
      if (booking)
        this.#store.db.prepare("UPDATE aitbc_bookings SET status = 'cancelled' WHERE id = ?").run(booking.id);
      this.setStatus(gpuId, "available");
      return booking ?? null;
    });
  }

  relist(gpuId: string, priceE8: number): void {
    this.#store.db
      .prepare("UPDATE aitbc_market_gpus SET price_e8 = ?, status = 'available' WHERE id = ?")
      .run(priceE8, gpuId);
  }

  setStatus(gpuId: string, status: string): void {
    this.#store.db.prepare("UPDATE aitbc_market_gpus SET status = ? WHERE id = ?").run(status, gpuId);
  }

  bookings(status: string | null): MarketBooking[] {
    return this.#store.db
      .prepare<[string | null, string | null], MarketBooking>(
        "SELECT * FROM aitbc_bookings WHERE (? IS NULL OR status = ?) ORDER BY seq",
      )
      .all(status, status);
  }
}

export const endOf = (booking: MarketBooking): number => Math.round(booking.starts_at + booking.hours * HOUR);
