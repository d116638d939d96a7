/** The offers table: the wish for each GPU on each board, and how far the market made it true. */
import {
  type OfferState,
  OfferViewSchema,
  type PriceStrategy,
  PriceStrategySchema,
} from "../../shared/contract/offers.ts";
import type { MarketId } from "../../shared/contract/views.ts";
import { HOUR } from "../../shared/durations.ts";
import type { ErrorValue } from "../../shared/errors.ts";
import { type CurrencyCode, fromMoneyValue, type Money, money, toMoneyValue } from "../../shared/money.ts";
import { packSentence, type Spoken, unpackSentence } from "../../shared/words/said.ts";
import { nextOfferState, type OfferEvent } from "../offers/offer-machine.ts";
import type { Database } from "./database.ts";

export interface OfferKey {
  readonly market: MarketId;
  readonly board: string;
  readonly device: string;
}

export interface OfferBooking {
  readonly id: string;
  readonly endsAt: number | null;
  readonly total: Money | null;
}

export interface Offer extends OfferKey {
  readonly row: number;
  readonly model: string;
  readonly memoryMb: number | null;
  readonly state: OfferState;
  readonly wanted: boolean;
  readonly strategy: PriceStrategy;
  readonly price: Money;
  /** When it was last changed; null: before this was written down. */
  readonly pricedAt: number | null;
  readonly offerId: string | null;
  readonly attempt: number;
  readonly held: boolean;
  readonly listedPrice: Money | null;
  readonly marketStatus: string | null;
  readonly drift: Spoken | null;
  readonly booking: OfferBooking | null;
  readonly checkedAt: number | null;
  readonly error: ErrorValue | null;
}

/** What a round of looking may change besides the state. */
export type OfferFacts = Partial<
  Pick<
    Offer,
    | "offerId"
    | "attempt"
    | "held"
    | "listedPrice"
    | "marketStatus"
    | "drift"
    | "booking"
    | "checkedAt"
    | "error"
  >
>;

interface OfferRecord {
  id: number;
  market: MarketId;
  board: string;
  device: string;
  model: string;
  memory_mb: number | null;
  state: OfferState;
  wanted: number;
  currency: CurrencyCode;
  price_minor: string;
  strategy: string | null;
  priced_at: number | null;
  offer_id: string | null;
  attempt: number;
  held: number;
  listed_minor: string | null;
  market_status: string | null;
  drift: string | null;
  booking: string | null;
  checked_at: number | null;
  error: string | null;
}

/** Minor units can pass 2^53, so they leave SQLite as text. */
const SELECT = `SELECT id, market, board, device, model, memory_mb, state, wanted, currency,
  CAST(price_minor AS TEXT) AS price_minor, strategy, priced_at, offer_id, attempt, held, CAST(listed_minor AS TEXT) AS listed_minor,
  market_status, drift, booking, checked_at, error FROM offers`;

export class OfferTable {
  readonly #statements;

