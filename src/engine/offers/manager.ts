/**
 * Keeps what the boards list true to what the person wants: looks at each board now and then, and at once after a
 * change, does what reconcile.ts says, and remembers what it found. A GPU that is rented is reserved here, so that no
 * job of any market runs on it, and it is kept off the other boards. Prices that follow a strategy are moved here.
 */
import type {
  ListingTest,
  OfferPreview,
  OffersView,
  OfferView,
  PriceQuote,
  PriceStrategy,
} from "../../shared/contract/offers.ts";
import type { MarketId } from "../../shared/contract/views.ts";
import { DAY, MINUTE, SECOND } from "../../shared/durations.ts";
import { AppError, type ErrorValue, isAbort, toErrorValue } from "../../shared/errors.ts";
import { formatDecimal, type Money, toMoneyValue } from "../../shared/money.ts";
import { backoffMs, Wakeup } from "../../shared/wait.ts";
import type { Ledger } from "../ledger/ledger.ts";
import type { Offer, OfferFacts } from "../ledger/offers.ts";
import type { Booking, Listing, MarketAdapter, OfferAbilities, OfferBoard } from "../market/port.ts";
import type { Electricity, Power } from "../pricing/floor.ts";
import { PRICES_KEPT, PricingDesk } from "../pricing/pricing-desk.ts";
import { viewOf } from "./offer-view.ts";
import { type Fitness, isRented, type OfferAction, reconcile } from "./reconcile.ts";
import { nextPrice } from "./repricing.ts";

const LOOK_EVERY = 15 * SECOND;
const PRICES_EVERY = 5 * MINUTE;
const CALL_TIMEOUT = 30 * SECOND;
const RETRY = { base: 2 * SECOND, cap: MINUTE };
/** Ids tried for one GPU before a person has to look. */
const MAX_IDS = 5;
/** A market may go on calling a GPU booked when its time is over: this long we believe it. */
const BOOKING_GRACE = 10 * MINUTE;
/** A GPU that waits for its test, or for its driver after a boot, stays listed this long. */
const TEST_PATIENCE = 5 * MINUTE;
/** Between two looks lies no more time on the market than this: a machine that slept offered nothing. */
const LONGEST_GAP = MINUTE;
const HOURS_KEPT = 90 * DAY;

export const GPU_GONE: ListingTest = {
  state: "impossible",
  text: "This GPU is not in the machine now",
  help: null,
};

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
  /** What the self-test of a device came to: only what passed is listed. */
  readonly testOf: (device: string) => ListingTest;
  /** A device that is to be offered lacks its test. */
  readonly wantTest: () => void;
  readonly power: (device: string) => Power;
  readonly electricity: () => Electricity | null;
  readonly ledger: Ledger;
  readonly now: () => number;
  readonly lookEveryMs?: number;
}

interface Stand {
  readonly adapter: MarketAdapter;
  readonly board: OfferBoard;
  /** As last learnt. */
  abilities: OfferAbilities | null;
  checkedAt: number | null;
  error: ErrorValue | null;
}

export class OfferManager {
  readonly #deps: OfferManagerDeps;
  readonly #stands: readonly Stand[];
  readonly #listeners = new Set<() => void>();
  readonly #wanted = new Wakeup();
  readonly #pricesReadAt = new Map<OfferBoard, number>();
  readonly #pricing: PricingDesk;
  /** Since when a device is not fit to be listed. */
  readonly #unfitSince = new Map<string, number>();
  /** Until when a device's time on the market is written down. */
  readonly #timedUntil = new Map<string, number>();
  #reserved: ReadonlySet<string> = new Set();

