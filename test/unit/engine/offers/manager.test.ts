/** When the boards are looked at: at their pace, and at once when something is wished, also while a look is under way. */
import { describe, expect, it, onTestFinished } from "vitest";
import { Ledger } from "../../../../src/engine/ledger/ledger.ts";
import type { MarketAdapter, OfferBoard } from "../../../../src/engine/market/port.ts";
import { OfferManager } from "../../../../src/engine/offers/manager.ts";
import { DAY, HOUR, SECOND } from "../../../../src/shared/durations.ts";
import { AppError } from "../../../../src/shared/errors.ts";
import { parseDecimal, toMoneyValue } from "../../../../src/shared/money.ts";
import { ScriptedMarket } from "../../../support/scripted-market.ts";
import { PASSED } from "../../../support/scripted-offers.ts";
import { tempFolder } from "../../../support/temp-folder.ts";

const GPU = { id: "GPU-1", name: "NVIDIA GeForce RTX 4090", memoryMb: 24_564 };

/** A board that lists nothing and says what it was asked; each look waits where it is held. */
class SlowBoard implements OfferBoard {
  readonly id = "board";
  readonly name = "Board";
  readonly endpoint = "scripted:";
  readonly published: string[] = [];
  looks = 0;
  /** When it was asked, by a clock that only goes on, ms. */
  readonly askedAt: number[] = [];
  /** What it says instead, once. */
  refusal: AppError | null = null;
  #held: Promise<void> | null = null;

  /** From now on looks wait; returns what lets them go on. */
  hold(): () => void {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#held = promise;
    return () => {
      this.#held = null;
      resolve();
    };
  }

  async abilities() {
    this.askedAt.push(performance.now());
    const { refusal } = this;
    this.refusal = null;
    if (refusal !== null) throw refusal;
    return { reprice: true, withdraw: true, status: true };
  }
  idFor(device: string) {
    return device;
  }
  async listings() {
    return [];
  }
  async publish({ offerId }: Parameters<OfferBoard["publish"]>[0]): ReturnType<OfferBoard["publish"]> {
    this.published.push(String(offerId));
    // Says that it is there, and never lists it.
    return { kind: "exists", offerId: String(offerId) };
  }
  async reprice() {}
  async withdraw() {}
  async setStatus() {}
  async bookings() {
    return [];
  }
  async prices() {
    return [];
  }
  async keepAlive() {
    this.looks++;
    await this.#held;
  }
}

function managerOf(ledger: Ledger, market: MarketAdapter): OfferManager {
  return new OfferManager({
    adapters: [market],
    devices: [GPU],
    region: null,
    testOf: () => PASSED,
    restOf: () => null,
    wantTest: () => undefined,
    power: () => ({ measuredWatts: null, limitWatts: null }),
    electricity: () => null,
    ledger,
    now: Date.now,
    lookEveryMs: HOUR,
  });
}

async function anOffice() {
  const board = new SlowBoard();
  const market: MarketAdapter = Object.assign(new ScriptedMarket(), {
    offers: { boards: [board], priceBands: [] },
  });
  const ledger = await Ledger.open(tempFolder());
  const offers = managerOf(ledger, market);
  const stop = new AbortController();
  const loop = offers.run(stop.signal);
  onTestFinished(async () => {
    stop.abort();
    await loop;
    ledger.close();
  });
  const wish = () =>
    offers.offer({
      market: market.id,
      strategy: { kind: "fixed", price: toMoneyValue(parseDecimal("ANM", 20)) },
    });
  const looks = () => expect.poll(() => board.looks, { timeout: 10 * SECOND, interval: 10 });
  return { board, looks, wish };
}

describe("a GPU that was rented out on a board that is not configured any more", () => {
  it.each([
    ["without an agreed end is kept for nobody", null, false],
    ["until some time is kept until then", HOUR, true],
    ["until a time that is long past is kept for nobody", -HOUR, false],
  ])("%s", async (_what, left, isKept) => {
    const ledger = await Ledger.open(tempFolder());
    onTestFinished(() => ledger.close());
    const now = Date.now();
    const endsAt = left === null ? null : now + left;
    const place = { market: "aitbc", board: "gpu-service", device: GPU.id } as const;
    const price = parseDecimal("AIT", 20);
    const { row } = ledger.offers.wish({
      ...{ ...place, model: GPU.name, memoryMb: GPU.memoryMb, price, now },
      strategy: { kind: "fixed", price: toMoneyValue(price) },
    });
    const booking = { id: "b", endsAt, total: null };
    ledger.offers.apply(row, ["publish", "list", "book"], { booking });
    const rental = { booking: "b", model: GPU.name, startsAt: now - DAY, until: endsAt, total: null };
    ledger.bookings.note({ ...place, ...rental });

    const { reserved } = managerOf(ledger, new ScriptedMarket());
    expect(reserved.has(GPU.id)).toBe(isKept);
    const span = { market: place.market, from: 0, until: now };
    const [kept] = ledger.bookings.list(span, { after: 0, limit: 9, now });
    expect(kept?.endedAt === null).toBe(isKept);
  });
});

describe("a board", () => {
  it("is looked at again for a wish that comes while a look is under way", async () => {
    const { board, looks, wish } = await anOffice();
    await looks().toBe(1);
    const release = board.hold();
    wish();
    await looks().toBe(2);
    // The second look has read the board already when this is wished.
    wish();
    release();
    await looks().toBeGreaterThanOrEqual(3);
  });

  it("that asks to be left alone is left alone for so long, whatever is wished meanwhile", async () => {
    const REST = 700;
    const { board, looks, wish } = await anOffice();
    await looks().toBe(1);
    board.refusal = new AppError({
      ...{ code: "RATE_LIMITED", message: "Too many requests", actor: "market" },
      ...{ retryable: true, retryAfterMs: REST },
    });
    wish();
    await expect.poll(() => board.askedAt.length, { interval: 5 }).toBe(2);
    wish();
    await looks().toBeGreaterThanOrEqual(2);
    const [, refused = 0, after = 0] = board.askedAt;
    expect(after - refused).toBeGreaterThanOrEqual(REST);
  });

  it("that keeps asking for another look is given it more and more seldom", async () => {
    const { board, looks, wish } = await anOffice();
    await looks().toBe(1);
    const since = performance.now();
    wish();
    await looks().toBe(5);
    // Looks 3, 4 and 5 each follow a pause, and the pauses double.
    expect(performance.now() - since).toBeGreaterThan(SECOND);
    expect(board.published.length).toBeGreaterThanOrEqual(4);
  });
});
