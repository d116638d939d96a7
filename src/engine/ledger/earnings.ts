/** Money as the ledger knows it: a credit per settled job, and what accepted jobs will still pay. */
import type { MarketId } from "../../shared/contract/views.ts";
import { type CurrencyCode, type Money, money } from "../../shared/money.ts";
import type { JobCredit } from "../market/port.ts";
import type { Database } from "./database.ts";

export interface EarningsSums {
  readonly settledToday: Money;
  readonly settledTotal: Money;
  /** Gross fees of accepted jobs the market has not credited yet, one entry a job. */
  readonly pendingFees: readonly { readonly fee: Money; readonly today: boolean }[];
  readonly acceptedToday: number;
  readonly failedToday: number;
}

export class EarningsTable {
  readonly #statements;

  constructor(db: Database) {
    this.#statements = {
      insert: db.prepare(
        `INSERT INTO earnings (lease, market, currency, net_minor, gross_minor, accepted_at, settled_at, reference)
         SELECT id, market, ?, ?, ?, accepted_at, ?, ? FROM leases WHERE id = ?`,
      ),
      settled: db.prepare<[number, string], { today: string; total: string }>(
        `SELECT CAST(coalesce(sum(net_minor) FILTER (WHERE accepted_at >= ?), 0) AS TEXT) AS today,
                CAST(coalesce(sum(net_minor), 0) AS TEXT) AS total
         FROM earnings WHERE market = ?`,
      ),
      pending: db.prepare<[string], { fee: string; currency: CurrencyCode; accepted_at: number }>(
        `SELECT CAST(fee_minor AS TEXT) AS fee, fee_currency AS currency, accepted_at FROM leases
         WHERE market = ? AND state = 'accepted' AND finished_at IS NULL AND fee_minor IS NOT NULL`,
      ),
      acceptedSince: db
        .prepare<[string, number], number>(
          "SELECT count(*) FROM leases WHERE market = ? AND accepted_at >= ?",
        )
        .pluck(),
      failedSince: db
        .prepare<[string, number], number>(
          `SELECT count(*) FROM leases WHERE market = ? AND finished_at >= ? AND state IN ('failed','expired','lost','rejected')`,
        )
        .pluck(),
    };
  }

  insert(row: number, credit: JobCredit): void {
    this.#statements.insert.run(
      credit.net.currency,
      credit.net.minor,
      credit.gross?.minor ?? null,
      credit.settledAt,
      credit.reference,
      row,
    );
  }

  /** Sums for one market; `midnight` is the start of the local day, unix ms. */
  sums(market: MarketId, currency: CurrencyCode, midnight: number): EarningsSums {
    const settled = this.#statements.settled.get(midnight, market) ?? { today: "0", total: "0" };
    return {
      settledToday: money(currency, BigInt(settled.today)),
      settledTotal: money(currency, BigInt(settled.total)),
      pendingFees: this.#statements.pending
        .all(market)
        .map((r) => ({ fee: money(r.currency, BigInt(r.fee)), today: r.accepted_at >= midnight })),
      acceptedToday: this.#statements.acceptedSince.get(market, midnight) ?? 0,
      failedToday: this.failedSince(market, midnight),
    };
  }

  failedSince(market: MarketId, since: number): number {
    return this.#statements.failedSince.get(market, since) ?? 0;
  }
}
