/**
 * Keeps what the boards list true to what the person wants: looks at each board now and then, and at once after a
 * change, does what reconcile.ts says, and remembers what it found. A GPU that is rented is reserved here, so that no
 * job of any market runs on it, and it is kept off the other boards.
 */
import type { OfferView, PriceQuote } from "../../shared/contract/offers.ts";
import type { MarketId } from "../../shared/contract/views.ts";
import { DAY, MINUTE, SECOND } from "../../shared/durations.ts";
import { AppError, isAbort, toErrorValue } from "../../shared/errors.ts";
import { type Money, toMoneyValue } from "../../shared/money.ts";
import { backoffMs, Wakeup } from "../../shared/wait.ts";
import type { Ledger } from "../ledger/ledger.ts";
import type { Offer, OfferFacts } from "../ledger/offers.ts";
import type { Booking, Listing, MarketAdapter, OfferBoard, OfferCounter } from "../market/port.ts";
import { quotePrice } from "../pricing/quantiles.ts";
import { isRented, type OfferAction, reconcile } from "./reconcile.ts";

const LOOK_EVERY = 15 * SECOND;
const PRICES_EVERY = 5 * MINUTE;
const PRICES_KEPT = DAY;
const CALL_TIMEOUT = 30 * SECOND;
const RETRY = { base: 2 * SECOND, cap: MINUTE };
/** Ids tried for one GPU before a person has to look. */
const MAX_IDS = 5;
/** A market may go on calling a GPU booked when its time is over: this long we believe it. */
const BOOKING_GRACE = 10 * MINUTE;

export interface OfferDevice {
  readonly id: string;
  readonly name: string;
  readonly memoryMb: number | null;
}

export interface OfferManagerDeps {
  readonly adapters: readonly MarketAdapter[];
  /** GPUs that can be rented out; the CPU is none. */
  readonly devices: readonly OfferDevice[];
  readonly region: string | null;
  readonly ledger: Ledger;
  readonly now: () => number;
  readonly lookEveryMs?: number;
}

interface Stand {
  readonly adapter: MarketAdapter;
  readonly counter: OfferCounter;
  readonly board: OfferBoard;
}

export class OfferManager {
  readonly #deps: OfferManagerDeps;
  readonly #stands: readonly Stand[];
  readonly #listeners = new Set<() => void>();
  readonly #wanted = new Wakeup();
  readonly #pricesReadAt = new Map<OfferBoard, number>();
  #reserved: ReadonlySet<string> = new Set();

