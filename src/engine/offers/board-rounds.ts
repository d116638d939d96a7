/**
 * Rounds at one board: read what it lists, do what reconcile.ts says about each offer, move prices that follow a strategy,
 * show that we live, and read what others ask.
 */
import type { MarketId } from "../../shared/contract/views.ts";
import { MINUTE, SECOND } from "../../shared/durations.ts";
import { type AppError, type ErrorValue, isAbort, toErrorValue } from "../../shared/errors.ts";
import { hasPassed } from "../../shared/wait.ts";
import type { Ledger } from "../ledger/ledger.ts";
import type { Offer, OfferFacts } from "../ledger/offers.ts";
import type { Booking, Listing, OfferAbilities, OfferBoard } from "../market/port.ts";
import { PRICES_KEPT, type PricingDesk } from "../pricing/pricing-desk.ts";
import type { FitnessWatch } from "./fitness.ts";
import { noteReprice } from "./note-reprice.ts";
import { idsTaken, isRefusal, timedOut } from "./offer-errors.ts";
import type { OfferEvent } from "./offer-machine.ts";
import { isRented, isRentedElsewhere, type OfferAction, reconcile } from "./reconcile.ts";
import { nextPrice } from "./repricing.ts";

const PRICES_EVERY = 5 * MINUTE;
const CALL_TIMEOUT = 30 * SECOND;
/** Ids tried for one GPU before a person has to look. */
const MAX_IDS = 5;

export interface BoardRoundsDeps {
  readonly market: MarketId;
  readonly board: OfferBoard;
  readonly region: string | null;
  readonly ledger: Ledger;
  readonly pricing: PricingDesk;
  readonly fitness: FitnessWatch;
  /** An offer's state may be another one. */
  readonly onSettled: () => void;
  /** Another round is wanted soon. */
  readonly lookAgain: () => void;
  readonly now: () => number;
}

export class BoardRounds {
  readonly #deps: BoardRoundsDeps;
  #pricesReadAt: number | null = null;
  #abilities: OfferAbilities | null = null;
  #checkedAt: number | null = null;
  #error: ErrorValue | null = null;

  constructor(deps: BoardRoundsDeps) {
    this.#deps = deps;
  }

  /** As last learnt. */
  get abilities(): OfferAbilities | null {
    return this.#abilities;
  }

  /** When a round was last completed; null: none was. */
  get checkedAt(): number | null {
    return this.#checkedAt;
  }

  get error(): ErrorValue | null {
    return this.#error;
  }