  constructor(db: Database) {
    this.#statements = {
      clear: db.prepare("DELETE FROM offers"),
      wish: db.prepare(
        `INSERT INTO offers
           (market, board, device, model, memory_mb, state, wanted, currency, price_minor, strategy, priced_at)
         VALUES (@market, @board, @device, @model, @memoryMb, 'planned', 1, @currency, @minor, @strategy, @now)
         ON CONFLICT (market, board, device) DO UPDATE SET wanted = 1, currency = @currency, price_minor = @minor,
           model = @model, memory_mb = @memoryMb, strategy = @strategy, priced_at = @now`,
      ),
      price: db.prepare<[string, number, number]>(
        "UPDATE offers SET price_minor = CAST(? AS INTEGER), priced_at = ? WHERE id = ?",
      ),
      addTime: db.prepare<[string, string, number, number, number]>(
        `INSERT INTO offer_hours (market, device, hour, open_ms, rented_ms) VALUES (?, ?, ?, ?, ?)
         ON CONFLICT (market, device, hour) DO UPDATE SET open_ms = open_ms + excluded.open_ms,
           rented_ms = rented_ms + excluded.rented_ms`,
      ),
      timeOf: db.prepare<[string, string, number], { openMs: number | null; rentedMs: number | null }>(
        `SELECT sum(open_ms) AS openMs, sum(rented_ms) AS rentedMs FROM offer_hours
         WHERE market = ? AND device = ? AND hour >= ?`,
      ),
      forgetTime: db.prepare<[number]>("DELETE FROM offer_hours WHERE hour < ?"),
      unwish: db.prepare("UPDATE offers SET wanted = 0 WHERE id = ?"),
      all: db.prepare<[], OfferRecord>(`${SELECT} ORDER BY market, board, device`),
      one: db.prepare<[number], OfferRecord>(`${SELECT} WHERE id = ?`),
      byKey: db.prepare<[string, string, string], OfferRecord>(
        `${SELECT} WHERE market = ? AND board = ? AND device = ?`,
      ),
      write: db.prepare(
        `UPDATE offers SET state = @state, offer_id = @offerId, attempt = @attempt, held = @held,
           listed_minor = @listedMinor, market_status = @marketStatus, drift = @drift, booking = @booking,
           checked_at = @checkedAt, error = @error WHERE id = @row`,
      ),
    };
  }

  /** This GPU is to be offered at this price; an offer that ended is planned anew. */
  wish(
    wish: OfferKey & {
      model: string;
      memoryMb: number | null;
      strategy: PriceStrategy;
      price: Money;
      now: number;
    },
  ): Offer {
    const { market, board, device, model, memoryMb, price, now } = wish;
    const { currency, minor } = price;
    const strategy = JSON.stringify(wish.strategy);
    this.#statements.wish.run({
      market,
      board,
      device,
      model,
      memoryMb,
      currency,
      minor,
      strategy,
      now,
    });
    const offer = this.get(market, board, device) as Offer;
    const ended = offer.state === "withdrawn" || offer.state === "refused";
    return ended ? this.apply(offer.row, ["plan"], { error: null, drift: null }) : offer;
  }

  /** This GPU is no longer to be offered; the market hears it in the next round. */
  unwish(row: number): void {
    this.#statements.unwish.run(row);
  }

  /** What we ask from now on; the market hears it in the next round. */
  setPrice(row: number, price: Money, now: number): void {
    this.#statements.price.run(price.minor.toString(), now, row);
  }

  /** A device was on the market for `ms` that ended at `now`. */
  addTime(market: MarketId, device: string, as: "open" | "rented", ms: number, now: number): void {
    const hour = now - (now % HOUR);
    const whole = Math.round(ms);
    this.#statements.addTime.run(
      market,
      device,
      hour,
      as === "open" ? whole : 0,
      as === "rented" ? whole : 0,
    );
  }

  /** Time on the market since `from`, ms. */
  timeOf(market: MarketId, device: string, from: number): { openMs: number; rentedMs: number } {
    const sums = this.#statements.timeOf.get(market, device, from);
    return { openMs: sums?.openMs ?? 0, rentedMs: sums?.rentedMs ?? 0 };
  }

  forgetTime(before: number): void {
    this.#statements.forgetTime.run(before);
  }

  /** They are another machine's. */
  clear(): void {
    this.#statements.clear.run();
  }

  list(): Offer[] {
    return this.#statements.all.all().map(fromRecord);
  }

  get(market: MarketId, board: string, device: string): Offer | null {
    const record = this.#statements.byKey.get(market, board, device);
    return record ? fromRecord(record) : null;
  }

  /** Events go through the machine; facts are written with them. */
  apply(row: number, events: readonly OfferEvent[], facts: OfferFacts = {}): Offer {
    const record = this.#statements.one.get(row);
    if (!record) throw new TypeError(`The ledger has no offer ${row}`);
    const before = fromRecord(record);
    const after: Offer = { ...before, ...facts, state: events.reduce(nextOfferState, before.state) };
    this.#statements.write.run({
      row,
      state: after.state,
      offerId: after.offerId,
      attempt: after.attempt,
      held: after.held ? 1 : 0,
      listedMinor: after.listedPrice?.minor ?? null,
      marketStatus: after.marketStatus,
      drift: after.drift && packSentence(after.drift),
      booking: after.booking && JSON.stringify(bookingValue(after.booking)),
      checkedAt: after.checkedAt,
      error: after.error && JSON.stringify(after.error),
    });
    return after;
  }
}

export const bookingValue = (booking: OfferBooking) => ({
  ...booking,
  total: booking.total && toMoneyValue(booking.total),
});

function fromRecord(record: OfferRecord): Offer {
  const { id, memory_mb, wanted, currency, price_minor, offer_id, held, listed_minor, ...rest } = record;
  const price = money(currency, BigInt(price_minor));
  const booking = OfferViewSchema.shape.booking.parse(record.booking && JSON.parse(record.booking));
  return {
    row: id,
    market: rest.market,
    board: rest.board,
    device: rest.device,
    model: rest.model,
    memoryMb: memory_mb,
    state: rest.state,
    wanted: wanted === 1,
    strategy:
      rest.strategy === null
        ? { kind: "fixed", price: toMoneyValue(price) }
        : PriceStrategySchema.parse(JSON.parse(rest.strategy)),
    price,
    pricedAt: rest.priced_at,
    offerId: offer_id,
    attempt: rest.attempt,
    held: held === 1,
    listedPrice: listed_minor === null ? null : money(currency, BigInt(listed_minor)),
    marketStatus: rest.market_status,
    drift: rest.drift === null ? null : unpackSentence(rest.drift),
    booking: booking && { ...booking, total: booking.total && fromMoneyValue(booking.total) },
    checkedAt: rest.checked_at,
    error: rest.error === null ? null : (JSON.parse(rest.error) as ErrorValue),
  };
}
