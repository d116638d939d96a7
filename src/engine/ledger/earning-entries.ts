/** Accepted jobs on their way to the payout, row by row: for the ledger a person reads, and for the file he takes away. */
import type { EntryState } from "../../shared/contract/earnings.ts";
import type { MarketId } from "../../shared/contract/views.ts";
import { type CurrencyCode, type Money, money } from "../../shared/money.ts";
import type { Database } from "./database.ts";
import { COPIED_LEASES } from "./other-machine.ts";

export interface Entry {
  readonly row: number;
  readonly market: MarketId;
  readonly leaseId: string;
  readonly jobId: string;
  readonly kind: string;
  readonly model: string;
  readonly units: number | null;
  readonly acceptedAt: number;
  /** As the market says, and not before the acceptance; null: not credited. */
  readonly settledAt: number | null;
  /** Since when its money is not waited for any more, and by whose word; null: it is, or it came. */
  readonly writtenOff: { readonly at: number; readonly by: "market" | "person" } | null;
  readonly offered: Money | null;
  readonly gross: Money | null;
  /** null: pending, or paid without a word about the amount. */
  readonly net: Money | null;
  readonly reference: string | null;
}

/** A row's place in the order of acceptance, or of payment. */
export interface EntryPlace {
  /** Accepted then, or paid. Unix ms. */
  readonly at: number;
  readonly row: number;
}

export interface EntrySpan {
  readonly market: MarketId;
  /** Unix ms; accepted (or paid) from then on, and before `until`. */
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
  written_off_at: number | null;
  written_off_by: "market" | "person" | null;
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
  CASE WHEN e.lease IS NULL THEN l.written_off_at END AS written_off_at, l.written_off_by,
  l.fee_currency, CAST(l.fee_minor AS TEXT) AS fee_minor, e.currency, CAST(e.gross_minor AS TEXT) AS gross_minor,
  CASE WHEN e.told THEN CAST(e.net_minor AS TEXT) END AS net_minor, e.reference`;
/** The market's word, by the market's clock: no credit comes before what it is for, a clock that is behind says so. */
const PAID_AT = "max(e.settled_at, e.accepted_at)";
/** Not the machine's that this ledger was copied from. The sign keeps SQLite from walking by id. */
const OWN = `AND +l.id > ${COPIED_LEASES}`;
const OWN_PAID = `AND +e.lease > ${COPIED_LEASES}`;
const BEGINNING: EntryPlace = { at: -1, row: -1 };
const END: EntryPlace = { at: Number.MAX_SAFE_INTEGER, row: Number.MAX_SAFE_INTEGER };

export class EntryReader {
  readonly #statements;

  constructor(db: Database) {
    const newestFirst = (from: string, state: string, by: string) =>
      db.prepare<[Bounds], EntryRecord>(
        `SELECT ${COLUMNS} FROM ${from}
         WHERE ${by}.market = @market ${state} ${OWN} AND ${by}.accepted_at >= @from AND ${by}.accepted_at < @until
           AND (${by}.accepted_at, l.id) < (@at, @row)
         ORDER BY ${by}.accepted_at DESC, l.id DESC LIMIT @limit`,
      );
    const fromLeases = "leases l LEFT JOIN earnings e ON e.lease = l.id";
    this.#statements = {
      all: newestFirst(fromLeases, "AND l.accepted_at IS NOT NULL", "l"),
      // Without the hint every acceptance is walked through for the few that wait.
      pending: newestFirst(
        "leases l INDEXED BY leases_unsettled LEFT JOIN earnings e ON e.lease = l.id",
        "AND l.state = 'accepted' AND l.written_off_at IS NULL",
        "l",
      ),
      "written-off": newestFirst(
        "leases l INDEXED BY leases_written_off LEFT JOIN earnings e ON e.lease = l.id",
        "AND l.state = 'accepted' AND l.written_off_at IS NOT NULL",
        "l",
      ),
      settled: db.prepare<[Bounds], EntryRecord>(
        `SELECT ${COLUMNS} FROM earnings e JOIN leases l ON l.id = e.lease
         WHERE e.market = @market AND e.accepted_at >= @from AND e.accepted_at < @until ${OWN_PAID}
           AND (e.accepted_at, e.lease) < (@at, @row)
         ORDER BY e.accepted_at DESC, e.lease DESC LIMIT @limit`,
      ),
      oldestFirst: db.prepare<[Bounds], EntryRecord>(
        `SELECT ${COLUMNS} FROM ${fromLeases}
         WHERE l.market = @market AND l.accepted_at IS NOT NULL AND l.accepted_at >= @from AND l.accepted_at < @until ${OWN}
           AND (l.accepted_at, l.id) > (@at, @row)
         ORDER BY l.accepted_at, l.id LIMIT @limit`,
      ),
      firstPaid: db.prepare<[Bounds], EntryRecord>(
        `SELECT ${COLUMNS} FROM earnings e INDEXED BY earnings_paid CROSS JOIN leases l ON l.id = e.lease
         WHERE e.market = @market AND ${PAID_AT} >= max(@from, @at) AND ${PAID_AT} < @until ${OWN_PAID}
           AND (${PAID_AT}, e.lease) > (@at, @row)
         ORDER BY ${PAID_AT}, e.lease LIMIT @limit`,
      ),
    };
  }

  /** The newest acceptance first, `before` not among them. */
  newest(
    span: EntrySpan,
    state: "all" | EntryState,
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

  /** Those that were paid in that time, in the order of payment, `after` not among them. */
  firstPaid(
    span: EntrySpan,
    { limit, after = BEGINNING }: { limit: number; after?: EntryPlace | undefined },
  ): Entry[] {
    return this.#statements.firstPaid.all(bounds(span, after, limit)).map(toEntry);
  }
}

const bounds = (span: EntrySpan, place: EntryPlace, limit: number): Bounds => ({
  ...span,
  at: place.at,
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
    // As PAID_AT.
    settledAt: r.settled_at === null ? null : Math.max(r.settled_at, r.accepted_at),
    writtenOff:
      r.written_off_at === null || r.written_off_by === null
        ? null
        : { at: r.written_off_at, by: r.written_off_by },
    offered: amount(r.fee_currency, r.fee_minor),
    gross: amount(r.currency, r.gross_minor),
    net: amount(r.currency, r.net_minor),
    reference: r.reference,
  };
}