  /** Throws what the board threw. */
  async look(signal: AbortSignal): Promise<void> {
    const { board, now } = this.#deps;
    const within = () => AbortSignal.any([signal, AbortSignal.timeout(CALL_TIMEOUT)]);
    // First, as an offer that is about to be published goes out at what the market asks now; but a board that does not
    // tell what others ask is no reason to leave our own offers as they are.
    const trouble = await this.#readPrices(within()).then(
      () => null,
      (thrown: unknown) => ({ thrown }),
    );
    signal.throwIfAborted();
    this.#abilities = await board.abilities(within());
    if (this.#ours().length > 0) {
      const listings = new Map((await board.listings(within())).map((listing) => [listing.offerId, listing]));
      const bookings = await board.bookings(within());
      for (const offer of this.#ours()) {
        const listing = (offer.offerId === null ? null : listings.get(offer.offerId)) ?? null;
        await this.#settle(offer, listing, bookings, within());
      }
    }
    await board.keepAlive(within());
    this.#checkedAt = now();
    if (trouble !== null) throw trouble.thrown;
    this.#error = null;
  }

  /** Shown with each offer, and in the log once. */
  noteError(thrown: unknown): void {
    const { market, board, ledger, now } = this.#deps;
    const error = toErrorValue(isAbort(thrown) ? timedOut(board) : thrown);
    this.#error = error;
    for (const offer of this.#ours()) {
      if (offer.state === "withdrawn") continue;
      if (offer.error?.code !== error.code)
        ledger.audit("market-error", now(), { ...error, board: board.id }, { market });
      ledger.offers.apply(offer.row, [], { error });
    }
  }

  #ours(): Offer[] {
    const { ledger, market, board } = this.#deps;
    return ledger.offers.list().filter((offer) => offer.market === market && offer.board === board.id);
  }

  async #readPrices(signal: AbortSignal): Promise<void> {
    const { market, board, ledger, now } = this.#deps;
    if (this.#pricesReadAt !== null && !hasPassed(PRICES_EVERY, this.#pricesReadAt, now())) return;
    const others = (await board.prices(signal)).filter(({ ours }) => !ours);
    ledger.prices.put(market, board.id, others, now());
    ledger.prices.prune(now() - PRICES_KEPT);
    this.#pricesReadAt = now();
  }

  async #settle(
    offer: Offer,
    listing: Listing | null,
    bookings: readonly Booking[],
    signal: AbortSignal,
  ): Promise<void> {
    const { ledger, fitness, now } = this.#deps;
    const abilities = this.#abilities ?? (await this.#deps.board.abilities(signal));
    const rentedElsewhere = isRentedElsewhere(offer, ledger.offers.list());
    const repriced = this.#followStrategy(offer, abilities);
    const { events, action, drift } = reconcile({
      offer: repriced,
      listing,
      abilities,
      rentedElsewhere,
      ...fitness.of(offer.device),
    });
    const booking = bookings.find(({ offerId }) => offerId === offer.offerId);
    const after = ledger.offers.apply(offer.row, events, {
      listedPrice: listing?.price ?? null,
      marketStatus: listing?.word ?? null,
      drift,
      booking: booking ? { id: booking.bookingId, endsAt: booking.endsAt, total: booking.total } : null,
      checkedAt: now(),
      error: offer.state === "refused" && events.length === 0 ? offer.error : null,
      ...(events.includes("release") || events.includes("vanish") ? { held: false } : {}),
    });
    this.#noteRental(after, booking, events);
    this.#note(offer, after);
    if (action) await this.#act(after, action, signal);
    this.#deps.onSettled();
  }

  /** What was agreed is written down for good; the offer itself knows only of its present renter. */
  #noteRental(offer: Offer, booking: Booking | undefined, events: readonly OfferEvent[]): void {
    const { market, board, device, model } = offer;
    const { ledger, now } = this.#deps;
    const place = { market, board, device };
    const rented = booking !== undefined && isRented(offer.state) && !offer.held;
    ledger.bookings.end(place, {
      reason: events.includes("vanish") ? "vanished" : "released",
      at: now(),
      but: rented ? booking.bookingId : null,
    });
    if (!rented) return;
    const { bookingId, startsAt, endsAt, total } = booking;
    ledger.bookings.note({
      ...place,
      ...{ model, booking: bookingId, startsAt: startsAt ?? now(), until: endsAt, total },
    });
  }

  async #act(offer: Offer, action: OfferAction, signal: AbortSignal): Promise<void> {
    const { board } = this.#deps;
    const offerId = offer.offerId ?? "";
    const write = (events: Parameters<Ledger["offers"]["apply"]>[1], facts: OfferFacts = {}) =>
      this.#note(offer, this.#deps.ledger.offers.apply(offer.row, events, facts));
    switch (action.kind) {
      case "publish":
        await this.#publish(offer, signal);
        break;
      case "reprice":
        await board.reprice(offerId, offer.price, signal);
        write([], { listedPrice: offer.price, drift: null });
        break;
      case "withdraw":
        await board.withdraw(offerId, signal);
        write(
          action.forNow
            ? ["vanish"]
            : offer.state === "listed"
              ? ["withdraw"]
              : isRented(offer.state)
                ? ["release", "withdraw"]
                : [],
          { held: false, drift: null, marketStatus: null, listedPrice: null },
        );
        break;
      case "set-status": {
        await board.setStatus(offerId, action.status, signal);
        const state = action.hold ? (["book"] as const) : offer.held ? (["release"] as const) : [];
        write(state, { held: action.hold });
        break;
      }
    }
  }

  /** The wish to publish is durable before the market hears of it; a taken id makes way for the next. */
  async #publish(offer: Offer, signal: AbortSignal): Promise<void> {
    const { board, ledger, region } = this.#deps;
    for (let attempt = offer.attempt; ; attempt++) {
      if (attempt >= MAX_IDS) throw this.#refuse(offer, idsTaken(board));
      const offerId = board.idFor(offer.device, attempt);
      const before = ledger.offers.get(offer.market, offer.board, offer.device) ?? offer;
      ledger.offers.apply(offer.row, before.state === "planned" ? ["publish"] : [], { attempt, offerId });
      const otherIds = ledger.offers
        .list()
        .filter(
          (other) => other.row !== offer.row && other.board === offer.board && other.market === offer.market,
        )
        .flatMap(({ offerId: id }) => (id === null ? [] : [id]));
      const { model, memoryMb, price } = offer;
      try {
        const outcome = await board.publish({ offerId, model, memoryMb, region, price, otherIds }, signal);
        if (outcome.kind === "id-taken") continue;
        const published = ledger.offers.apply(offer.row, ["list"], { offerId: outcome.offerId, drift: null });
        this.#note(offer, published);
        // What was there already may have another price or status than the wish.
        if (outcome.kind === "exists") this.#deps.lookAgain();
        return;
      } catch (thrown) {
        if (isRefusal(thrown)) throw this.#refuse(offer, thrown);
        throw thrown; // No answer, or a passing one: the next round looks whether it is there.
      }
    }
  }

  #refuse(offer: Offer, error: AppError): AppError {
    this.#deps.ledger.offers.apply(offer.row, ["refuse"], { error: error.toValue() });
    return error;
  }

  #note(before: Offer, after: Offer): void {
    if (before.state === after.state && before.drift?.text === after.drift?.text) return;
    const { market, board, device, offerId, state, drift } = after;
    this.#deps.ledger.audit(
      "offer-changed",
      this.#deps.now(),
      { board, device, offerId, from: before.state, to: state, drift },
      { market },
    );
  }

  /** Moves the price of an offer towards what its strategy comes to now. */
  #followStrategy(offer: Offer, abilities: OfferAbilities): Offer {
    if (offer.strategy.kind === "fixed") return offer;
    const { ledger, now } = this.#deps;
    const { market, device, model } = offer;
    const {
      price: wanted,
      lowest,
      how,
    } = this.#deps.pricing.ask(market, { id: device, name: model }, offer.strategy);
    const price = nextPrice(offer, { wanted, lowest, possible: abilities.reprice, now: now() });
    if (price === null) return offer;
    ledger.transaction(() => {
      ledger.offers.setPrice(offer.row, price, now());
      noteReprice(ledger, now(), { ...offer, price }, offer.price, "strategy", how);
    });
    return { ...offer, price, pricedAt: now() };
  }
}
