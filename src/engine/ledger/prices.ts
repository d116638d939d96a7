/** What others ask for their GPUs: the newest price of each offer seen. */
import type { MarketId } from "../../shared/contract/views.ts";
import { type CurrencyCode, type Money, money } from "../../shared/money.ts";
import type { PriceSeen } from "../market/port.ts";
import type { Database } from "./database.ts";

export interface PricePoint {
  readonly model: string;
  readonly price: Money;
  readonly seenAt: number;
}

export class PriceTable {
  readonly #db: Database;
  readonly #statements;

  constructor(db: Database) {
    this.#db = db;
    this.#statements = {
      put: db.prepare(
        `INSERT INTO prices_seen (market, board, offer_id, model, currency, price_minor, seen_at)
         VALUES (@market, @board, @offerId, @model, @currency, @minor, @now)
         ON CONFLICT (market, board, offer_id) DO UPDATE SET model = @model, currency = @currency,
           price_minor = @minor, seen_at = @now`,
      ),
      prune: db.prepare("DELETE FROM prices_seen WHERE seen_at < ?"),
      since: db.prepare<
        [string, number],
        { model: string; currency: CurrencyCode; minor: string; seen_at: number }
      >(
        `SELECT model, currency, CAST(price_minor AS TEXT) AS minor, seen_at FROM prices_seen
         WHERE market = ? AND seen_at >= ?`,
      ),
    };
  }

  put(market: MarketId, board: string, prices: readonly PriceSeen[], now: number): void {
    this.#db.transaction(() => {
      for (const { offerId, model, price } of prices) {
        const { currency, minor } = price;
        this.#statements.put.run({ market, board, offerId, model, currency, minor, now });
      }
    })();
  }

  since(market: MarketId, from: number): PricePoint[] {
    return this.#statements.since.all(market, from).map(({ model, currency, minor, seen_at }) => ({
      model,
      price: money(currency, BigInt(minor)),
      seenAt: seen_at,
    }));
  }

  prune(before: number): void {
    this.#statements.prune.run(before);
  }
}
