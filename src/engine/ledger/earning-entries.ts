/** Accepted jobs on their way to the payout, row by row: for the ledger a person reads, and for the file he takes away. */
import type { MarketId } from "../../shared/contract/views.ts";
import { type CurrencyCode, type Money, money } from "../../shared/money.ts";
import type { Database } from "./database.ts";

export interface Entry {
  readonly row: number;
  readonly market: MarketId;
  readonly leaseId: string;
  readonly jobId: string;
  readonly kind: string;
  readonly model: string;
  readonly units: number | null;
  readonly acceptedAt: number;
  /** As the market says, and not before the acceptance; null: pending. */
  readonly settledAt: number | null;
  readonly offered: Money | null;
  readonly gross: Money | null;
  /** null: pending, or paid without a word about the amount. */
  readonly net: Money | null;
  readonly reference: string | null;
}

/** A row's place in the order of acceptance. */
export interface EntryPlace {
  readonly acceptedAt: number;
  readonly row: number;
}

export interface EntrySpan {
  readonly market: MarketId;
  /** Unix ms; accepted from then on, and before `until`. */
  readonly from: number;
  readonly until: number;
}

interface EntryRecord {
  id: number;
  market: MarketId;
  lease_id: string;
  job_id: string;
  kind: string;
  model: string;
  units: number | null;
  accepted_at: number;
  settled_at: number | null;
  fee_currency: CurrencyCode | null;
  fee_minor: string | null;
  currency: CurrencyCode | null;
  gross_minor: string | null;
  net_minor: string | null;
  reference: string | null;
}

interface Bounds {
  market: string;
  from: number;
  until: number;
  at: number;
  row: number;
  limit: number;
}

const COLUMNS = `l.id, l.market, l.lease_id, l.job_id, l.kind, l.model, l.units, l.accepted_at, e.settled_at,
  l.fee_currency, CAST(l.fee_minor AS TEXT) AS fee_minor, e.currency, CAST(e.gross_minor AS TEXT) AS gross_minor,
  CASE WHEN e.told THEN CAST(e.net_minor AS TEXT) END AS net_minor, e.reference`;
const BEGINNING: EntryPlace = { acceptedAt: -1, row: -1 };
const END: EntryPlace = { acceptedAt: Number.MAX_SAFE_INTEGER, row: Number.MAX_SAFE_INTEGER };

export class EntryReader {
  readonly #statements;

  constructor(db: Database) {
    const newestFirst = (from: string, state: string, by: string) =>
      db.prepare<[Bounds], EntryRecord>(
        `SELECT ${COLUMNS} FROM ${from}
         WHERE ${by}.market = @market ${state} AND ${by}.accepted_at >= @from AND ${by}.accepted_at < @until
           AND (${by}.accepted_at, l.id) < (@at, @row)
         ORDER BY ${by}.accepted_at DESC, l.id DESC LIMIT @limit`,
      );
    const fromLeases = "leases l LEFT JOIN earnings e ON e.lease = l.id";
    this.#statements = {
      all: newestFirst(fromLeases, "AND l.accepted_at IS NOT NULL", "l"),
      // Without the hint every acceptance is walked through for the few that wait.
      pending: newestFirst(
        "leases l INDEXED BY leases_unsettled LEFT JOIN earnings e ON e.lease = l.id",
        "AND l.state = 'accepted'",
        "l",
      ),
      settled: db.prepare<[Bounds], EntryRecord>(
        `SELECT ${COLUMNS} FROM earnings e JOIN leases l ON l.id = e.lease
         WHERE e.market = @market AND e.accepted_at >= @from AND e.accepted_at < @until
           AND (e.accepted_at, e.lease) < (@at, @row)
         ORDER BY e.accepted_at DESC, e.lease DESC LIMIT @limit`,
      ),
      oldestFirst: db.prepare<[Bounds], EntryRecord>(
        `SELECT ${COLUMNS} FROM ${fromLeases}
         WHERE l.market = @market AND l.accepted_at IS NOT NULL AND l.accepted_at >= @from AND l.accepted_at < @until
           AND (l.accepted_at, l.id) > (@at, @row)
         ORDER BY l.accepted_at, l.id LIMIT @limit`,
      ),
    };
  }

  /** The newest acceptance first, `before` not among them. */
  newest(
    span: EntrySpan,
    state: "all" | "settled" | "pending",
    { limit, before = END }: { limit: number; before?: EntryPlace | undefined },
  ): Entry[] {
    return this.#statements[state].all(bounds(span, before, limit)).map(toEntry);
  }

  /** The oldest acceptance first, `after` not among them. */
  oldest(
    span: EntrySpan,
    { limit, after = BEGINNING }: { limit: number; after?: EntryPlace | undefined },
  ): Entry[] {
    return this.#statements.oldestFirst.all(bounds(span, after, limit)).map(toEntry);
  }
}

const bounds = (span: EntrySpan, place: EntryPlace, limit: number): Bounds => ({
  ...span,
  at: place.acceptedAt,
  row: place.row,
  limit,
});

function toEntry(r: EntryRecord): Entry {
  const amount = (currency: CurrencyCode | null, minor: string | null) =>
    currency === null || minor === null ? null : money(currency, BigInt(minor));
  return {
    row: r.id,
    market: r.market,
    leaseId: r.lease_id,
    jobId: r.job_id,
    kind: r.kind,
    model: r.model,
    units: r.units,
    acceptedAt: r.accepted_at,
    // The market's word, by the market's clock: no credit comes before what it is for, a clock that is behind says so.
    settledAt: r.settled_at === null ? null : Math.max(r.settled_at, r.accepted_at),
    offered: amount(r.fee_currency, r.fee_minor),
    gross: amount(r.currency, r.gross_minor),
    net: amount(r.currency, r.net_minor),
    reference: r.reference,
  };
}