  constructor(deps: OfferManagerDeps) {
    this.#deps = deps;
    this.#stands = deps.adapters.flatMap((adapter) => {
      const counter = adapter.offers;
      return counter ? counter.boards.map((board) => ({ adapter, counter, board })) : [];
    });
    this.#reserve();
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Devices that somebody rented: they run no jobs. */
  get reserved(): ReadonlySet<string> {
    return this.#reserved;
  }

  list(): OfferView[] {
    const names = new Map(
      this.#stands.map(({ adapter, board }) => [`${adapter.id}/${board.id}`, board.name]),
    );
    return this.#deps.ledger.offers
      .list()
      .map((offer) => viewOf(offer, names.get(`${offer.market}/${offer.board}`) ?? offer.board));
  }

  /** Offer one GPU, or all of them, on every board of a market (or one) at a price an hour. Safe to repeat: it reprices. */
  offer(wish: {
    market: MarketId;
    device?: string | undefined;
    board?: string | undefined;
    price: Money;
  }): OfferView[] {
    const { ledger } = this.#deps;
    const stands = this.#standsOf(wish.market, wish.board);
    const devices = this.#devicesFor(wish.device);
    ledger.transaction(() => {
      for (const { board } of stands)
        for (const device of devices) {
          ledger.offers.wish({
            market: wish.market,
            board: board.id,
            device: device.id,
            model: device.name,
            memoryMb: device.memoryMb,
            price: wish.price,
          });
        }
    });
    this.#changed();
    return this.list();
  }

  /** Take the offers of one GPU, or all of them, back; a rented one ends with its booking. */
  withdraw(wish: { market: MarketId; device?: string | undefined; board?: string | undefined }): OfferView[] {
    const { ledger } = this.#deps;
    const mine = ledger.offers
      .list()
      .filter((offer) => offer.market === wish.market)
      .filter((offer) => wish.device === undefined || offer.device === wish.device)
      .filter((offer) => wish.board === undefined || offer.board === wish.board);
    if (mine.length === 0) throw noOffer(wish.device);
    for (const offer of mine) ledger.offers.unwish(offer.row);
    this.#changed();
    return this.list();
  }

  /** What GPUs like this one cost an hour; null: nobody knows. */
  quote(market: MarketId, model: string): PriceQuote | null {
    const { ledger, now } = this.#deps;
    const seen = ledger.prices.since(market, now() - PRICES_KEPT);
    const bands = this.#stands.find(({ adapter }) => adapter.id === market)?.counter.priceBands ?? [];
    return quotePrice(model, seen, bands, now());
  }

  /** Runs until `signal` aborts, a loop for each board; what goes wrong is shown with the offers and tried again. */
  async run(signal: AbortSignal): Promise<void> {
    await Promise.all(this.#stands.map((stand) => this.#keep(stand, signal)));
  }

  async #keep(stand: Stand, signal: AbortSignal): Promise<void> {
    for (let attempt = 0; !signal.aborted; ) {
      try {
        await this.look(stand.adapter.id, stand.board.id, signal);
        attempt = 0;
      } catch (thrown) {
        if (signal.aborted) return;
        attempt += 1;
        this.#noteError(stand, thrown);
      }
      const after = attempt === 0 ? (this.#deps.lookEveryMs ?? LOOK_EVERY) : backoffMs(attempt, RETRY);
      await this.#wanted.wait(signal, after).catch(() => undefined);
    }
  }

  /** One round at one board: read, reconcile each offer, show that we live, read prices. Throws what the board threw. */
  async look(market: MarketId, boardId: string, signal: AbortSignal): Promise<void> {
    const { ledger, now } = this.#deps;
    const stand = this.#stands.find(({ adapter, board }) => adapter.id === market && board.id === boardId);
    if (!stand) return;
    const { board } = stand;
    const within = () => AbortSignal.any([signal, AbortSignal.timeout(CALL_TIMEOUT)]);
    const ours = () =>
      ledger.offers.list().filter((offer) => offer.market === market && offer.board === boardId);
    if (ours().length > 0) {
      const listings = new Map((await board.listings(within())).map((listing) => [listing.offerId, listing]));
      const bookings = await board.bookings(within());
      for (const offer of ours()) {
        const listing = (offer.offerId === null ? null : listings.get(offer.offerId)) ?? null;
        await this.#settle(stand, offer, listing, bookings, within());
      }
    }
    await board.keepAlive(within());
    if (now() - (this.#pricesReadAt.get(board) ?? -PRICES_EVERY) >= PRICES_EVERY) {
      const others = (await board.prices(within())).filter(({ ours }) => !ours);
      ledger.prices.put(market, boardId, others, now());
      ledger.prices.prune(now() - PRICES_KEPT);
      this.#pricesReadAt.set(board, now());
    }
    this.#tell();
  }

  async #settle(
    stand: Stand,
    offer: Offer,
    listing: Listing | null,
    bookings: readonly Booking[],
    signal: AbortSignal,
  ): Promise<void> {
    const { ledger, now } = this.#deps;
    const abilities = await stand.board.abilities(signal);
    const rentedElsewhere = ledger.offers
      .list()
      .some(
        (other) =>
          other.device === offer.device && other.row !== offer.row && isRented(other.state) && !other.held,
      );
    const { events, action, drift } = reconcile({ offer, listing, abilities, rentedElsewhere });
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
    this.#note(offer, after);
    if (action) await this.#act(stand, after, action, signal);
    this.#reserve();
  }

  async #act(stand: Stand, offer: Offer, action: OfferAction, signal: AbortSignal): Promise<void> {
    const { board } = stand;
    const offerId = offer.offerId ?? "";
    const write = (events: Parameters<Ledger["offers"]["apply"]>[1], facts: OfferFacts = {}) =>
      this.#note(offer, this.#deps.ledger.offers.apply(offer.row, events, facts));
    switch (action.kind) {
      case "publish":
        await this.#publish(stand, offer, signal);
        break;
      case "reprice":
        await board.reprice(offerId, offer.price, signal);
        write([], { listedPrice: offer.price, drift: null });
        break;
      case "withdraw":
        await board.withdraw(offerId, signal);
        write(
          offer.state === "listed" ? ["withdraw"] : isRented(offer.state) ? ["release", "withdraw"] : [],
          {
            held: false,
            drift: null,
            marketStatus: null,
            listedPrice: null,
          },
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
  async #publish(stand: Stand, offer: Offer, signal: AbortSignal): Promise<void> {
    const { ledger, region } = this.#deps;
    const { board } = stand;
    for (let attempt = offer.attempt; ; attempt++) {
      if (attempt >= MAX_IDS) throw this.#refuse(offer, idsTaken(stand));
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
        if (outcome.kind === "exists") this.#wanted.ring();
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

  #noteError(stand: Stand, thrown: unknown): void {
    const { ledger, now } = this.#deps;
    const error = toErrorValue(isAbort(thrown) ? timedOut(stand) : thrown);
    for (const offer of ledger.offers.list()) {
      const here = offer.market === stand.adapter.id && offer.board === stand.board.id;
      if (!here || offer.state === "withdrawn") continue;
      if (offer.error?.code !== error.code)
        ledger.audit("market-error", now(), { ...error, board: stand.board.id }, { market: offer.market });
      ledger.offers.apply(offer.row, [], { error });
    }
    this.#tell();
  }

  #note(before: Offer, after: Offer): void {
    if (before.state === after.state && before.drift === after.drift) return;
    const { market, board, device, offerId, state, drift } = after;
    this.#deps.ledger.audit(
      "offer-changed",
      this.#deps.now(),
      { board, device, offerId, from: before.state, to: state, drift },
      { market },
    );
  }

  /** A rented GPU is kept for its renter, until its time is over and a while longer. */
  #reserve(): void {
    const now = this.#deps.now();
    const rented = this.#deps.ledger.offers
      .list()
      .filter(({ state, held, booking }) => {
        const over = booking?.endsAt != null && booking.endsAt + BOOKING_GRACE < now;
        return isRented(state) && !held && !over;
      })
      .map(({ device }) => device);
    const changed = rented.length !== this.#reserved.size || rented.some((id) => !this.#reserved.has(id));
    this.#reserved = new Set(rented);
    if (changed) this.#wanted.ring(); // The other boards have to hear of it.
  }

  #standsOf(market: MarketId, board: string | undefined): Stand[] {
    const stands = this.#stands.filter(({ adapter }) => adapter.id === market);
    const chosen = board === undefined ? stands : stands.filter((stand) => stand.board.id === board);
    if (chosen.length > 0) return chosen;
    throw new AppError({
      code: "NO_OFFERS_THERE",
      message:
        stands.length === 0
          ? "This market has no place to offer GPUs, or is not configured"
          : `This market has no board "${board}"`,
      actor: "user",
      help:
        stands.length === 0
          ? "Configure it first."
          : `It has ${stands.map((stand) => stand.board.id).join(", ")}.`,
    });
  }

  #devicesFor(device: string | undefined): readonly OfferDevice[] {
    const { devices } = this.#deps;
    const chosen = device === undefined ? devices : devices.filter(({ id }) => id === device);
    if (chosen.length > 0) return chosen;
    throw new AppError({
      code: "NO_SUCH_GPU",
      message: device === undefined ? "This machine has no GPU to offer" : `There is no GPU "${device}"`,
      actor: "user",
      help:
        devices.length === 0
          ? "Offers are for NVIDIA GPUs; see `bellows devices`."
          : "`bellows devices` lists them.",
    });
  }

  #changed(): void {
    this.#wanted.ring();
    this.#tell();
  }

  #tell(): void {
    for (const listener of this.#listeners) listener();
  }
}

