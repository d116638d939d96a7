/**
 * Keeps what the boards list true to what the person wants: a round at each board now and then, and at once after a change
 * (board-rounds.ts). The person's wishes come in here. A GPU that is rented is reserved here, so that no job of any market
 * runs on it, and it is kept off the other boards.
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
import { MILLISECOND, MINUTE, SECOND } from "../../shared/durations.ts";
import { backoffMs, Wakeup } from "../../shared/wait.ts";
import type { Ledger } from "../ledger/ledger.ts";
import type { MarketAdapter, OfferBoard } from "../market/port.ts";
import { Restraint } from "../market/restraint.ts";
import type { Electricity, Power } from "../pricing/floor.ts";
import { PricingDesk } from "../pricing/pricing-desk.ts";
import { BoardRounds } from "./board-rounds.ts";
import { type DeviceStanding, FitnessWatch, GPU_GONE, type Rest } from "./fitness.ts";
import { endForsaken } from "./forsaken.ts";
import { MarketTime } from "./market-time.ts";
import { noteReprice } from "./note-reprice.ts";
import { noBoard, noGpu, noMarketPrice, noOffer } from "./offer-errors.ts";
import { viewOf } from "./offer-view.ts";
import { isRented, isRentedElsewhere } from "./reconcile.ts";

const LOOK_EVERY = 15 * SECOND;
const RETRY = { base: 2 * SECOND, cap: MINUTE };
/** After a look during which another one was wanted. A board may want one each time. */
const AGAIN = { base: 200 * MILLISECOND, cap: LOOK_EVERY };
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
  /** What the self-test of a device came to: only what passed is listed. */
  readonly testOf: (device: string) => ListingTest;
  /** Why a device may not work now; null: it may. */
  readonly restOf: (device: string) => Rest | null;
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
  readonly rounds: BoardRounds;
  /** A board that asks to be left alone is, whatever is wished meanwhile. */
  readonly restraint: Restraint<"look">;
  /** Another look was wanted since the last one began. */
  isDue: boolean;
}

export class OfferManager {
  readonly #deps: OfferManagerDeps;
  readonly #stands: readonly Stand[];
  readonly #listeners = new Set<() => void>();
  readonly #wanted = new Wakeup();
  readonly #pricing: PricingDesk;
  readonly #time: MarketTime;
  #reserved: ReadonlySet<string> = new Set();

  constructor(deps: OfferManagerDeps) {
    this.#deps = deps;
    this.#pricing = new PricingDesk(deps);
    this.#time = new MarketTime(deps.ledger);
    const { region, ledger, now } = deps;
    const fitness = new FitnessWatch((device) => this.#standingOf(device), now);
    this.#stands = deps.adapters.flatMap((adapter) =>
      (adapter.offers?.boards ?? []).map((board) => ({
        adapter,
        board,
        rounds: new BoardRounds({
          market: adapter.id,
          board,
          region,
          ledger,
          pricing: this.#pricing,
          fitness,
          onSettled: () => this.#reserve(),
          lookAgain: () => this.#lookSoon(),
          now,
        }),
        restraint: new Restraint<"look">(),
        isDue: false,
      })),
    );
    const boards = this.#stands.map(({ adapter, board }) => ({ market: adapter.id, board: board.id }));
    endForsaken(ledger, boards, now());
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
        standing: this.#standingOf(offer.device),
        occupancy: this.#pricing.occupancy(offer.market, offer.device),
        rentedElsewhere: isRentedElsewhere(offer, offers),
      }),
    );
  }

  /** Where it can be offered, what can be offered, and what is. */
  view(): OffersView {
    return {
      boards: this.#stands.map(({ adapter, board, rounds }) => ({
        market: adapter.id,
        id: board.id,
        name: board.name,
        endpoint: board.endpoint,
        canReprice: rounds.abilities?.reprice ?? null,
        canWithdraw: rounds.abilities?.withdraw ?? null,
        checkedAt: rounds.checkedAt,
        error: rounds.error,
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
      if (price === null) throw noMarketPrice(device.name, how.text);
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
            noteReprice(ledger, now(), after, before.price, "person", how);
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
    const { lookEveryMs = LOOK_EVERY } = this.#deps;
    let attempt = 0;
    for (let again = 0; ; ) {
      await stand.restraint.over("look", signal);
      if (signal.aborted) return;
      stand.isDue = false;
      try {
        await this.look(stand.adapter.id, stand.board.id, signal);
        attempt = 0;
      } catch (thrown) {
        if (signal.aborted) return;
        attempt += 1;
        stand.restraint.note("look", thrown);
        stand.rounds.noteError(thrown);
        this.#tell();
      }
      // Rung for while the look was under way: nobody waited for the bell then.
      again = stand.isDue ? again + 1 : 0;
      const usual = attempt === 0 ? lookEveryMs : backoffMs(attempt, RETRY);
      const after = again === 0 ? usual : Math.min(usual, backoffMs(again, AGAIN));
      await this.#wanted.wait(signal, after).catch(() => undefined);
    }
  }

  /** One round at one board. Throws what the board threw. */
  async look(market: MarketId, boardId: string, signal: AbortSignal): Promise<void> {
    const stand = this.#stands.find(({ adapter, board }) => adapter.id === market && board.id === boardId);
    if (!stand) return;
    await stand.rounds.look(signal);
    this.#time.note(market, this.#deps.now());
    this.#tell();
  }

  #testOf(device: string): ListingTest {
    const { devices, testOf } = this.#deps;
    if (devices.some(({ id }) => id === device)) return testOf(device);
    return GPU_GONE;
  }

  #standingOf(device: string): DeviceStanding {
    return { test: this.#testOf(device), rest: this.#deps.restOf(device) };
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
    if (changed) this.#lookSoon(); // The other boards have to hear of it.
  }

  #standsOf(market: MarketId, board: string | undefined): Stand[] {
    const stands = this.#stands.filter(({ adapter }) => adapter.id === market);
    const chosen = board === undefined ? stands : stands.filter((stand) => stand.board.id === board);
    if (chosen.length > 0) return chosen;
    throw noBoard(
      board,
      stands.map((stand) => stand.board.id),
    );
  }

  #devicesFor(device: string | undefined): readonly OfferDevice[] {
    const { devices } = this.#deps;
    const chosen = device === undefined ? devices : devices.filter(({ id }) => id === device);
    if (chosen.length > 0) return chosen;
    throw noGpu(device, devices.length > 0);
  }

  #changed(): void {
    this.#lookSoon();
    this.#tell();
  }

  #lookSoon(): void {
    for (const stand of this.#stands) stand.isDue = true;
    this.#wanted.ring();
  }

  #tell(): void {
    for (const listener of this.#listeners) listener();
  }
}
