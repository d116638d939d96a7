/** Rentals of whole GPUs, one row each, as the market told of them: kept when the offer has long another renter. */
import type { MarketId } from "../../shared/contract/views.ts";
import { type CurrencyCode, type Money, money } from "../../shared/money.ts";
import type { Database } from "./database.ts";
import { COPIED_BOOKINGS } from "./other-machine.ts";

/** over: its time was up. released: given back before. vanished: the market lists the offer no more. */
export type RentalEnd = "over" | "released" | "vanished";

export interface Rental {
  readonly row: number;
  readonly market: MarketId;
  readonly board: string;
  /** The market's own name of it. */
  readonly booking: string;
  readonly device: string;
  readonly model: string;
  /** Unix ms. */
  readonly startsAt: number;
  /** As agreed; null: not said. */
  readonly until: number | null;
  /** Agreed for the whole time; null: not said. What was paid of it, no market tells. */
  readonly total: Money | null;
  /** When its time was up or it was seen to have ended; null: it runs. */
  readonly endedAt: number | null;
  readonly endReason: RentalEnd | null;
}

export interface RentalSums {
  readonly rentals: number;
  readonly running: number;
  readonly agreed: Money;
  /** Of which no total was said. */
  readonly untold: number;
}

interface RentalRecord {
  id: number;
  market: MarketId;
  board: string;
  booking: string;
  device: string;
  model: string;
  starts_at: number;
  until_at: number | null;
  currency: CurrencyCode | null;
  total: string | null;
  ended_at: number | null;
  end_reason: RentalEnd | null;
}

/** More than a rental costs, and a million of them fit a sum of 64 bits. */
const MOST_TOTAL = 2n ** 43n;

export class BookingTable {
  readonly #statements;

  constructor(db: Database) {
    this.#statements = {
      note: db.prepare(
        `INSERT INTO bookings (market, board, booking, device, model, starts_at, until_at, currency, total_minor)
         VALUES (@market, @board, @booking, @device, @model, @startsAt, @until, @currency, @total)
         ON CONFLICT (market, board, booking) DO UPDATE SET until_at = coalesce(excluded.until_at, until_at),
           currency = coalesce(excluded.currency, currency), total_minor = coalesce(excluded.total_minor, total_minor),
           ended_at = NULL, end_reason = NULL
         WHERE until_at IS NOT coalesce(excluded.until_at, until_at)
           OR total_minor IS NOT coalesce(excluded.total_minor, total_minor) OR ended_at IS NOT NULL`,
      ),
      end: db.prepare(
        `UPDATE bookings SET ended_at = @at, end_reason =
           CASE WHEN until_at IS NOT NULL AND until_at <= @at THEN 'over' ELSE @reason END
         WHERE market = @market AND board = @board AND device = @device AND ended_at IS NULL AND booking IS NOT @but`,
      ),
      forsake: db.prepare<[number, MarketId, string]>(
        `UPDATE bookings SET ended_at = ?, end_reason = 'vanished'
         WHERE market = ? AND ended_at IS NULL AND until_at IS NULL
           AND board NOT IN (SELECT value FROM json_each(?))`,
      ),
      sums: db.prepare<
        [number, string, string, number, number],
        { rentals: number; running: number; agreed: string; untold: number }
      >(
        `SELECT count(*) AS rentals,
           coalesce(sum(ended_at IS NULL AND (until_at IS NULL OR until_at > ?)), 0) AS running,
           CAST(coalesce(sum(total_minor), 0) AS TEXT) AS agreed, coalesce(sum(total_minor IS NULL), 0) AS untold
         FROM bookings WHERE market = ? AND (currency IS NULL OR currency = ?) AND starts_at >= ? AND starts_at < ?
           AND +id > ${COPIED_BOOKINGS}`,
      ),
      list: db.prepare<[string, number, number, number, number], RentalRecord>(
        `SELECT id, market, board, booking, device, model, starts_at, until_at, currency,
           CAST(total_minor AS TEXT) AS total, ended_at, end_reason
         FROM bookings WHERE market = ? AND starts_at >= ? AND starts_at < ? AND id > max(?, ${COPIED_BOOKINGS}) ORDER BY id LIMIT ?`,
      ),
    };
  }

  /** Told by the market in a look; what it said before stands where it now says less. */
  note(rental: Omit<Rental, "row" | "endedAt" | "endReason">): void {
    const { total, ...facts } = rental;
    const told = total !== null && total.minor >= 0n && total.minor <= MOST_TOTAL ? total : null;
    this.#statements.note.run({ ...facts, currency: told?.currency ?? null, total: told?.minor ?? null });
  }

  /** What ran on a device by this board's word runs no more, but for the booking named `but`. */
  end(
    place: { readonly market: MarketId; readonly board: string; readonly device: string },
    { reason, at, but = null }: { reason: "released" | "vanished"; at: number; but?: string | null },
  ): void {
    const { market, board, device } = place;
    this.#statements.end.run({ market, board, device, reason, at, but });
  }

  /** At boards other than these nobody looks any more: what has no agreed end there is not known to run. */
  forsake(market: MarketId, boards: readonly string[], at: number): void {
    this.#statements.forsake.run(at, market, JSON.stringify(boards));
  }

  /** Begun from `from` on and before `until`, unix ms; what was agreed until `now` or earlier is over. */
  sums(
    { market, currency, now }: { market: MarketId; currency: CurrencyCode; now: number },
    from: number,
    until: number,
  ): RentalSums {
    const found = this.#statements.sums.get(now, market, currency, from, until);
    return {
      rentals: found?.rentals ?? 0,
      running: found?.running ?? 0,
      agreed: money(currency, BigInt(found?.agreed ?? 0)),
      untold: found?.untold ?? 0,
    };
  }

  /** As they were first heard of, `after` not among them; what was agreed until `now` or earlier is over. */
  list(
    { market, from, until }: { readonly market: MarketId; readonly from: number; readonly until: number },
    { after, limit, now }: { readonly after: number; readonly limit: number; readonly now: number },
  ): Rental[] {
    return this.#statements.list.all(market, from, until, after, limit).map((record) => ({
      row: record.id,
      market: record.market,
      board: record.board,
      booking: record.booking,
      device: record.device,
      model: record.model,
      startsAt: record.starts_at,
      until: record.until_at,
      total:
        record.currency === null || record.total === null
          ? null
          : money(record.currency, BigInt(record.total)),
      ...endOf(record, now),
    }));
  }
}

/** A board may stop telling of a rental, or nobody ask: it ends when its time is up all the same. */
function endOf(record: RentalRecord, now: number): Pick<Rental, "endedAt" | "endReason"> {
  const { ended_at: endedAt, end_reason: endReason, until_at: until } = record;
  if (endedAt !== null || until === null || until > now) return { endedAt, endReason };
  return { endedAt: until, endReason: "over" };
}