function viewOf(offer: Offer, boardName: string): OfferView {
  const { booking } = offer;
  return {
    market: offer.market,
    board: offer.board,
    boardName,
    device: offer.device,
    model: offer.model,
    offerId: offer.offerId,
    state: offer.state,
    wanted: offer.wanted,
    price: toMoneyValue(offer.price),
    listedPrice: offer.listedPrice && toMoneyValue(offer.listedPrice),
    marketStatus: offer.marketStatus,
    drift: offer.drift,
    booking: booking && { ...booking, total: booking.total && toMoneyValue(booking.total) },
    checkedAt: offer.checkedAt,
    error: offer.error,
  };
}

/** A no that stays a no; what may pass is tried again. */
function isRefusal(thrown: unknown): thrown is AppError {
  return (
    thrown instanceof AppError && !thrown.retryable && (thrown.actor === "market" || thrown.actor === "user")
  );
}

function idsTaken({ board }: Stand): AppError {
  return new AppError({
    code: "OFFER_IDS_TAKEN",
    message: `The ids this GPU could be offered under at ${board.endpoint} all belong to somebody else`,
    actor: "user",
    help: "Choose another name for this machine at the market.",
  });
}

function timedOut({ board }: Stand): AppError {
  return new AppError({
    code: "MARKET_TIMEOUT",
    message: `${board.name} at ${board.endpoint} did not answer in time`,
    actor: "network",
    retryable: true,
  });
}

function noOffer(device: string | undefined): AppError {
  return new AppError({
    code: "NO_SUCH_OFFER",
    message: device === undefined ? "No GPU is offered here" : `The GPU "${device}" is not offered here`,
    actor: "user",
    help: "Ask for the list of offers first.",
  });
}