  constructor(deps: OfferManagerDeps) {
    this.#deps = deps;
    this.#pricing = new PricingDesk(deps);
    this.#stands = deps.adapters.flatMap((adapter) =>
      (adapter.offers?.boards ?? []).map((board) => ({
        adapter,
        board,
        abilities: null,
        checkedAt: null,
        error: null,
      })),
    );
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
    const { ledger } = this.#deps;
    const offers = ledger.offers.list();
    return offers.map((offer) =>
      viewOf(offer, {
        boardName: names.get(`${offer.market}/${offer.board}`) ?? offer.board,
        test: this.#testOf(offer.device),
        occupancy: this.#pricing.occupancy(offer.market, offer.device),
        rentedElsewhere: isRentedElsewhere(offer, offers),
      }),
    );
  }

  /** Where it can be offered, what can be offered, and what is. */
  view(): OffersView {
    return {
      boards: this.#stands.map(({ adapter, board, abilities, checkedAt, error }) => ({
        market: adapter.id,
        id: board.id,
        name: board.name,
        endpoint: board.endpoint,
        canReprice: abilities?.reprice ?? null,
        canWithdraw: abilities?.withdraw ?? null,
        checkedAt,
        error,
      })),
      gpus: this.#deps.devices.map(({ id, name }) => ({ device: id, model: name, test: this.#testOf(id) })),
      offers: this.list(),
    };
  }

  /**
   * Offer one GPU, or all of them, on every board of a market (or one). Safe to repeat: it reprices. Listed once the
   * GPU passed its self-test. Throws NO_MARKET_PRICE where the strategy has nothing to go by.
   */
  offer(wish: {
    market: MarketId;
    device?: string | undefined;
    board?: string | undefined;
    strategy: PriceStrategy;
  }): OfferView[] {
    const { ledger, now } = this.#deps;
    const { market, strategy } = wish;
    const stands = this.#standsOf(market, wish.board);
    const priced = this.#devicesFor(wish.device).map((device) => {
      const { price, how } = this.#pricing.ask(market, device, strategy);
      if (price === null) throw noMarketPrice(device, how);
      return { device, price, how };
    });
    ledger.transaction(() => {
      for (const { board } of stands)
        for (const { device, price, how } of priced) {
          const before = ledger.offers.get(market, board.id, device.id);
          const { id, name: model, memoryMb } = device;
          const key = { market, board: board.id, device: id };
          const after = ledger.offers.wish({ ...key, model, memoryMb, strategy, price, now: now() });
          if (before?.wanted && before.price.minor !== price.minor)
            this.#noteReprice(after, before.price, "person", how);
        }
    });
    this.#deps.wantTest();
    this.#changed();
    return this.list();
  }

  /** What a strategy would come to for one GPU; changes nothing. Throws NO_OFFERS_THERE, NO_SUCH_GPU. */
  preview(wish: {
    market: MarketId;
    device: string;
    strategy: PriceStrategy;
    occupancy?: number | undefined;
  }): OfferPreview {
    this.#standsOf(wish.market, undefined);
    const [device] = this.#devicesFor(wish.device);
    const { id, name } = device as OfferDevice;
    const about = { test: this.#testOf(id), occupancy: wish.occupancy };
    return this.#pricing.preview(wish.market, { id, name }, wish.strategy, about);
  }

  /** What is known of a device changed: its test, its being here. */
  lookAgain(): void {
    this.#changed();
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
    return this.#pricing.quote(market, model);
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
    // Prices first: an offer that is about to be published goes out at what the market asks now.
    if (now() - (this.#pricesReadAt.get(board) ?? -PRICES_EVERY) >= PRICES_EVERY) {
      const others = (await board.prices(within())).filter(({ ours }) => !ours);
      ledger.prices.put(market, boardId, others, now());
      ledger.prices.prune(now() - PRICES_KEPT);
      this.#pricesReadAt.set(board, now());
    }
    stand.abilities = await board.abilities(within());
    if (ours().length > 0) {
      const listings = new Map((await board.listings(within())).map((listing) => [listing.offerId, listing]));
      const bookings = await board.bookings(within());
      for (const offer of ours()) {
        const listing = (offer.offerId === null ? null : listings.get(offer.offerId)) ?? null;
        await this.#settle(stand, offer, listing, bookings, within());
      }
    }
    await board.keepAlive(within());
    stand.checkedAt = now();
    stand.error = null;
    this.#noteTime(market);
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
    const abilities = stand.abilities ?? (await stand.board.abilities(signal));
    const rentedElsewhere = isRentedElsewhere(offer, ledger.offers.list());
    const repriced = this.#followStrategy(offer, abilities);
    const { events, action, drift } = reconcile({
      offer: repriced,
      listing,
      abilities,
      rentedElsewhere,
      fitness: this.#fitnessOf(offer.device),
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
    stand.error = error;
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

  /** Moves the price of an offer towards what its strategy comes to now. */
  #followStrategy(offer: Offer, abilities: OfferAbilities): Offer {
    if (offer.strategy.kind === "fixed") return offer;
    const { ledger, now } = this.#deps;
    const { market, device, model } = offer;
    const {
      price: wanted,
      lowest,
      how,
    } = this.#pricing.ask(market, { id: device, name: model }, offer.strategy);
    const price = nextPrice(offer, { wanted, lowest, possible: abilities.reprice, now: now() });
    if (price === null) return offer;
    ledger.transaction(() => {
      ledger.offers.setPrice(offer.row, price, now());
      this.#noteReprice({ ...offer, price }, offer.price, "strategy", how);
    });
    return { ...offer, price, pricedAt: now() };
  }

  #noteReprice(offer: Offer, from: Money, by: "person" | "strategy", how: string): void {
    const { market, board, device, model, offerId, strategy } = offer;
    const prices = { from: toMoneyValue(from), to: toMoneyValue(offer.price) };
    const amounts = [from, offer.price].map((price) => formatDecimal(price, 8)).join(" → ");
    const text = `${model} at ${board}: ${amounts} ${from.currency} an hour. ${how}`;
    const detail = { text, board, device, offerId, ...prices, by, strategy: strategy.kind };
    this.#deps.ledger.audit("offer-repriced", this.#deps.now(), detail, { market });
  }

  #testOf(device: string): ListingTest {
    const { devices, testOf } = this.#deps;
    if (devices.some(({ id }) => id === device)) return testOf(device);
    return GPU_GONE;
  }

  #fitnessOf(device: string): Fitness {
    const { now } = this.#deps;
    const { state } = this.#testOf(device);
    if (state === "passed") {
      this.#unfitSince.delete(device);
      return "fit";
    }
    const since = this.#unfitSince.get(device) ?? now();
    this.#unfitSince.set(device, since);
    return state === "failed" || now() - since > TEST_PATIENCE ? "unfit" : "later";
  }

  /** How long each GPU was free to be rented, and rented: what the utilisation strategy goes by. */
  #noteTime(market: MarketId): void {
    const { ledger, now } = this.#deps;
    const at = now();
    const byDevice = Map.groupBy(
      ledger.offers.list().filter((offer) => offer.market === market),
      ({ device }) => device,
    );
    for (const [device, offers] of byDevice) {
      const key = `${market}/${device}`;
      const until = this.#timedUntil.get(key);
      this.#timedUntil.set(key, at);
      if (until === undefined || at <= until) continue;
      const ms = Math.min(at - until, LONGEST_GAP);
      if (offers.some(({ state, held }) => isRented(state) && !held))
        ledger.offers.addTime(market, device, "rented", ms, at);
      else if (offers.some(({ state }) => state === "listed"))
        ledger.offers.addTime(market, device, "open", ms, at);
    }
    ledger.offers.forgetTime(at - HOURS_KEPT);
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

/** Another board rented this GPU out. */
function isRentedElsewhere(offer: Offer, all: readonly Offer[]): boolean {
  return all.some(
    (other) =>
      other.device === offer.device && other.row !== offer.row && isRented(other.state) && !other.held,
  );
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

function noMarketPrice({ name }: OfferDevice, how: string): AppError {
  return new AppError({
    code: "NO_MARKET_PRICE",
    message: `No price is found for ${name}: ${how}`,
    actor: "user",
    help: "Set a fixed price.",
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
