/** The offer manager and the AITBC boards against the embedded services: what is listed stays what the person wants. */
import { describe, expect, onTestFinished, test } from "vitest";
import { Ledger } from "../../src/engine/ledger/ledger.ts";
import { createAitbcAdapter } from "../../src/engine/market/aitbc/adapter.ts";
import type { Rest } from "../../src/engine/offers/fitness.ts";
import { OfferManager } from "../../src/engine/offers/manager.ts";
import type { Electricity } from "../../src/engine/pricing/floor.ts";
import type { AitbcConfig, DevnetConfig } from "../../src/shared/config.ts";
import type { ListingTest } from "../../src/shared/contract/offers.ts";
import { HOUR, MINUTE } from "../../src/shared/durations.ts";
import { parseDecimal, toMoneyValue } from "../../src/shared/money.ts";
import { devnet, MINER_API_KEY, post, type TestDevnet } from "../support/devnet.ts";
import { faultProxy } from "../support/fault-proxy.ts";
import { PASSED } from "../support/scripted-offers.ts";
import { tempFolder } from "../support/temp-folder.ts";

const signal = new AbortController().signal;
const GPU_KEY = "gpu-service-key-0123456789";
const MINER = "rig-7";
const CARD = {
  id: "GPU-8f6d2c1e-0b7a-4c55-9d1e-aa00bb11cc22",
  name: "NVIDIA GeForce RTX 4090",
  memoryMb: 24_564,
};
const SECOND_CARD = { ...CARD, id: "GPU-11112222-3333-4444-5555-666677778888" };
const OFFER_ID = "rig-7-8f6d2c1e0b7a";
const ait = (amount: string) => parseDecimal("AIT", amount);
const profile = { name: "box", region: null, concurrency: 4, models: [], devices: [] };

interface Options {
  readonly dialect?: DevnetConfig["aitbcDialect"];
  readonly config?: Partial<AitbcConfig>;
  readonly devices?: readonly (typeof CARD)[];
  /** Only this service; default both. */
  readonly only?: "gpu" | "coordinator";
  readonly market?: TestDevnet;
  readonly ledger?: Ledger;
  readonly now?: () => number;
  readonly testOf?: () => ListingTest;
  readonly restOf?: () => Rest | null;
  readonly electricity?: Electricity;
}

async function provider(options: Options = {}) {
  const market =
    options.market ?? (await devnet({ aitbcDialect: options.dialect ?? "today", gpuApiKey: GPU_KEY }));
  const { coordinatorUrl, gpuUrl, chainRpcUrl } = market.ready;
  const adapter = createAitbcAdapter({
    coordinatorUrl: options.only === "gpu" ? null : coordinatorUrl,
    coordinatorKey: MINER_API_KEY,
    gpuUrl: options.only === "coordinator" ? null : gpuUrl,
    gpuKey: GPU_KEY,
    rpcUrl: chainRpcUrl,
    minerId: MINER,
    nodeId: null,
    region: "eu",
    wallet: null,
    receiptKeyId: null,
    ...options.config,
  });
  await adapter.register(profile, signal);
  const ledger = options.ledger ?? (await Ledger.open(tempFolder()));
  if (!options.ledger) onTestFinished(() => ledger.close());
  const devices = options.devices ?? [CARD];
  const manager = new OfferManager({
    adapters: [adapter],
    devices,
    region: "eu",
    testOf: options.testOf ?? (() => PASSED),
    restOf: options.restOf ?? (() => null),
    wantTest: () => undefined,
    power: () => ({ measuredWatts: 300, limitWatts: 450 }),
    electricity: () => options.electricity ?? null,
    ledger,
    now: options.now ?? Date.now,
  });
  const look = async () => {
    for (const board of adapter.offers?.boards ?? []) await manager.look("aitbc", board.id, signal);
  };
  const offer = (price: string, board?: string) =>
    manager.offer({ market: "aitbc", board, strategy: { kind: "fixed", price: toMoneyValue(ait(price)) } });
  const at = (board: string, device = CARD.id) =>
    manager.list().find((each) => each.board === board && each.device === device);
  return { market, adapter, manager, ledger, look, offer, at };
}

const gpuRows = async (market: TestDevnet, miner = MINER) =>
  (await (await fetch(`${market.ready.gpuUrl}/v1/miners/${miner}/gpus`)).json()) as {
    id: string;
    status: string;
    price_per_hour: string | number;
  }[];
const registryRows = async (market: TestDevnet) =>
  (await (await fetch(`${market.ready.coordinatorUrl}/v1/marketplace/gpu/list`)).json()) as {
    id: string;
    status: string;
  }[];
/** As somebody else who holds the gpu service's one key. */
const put = (market: TestDevnet, id: string, body: unknown) =>
  fetch(`${market.ready.gpuUrl}/v1/gpu/${id}`, {
    method: "PUT",
    body: JSON.stringify(body),
    headers: { "x-api-key": GPU_KEY },
  });
const client = { authorization: "Bearer somebody" };

describe("an offer's life", () => {
  test("published once per GPU on each board, repriced where that can be done, taken back", async () => {
    const { market, look, offer, at, manager } = await provider();
    offer("20.5");
    await look();
    expect(at("gpu-service")).toMatchObject({
      state: "listed",
      offerId: OFFER_ID,
      price: toMoneyValue(ait("20.5")),
      drift: null,
      error: null,
    });
    expect(await gpuRows(market)).toEqual([
      expect.objectContaining({ id: OFFER_ID, memory_gb: 24, price_per_hour: "20.50000000", region: "eu" }),
    ]);
    await look();
    await look();
    expect(await gpuRows(market)).toHaveLength(1);
    expect(await registryRows(market)).toEqual([
      expect.objectContaining({
        miner_id: MINER,
        model: CARD.name,
        memory_gb: 24,
        price_per_hour: "20.50000000",
      }),
    ]);

    offer("21.25");
    await look();
    expect((await gpuRows(market))[0]?.price_per_hour).toBe("21.25000000");
    expect(at("gpu-service")).toMatchObject({ drift: null });
    await look();
    expect(at("coordinator")?.drift).toMatch(
      /20\.50 instead of 21\.25 an hour; this service lets nobody change it/,
    );

    manager.withdraw({ market: "aitbc" });
    await look();
    expect(at("gpu-service")).toMatchObject({ state: "withdrawn", wanted: false });
    expect(await gpuRows(market)).toEqual([]);
    expect(at("coordinator")?.drift).toMatch(/lets nobody take an offer back/);
    offer("22");
    await look();
    expect((await gpuRows(market))[0]?.price_per_hour).toBe("22.00000000");
  });

  test("two cards of one model have two offers on each board, and keep them over a restart", async () => {
    const devices = [CARD, SECOND_CARD];
    const first = await provider({ devices });
    first.offer("20");
    await first.look();
    expect(await gpuRows(first.market)).toHaveLength(2);
    expect(await registryRows(first.market)).toHaveLength(2);
    const ids = first.manager.list().map(({ offerId }) => offerId);
    expect(new Set(ids).size).toBe(4);
    const again = await provider({ devices, market: first.market, ledger: first.ledger });
    await again.look();
    expect(again.manager.list().map(({ offerId }) => offerId)).toEqual(ids);
    expect(await gpuRows(first.market)).toHaveLength(2);
    expect(await registryRows(first.market)).toHaveLength(2);
  });

  test("an id that somebody else has makes way for the next one", async () => {
    const { market, look, offer, at } = await provider();
    const theirs = {
      type: "gpu_marketplace",
      action: "offer",
      offer_id: OFFER_ID,
      provider_node_id: "thief",
      specs: {},
    };
    await post(`${market.ready.gpuUrl}/v1/transactions`, theirs, { "x-api-key": GPU_KEY });
    offer("20", "gpu-service");
    await look();
    expect(at("gpu-service")).toMatchObject({ state: "listed", offerId: `${OFFER_ID}-2` });
    expect((await gpuRows(market, "thief")).map(({ id }) => id)).toEqual([OFFER_ID]);
  });

  test("an offer whose answer was lost is found, not made twice", async () => {
    const market = await devnet({ aitbcDialect: "guide" });
    const proxy = await faultProxy(market.ready.gpuUrl ?? "");
    const { look, offer, at } = await provider({ market, only: "gpu", config: { gpuUrl: proxy.url } });
    offer("20");
    proxy.inject(/POST \/v1\/transactions/, { kind: "lose-answer" });
    await expect(look()).rejects.toMatchObject({ code: "CONNECTION_LOST" });
    await look();
    expect(at("gpu-service")).toMatchObject({ state: "listed", offerId: OFFER_ID });
    expect(await gpuRows(market)).toHaveLength(1);
  });

  test("the guide's era takes an offer and never lets it change; that is said, not hidden", async () => {
    const { market, look, offer, at, manager } = await provider({ dialect: "guide", only: "gpu" });
    offer("20");
    await look();
    expect((await gpuRows(market))[0]).toMatchObject({ id: OFFER_ID, price_per_hour: 20 });
    offer("25");
    await look();
    expect(at("gpu-service")?.drift).toMatch(
      /20\.00 instead of 25\.00 an hour; this service lets nobody change it/,
    );
    manager.withdraw({ market: "aitbc" });
    await look();
    expect(at("gpu-service")).toMatchObject({ state: "listed", wanted: false });
  });

  test("a refusal is shown with its reason and is not repeated for ever", async () => {
    const { look, offer, at } = await provider({
      config: { gpuKey: "wrong-key-000000000000" },
      only: "coordinator",
    });
    expect(at("gpu-service")).toBeUndefined();
    offer("-1");
    await expect(look()).rejects.toMatchObject({ code: "BAD_PRICE", actor: "user" });
    expect(at("coordinator")).toMatchObject({ state: "refused", error: { code: "BAD_PRICE" } });
    offer("1");
    await look();
    expect(at("coordinator")).toMatchObject({ state: "listed", error: null });
  });
});

describe("a strategy", () => {
  /** Offers of others at the gpu service. */
  async function competitors(market: TestDevnet, prices: readonly number[]): Promise<void> {
    for (const [i, price] of prices.entries()) {
      const id = `other-${i}`;
      await fetch(`${market.ready.gpuUrl}/v1/gpu/${id}`, {
        method: "DELETE",
        headers: { "x-api-key": GPU_KEY },
      });
      const body = {
        type: "gpu_marketplace",
        action: "offer",
        offer_id: id,
        provider_node_id: `p${i}`,
        price_per_gpu: price,
        specs: { model: "RTX 4090", memory_gb: 24 },
      };
      await post(`${market.ready.gpuUrl}/v1/transactions`, body, { "x-api-key": GPU_KEY });
    }
  }
  const repriced = (ledger: Ledger) =>
    ledger.activity.list({ type: "offer-repriced" }, { limit: 10 }).events.map(({ text }) => text);
  const median = { kind: "median", lowest: null } as const;

  test("follows the market by itself: not too often, not too far, each move an audit row", async () => {
    let clock = Date.now();
    const { market, look, manager, at, ledger } = await provider({ only: "gpu", now: () => clock });
    await competitors(market, [10, 20, 30]);
    await look();
    manager.offer({ market: "aitbc", strategy: median });
    await look();
    expect(at("gpu-service")).toMatchObject({
      state: "listed",
      price: toMoneyValue(ait("20")),
      strategy: median,
    });
    expect((await gpuRows(market))[0]?.price_per_hour).toBe("20.00000000");

    await competitors(market, [50, 60, 70]);
    clock += 6 * MINUTE; // Prices are read every 5 minutes, moved every 15.
    await look();
    expect(at("gpu-service")?.price).toEqual(toMoneyValue(ait("20")));
    clock += 15 * MINUTE;
    await look();
    expect(at("gpu-service")?.price).toEqual(toMoneyValue(ait("24")));
    expect((await gpuRows(market))[0]?.price_per_hour).toBe("24.00000000");
    await look();
    expect(at("gpu-service")?.price).toEqual(toMoneyValue(ait("24")));
    clock += 15 * MINUTE;
    await look();
    expect(at("gpu-service")?.price).toEqual(toMoneyValue(ait("28.80")));
    expect(repriced(ledger)).toEqual([
      expect.stringMatching(/24\.00 → 28\.80 AIT an hour\. The median of 3 offers of this GPU/),
      expect.stringMatching(/20\.00 → 24\.00 AIT an hour\. The median of 3 offers of this GPU/),
    ]);
    manager.offer({ market: "aitbc", strategy: { kind: "fixed", price: toMoneyValue(ait("30")) } });
    expect(repriced(ledger)[0]).toMatch(/28\.80 → 30\.00 AIT an hour\. The price that was set/);
  });

  test("never goes below what electricity costs, and says that it was raised", async () => {
    const electricity: Electricity = {
      currency: "EUR",
      microsPerKwh: 300_000n,
      restWatts: 0,
      worthOf: () => 3_600n,
    };
    const { market, look, manager, at } = await provider({ only: "gpu", electricity });
    await competitors(market, [10, 20, 30]);
    await look();
    // 300 W at 0.30 EUR are 0.09 EUR an hour, 25 AIT.
    const preview = manager.preview({ market: "aitbc", device: CARD.id, strategy: median });
    expect(preview).toMatchObject({
      price: toMoneyValue(ait("25")),
      bound: "floor",
      cheaper: 2 / 3,
      quote: { sample: 3, source: "market" },
      floor: { watts: 300, wattsFrom: "measured", price: toMoneyValue(ait("25")), missing: null },
      occupancy: { share: 0.5, from: "assumed" },
      perHour: {
        gross: toMoneyValue(ait("12.5")),
        energy: { currency: "EUR", micros: "45000" },
      },
    });
    const { net, afterEnergy } = preview.perHour ?? {};
    expect(BigInt(afterEnergy?.minor ?? 0)).toBe(BigInt(net?.minor ?? 0) - ait("12.5").minor);
    manager.offer({ market: "aitbc", strategy: median });
    await look();
    expect(at("gpu-service")?.price).toEqual(toMoneyValue(ait("25")));
  });

  test("without anything to go by is refused with a reason, and leaves what was offered as it is", async () => {
    const { manager } = await provider({ only: "gpu", devices: [{ ...CARD, name: "A card nobody knows" }] });
    expect(() => manager.offer({ market: "aitbc", strategy: median })).toThrow(
      expect.objectContaining({ code: "NO_MARKET_PRICE", help: "Set a fixed price." }),
    );
    expect(manager.list()).toEqual([]);
  });

  test("goes by how much the GPU was rented, as far as that is known", async () => {
    let clock = Date.now();
    const { market, look, manager, ledger } = await provider({ only: "gpu", now: () => clock });
    await competitors(market, [10, 20, 30]);
    await look();
    manager.offer({ market: "aitbc", strategy: { kind: "fixed", price: toMoneyValue(ait("20")) } });
    await look();
    const utilisation = { kind: "utilisation", lowest: null } as const;
    const ask = () => manager.preview({ market: "aitbc", device: CARD.id, strategy: utilisation });
    expect(ask()).toMatchObject({ percentile: 50, occupancy: { from: "assumed" } });
    // Seven hours in looks a minute apart, the last three and a half of them rented.
    for (let minute = 0; minute < 420; minute++) {
      clock += MINUTE;
      if (minute === 210) await put(market, OFFER_ID, { status: "booked" });
      await look();
    }
    const { openMs, rentedMs } = ledger.offers.timeOf("aitbc", CARD.id, 0);
    expect(openMs + rentedMs).toBe(420 * MINUTE);
    expect(ask().occupancy.share).toBeCloseTo(0.5, 1);
    expect(ask()).toMatchObject({ occupancy: { from: "measured" } });
    clock += 2 * HOUR; // The machine slept: that was no time on the market.
    await look();
    const after = ledger.offers.timeOf("aitbc", CARD.id, 0);
    expect(after.openMs + after.rentedMs).toBe(421 * MINUTE);
  }, 60_000);
});

describe("the self-test", () => {
  test("decides what is listed: nothing before it passed, nothing that failed since", async () => {
    let clock = Date.now();
    let state: ListingTest["state"] = "due";
    const { market, look, offer, at, manager } = await provider({
      only: "gpu",
      now: () => clock,
      testOf: () => ({ state, text: `The self-test is ${state}`, help: null }),
    });
    offer("20");
    await look();
    expect(await gpuRows(market)).toEqual([]);
    expect(at("gpu-service")).toMatchObject({
      state: "planned",
      waiting: { text: "The self-test is due" },
      drift: null,
    });
    state = "passed";
    await look();
    expect(await gpuRows(market)).toHaveLength(1);
    expect(at("gpu-service")).toMatchObject({ state: "listed", waiting: null });

    // Another driver: the offer stays while the test is under way, not for ever.
    state = "running";
    await look();
    clock += 4 * MINUTE;
    await look();
    expect(await gpuRows(market)).toHaveLength(1);
    clock += 2 * MINUTE;
    await look();
    expect(await gpuRows(market)).toEqual([]);
    state = "passed";
    await look();
    expect(await gpuRows(market)).toHaveLength(1);

    state = "failed";
    await look();
    expect(await gpuRows(market)).toEqual([]);
    expect(at("gpu-service")).toMatchObject({
      state: "planned",
      wanted: true,
      waiting: { text: "The self-test is failed" },
    });
    expect(manager.view().gpus).toMatchObject([{ device: CARD.id, test: { state: "failed" } }]);
  });

  test("does not take a rented GPU from its renter", async () => {
    let state: ListingTest["state"] = "passed";
    const { market, look, offer, at, manager } = await provider({
      only: "gpu",
      testOf: () => ({ state, text: "x", help: null }),
    });
    offer("20");
    await look();
    await put(market, OFFER_ID, { status: "booked" });
    state = "failed";
    await look();
    await look();
    expect(at("gpu-service")?.state).toBe("booked");
    expect((await gpuRows(market))[0]?.status).toBe("booked");
    expect([...manager.reserved]).toEqual([CARD.id]);
  });

  test("a GPU that rests for longer leaves the market and comes back by itself; a short rest changes nothing", async () => {
    let clock = Date.now();
    let rest: Rest | null = null;
    const resting: Rest = { kind: "resting", text: "This GPU rests: paused by you", help: "Resume it." };
    const { market, look, offer, at } = await provider({ only: "gpu", now: () => clock, restOf: () => rest });
    offer("20");
    await look();
    rest = resting;
    await look();
    clock += 4 * MINUTE;
    await look();
    expect(await gpuRows(market)).toHaveLength(1);
    rest = null;
    await look();
    rest = resting;
    await look();
    clock += 4 * MINUTE;
    await look();
    expect(await gpuRows(market), "the second rest is counted by itself").toHaveLength(1);
    clock += MINUTE;
    await look();
    expect(await gpuRows(market)).toEqual([]);
    expect(at("gpu-service")).toMatchObject({
      state: "planned",
      wanted: true,
      waiting: { text: "This GPU rests: paused by you", help: "Resume it." },
    });
    rest = null;
    await look();
    expect(await gpuRows(market)).toMatchObject([{ id: OFFER_ID }]);
    expect(at("gpu-service")).toMatchObject({ state: "listed", waiting: null });
  });

  test("a GPU that is switched off leaves the market at once, but not its renter", async () => {
    let rest: Rest | null = null;
    const { market, look, offer, at, manager } = await provider({ only: "gpu", restOf: () => rest });
    offer("20");
    await look();
    await put(market, OFFER_ID, { status: "booked" });
    await look();
    rest = { kind: "off", text: "This GPU is switched off here", help: "Switch it on to offer it." };
    await look();
    expect((await gpuRows(market))[0]?.status, "the booking is honoured").toBe("booked");
    expect([...manager.reserved]).toEqual([CARD.id]);
    await put(market, OFFER_ID, { status: "available" });
    await look();
    expect(await gpuRows(market)).toEqual([]);
    expect(at("gpu-service")?.waiting?.text).toBe("This GPU is switched off here");
  });

  test("where nobody can take an offer back, it is said that a resting GPU is on the market", async () => {
    let rest: Rest | null = null;
    const { look, offer, at } = await provider({ only: "coordinator", restOf: () => rest });
    offer("20");
    await look();
    rest = { kind: "off", text: "This GPU is switched off here", help: null };
    await look();
    expect(at("coordinator")).toMatchObject({
      state: "listed",
      drift:
        "This GPU is switched off here. The market lists it; this service lets nobody take an offer back",
    });
  });

  test("a GPU that is gone is taken off the market, and listed again when it is back", async () => {
    let clock = Date.now();
    const devices = [CARD];
    const { market, look, offer, at } = await provider({ only: "gpu", now: () => clock, devices });
    offer("20");
    await look();
    devices.length = 0;
    await look();
    clock += 6 * MINUTE;
    await look();
    expect(await gpuRows(market)).toEqual([]);
    expect(at("gpu-service")?.waiting?.text).toBe("This GPU is not in the machine now");
    devices.push(CARD);
    await look();
    expect(await gpuRows(market)).toHaveLength(1);
  });
});

describe("what others do to an offer is seen and healed", () => {
  test("another price, a deletion, an offline GPU", async () => {
    const { market, look, offer, at } = await provider({ only: "gpu" });
    offer("20");
    await look();
    await put(market, OFFER_ID, { price_per_hour: 1 });
    await look();
    expect((await gpuRows(market))[0]?.price_per_hour).toBe("20.00000000");

    await fetch(`${market.ready.gpuUrl}/v1/gpu/${OFFER_ID}`, {
      method: "DELETE",
      headers: { "x-api-key": GPU_KEY },
    });
    await look();
    expect(at("gpu-service")).toMatchObject({ state: "listed", offerId: OFFER_ID });
    expect(await gpuRows(market)).toHaveLength(1);

    await put(market, OFFER_ID, { status: "offline" });
    await look();
    expect(["available", "online"]).toContain((await gpuRows(market))[0]?.status);
  });
});

describe("a rented GPU", () => {
  test("is reserved here, kept off the other board, and offered again afterwards", async () => {
    let clock = Date.now();
    const { market, look, offer, at, manager, ledger } = await provider({ now: () => clock });
    offer("20");
    await look();
    const [row] = await registryRows(market);
    await post(
      `${market.ready.coordinatorUrl}/v1/marketplace/gpu/${row?.id}/book`,
      { duration_hours: 2 },
      client,
    );
    await look();
    await look();
    expect(at("coordinator")).toMatchObject({
      state: "booked",
      booking: { endsAt: expect.any(Number), total: { currency: "AIT" } },
    });
    expect((at("coordinator")?.booking?.endsAt ?? 0) - Date.now()).toBeGreaterThan(2 * HOUR - MINUTE);
    const rentals = () =>
      ledger.bookings.list(
        { market: "aitbc", from: 0, until: Number.MAX_SAFE_INTEGER },
        { after: 0, limit: 9, now: Date.now() },
      );
    const agreed = at("coordinator")?.booking?.total;
    expect(rentals()).toMatchObject([{ board: "coordinator", endedAt: null, total: { currency: "AIT" } }]);
    expect(rentals()[0]?.total?.minor.toString()).toBe(agreed?.minor);
    expect([...manager.reserved]).toEqual([CARD.id]);
    expect((await gpuRows(market))[0]?.status).toBe("booked");
    expect(at("gpu-service")).toMatchObject({
      state: "booked",
      drift: expect.stringMatching(/rented on another/i),
    });
    // Our own heartbeats are withheld meanwhile: they would open it again (protocols/aitbc.md §12.5).
    const beats = () => market.log().filter(({ event }) => event === "heartbeat").length;
    const before = beats();
    await look();
    expect(beats()).toBe(before);
    expect((await gpuRows(market))[0]?.status).toBe("booked");

    // Nothing there ends a booking; when its time is long over the GPU works for others again.
    clock += 3 * HOUR;
    await look();
    expect([...manager.reserved]).toEqual([]);
    clock -= 3 * HOUR;
    await post(`${market.ready.coordinatorUrl}/v1/marketplace/gpu/${row?.id}/release`, {}, client);
    await look();
    await look();
    await look();
    expect([...manager.reserved]).toEqual([]);
    expect(at("coordinator")).toMatchObject({ state: "listed", booking: null });
    expect(rentals(), "kept when the offer has forgotten it").toMatchObject([
      { endedAt: expect.any(Number), endReason: "released", total: { minor: BigInt(agreed?.minor ?? -1) } },
    ]);
    expect(["available", "online"]).toContain((await gpuRows(market))[0]?.status);
    expect(at("gpu-service")).toMatchObject({ state: "listed" });
  });

  test("that somebody's heartbeat put on the market again is taken off again; a release is respected", async () => {
    const { market, look, offer, at, manager } = await provider({ only: "gpu" });
    offer("20");
    await look();
    await put(market, OFFER_ID, { status: "booked" });
    await put(market, OFFER_ID, { status: "in_use" });
    await look();
    expect(at("gpu-service")?.state).toBe("in-use");
    await post(`${market.ready.gpuUrl}/v1/miners/heartbeat`, { miner_id: MINER });
    expect((await gpuRows(market))[0]?.status).toBe("online");
    await look();
    expect(at("gpu-service")).toMatchObject({ state: "in-use", drift: expect.stringMatching(/heartbeat/) });
    expect((await gpuRows(market))[0]?.status).toBe("in_use");
    expect([...manager.reserved]).toEqual([CARD.id]);

    await put(market, OFFER_ID, { status: "available" });
    await look();
    expect(at("gpu-service")).toMatchObject({ state: "listed" });
    expect([...manager.reserved]).toEqual([]);
  });

  test("keeps its status over our own registration", async () => {
    const { market, adapter, look, offer } = await provider({ only: "gpu" });
    offer("20");
    await look();
    await put(market, OFFER_ID, { status: "booked" });
    await put(market, OFFER_ID, { status: "in_use" });
    await adapter.register(profile, signal);
    expect((await gpuRows(market))[0]?.status).toBe("in_use");
    await adapter.heartbeat({ inflight: 0, capacity: 1, profile }, signal);
    expect((await gpuRows(market))[0]?.status).toBe("in_use");
  });

  test("is taken back only when its booking is over", async () => {
    const { market, look, offer, at, manager } = await provider({ only: "gpu" });
    offer("20");
    await look();
    await put(market, OFFER_ID, { status: "booked" });
    manager.withdraw({ market: "aitbc" });
    await look();
    expect(at("gpu-service")).toMatchObject({
      state: "booked",
      drift: expect.stringMatching(/when its booking ends/),
    });
    await put(market, OFFER_ID, { status: "available" });
    await look();
    expect(at("gpu-service")?.state).toBe("withdrawn");
    expect(await gpuRows(market)).toEqual([]);
  });
});

describe("prices", () => {
  test("come from the offers of others, with their number; from the guide when there are too few", async () => {
    const { market, look, manager } = await provider({ only: "gpu" });
    expect(manager.quote("aitbc", CARD.name)).toMatchObject({
      source: "guide",
      sample: 0,
      ageMs: null,
      low: toMoneyValue(ait("15")),
      high: toMoneyValue(ait("25")),
    });
    for (const [i, price] of [10, 20, 30, 40, 50].entries()) {
      const specs = { model: i % 2 ? "RTX 4090" : "NVIDIA GeForce RTX 4090", memory_gb: 24 };
      const body = {
        type: "gpu_marketplace",
        action: "offer",
        offer_id: `o${i}`,
        provider_node_id: `p${i}`,
        price_per_gpu: price,
        specs,
      };
      await post(`${market.ready.gpuUrl}/v1/transactions`, body, { "x-api-key": GPU_KEY });
    }
    await look();
    expect(manager.quote("aitbc", CARD.name)).toMatchObject({
      source: "market",
      sample: 5,
      low: toMoneyValue(ait("20")),
      middle: toMoneyValue(ait("30")),
      high: toMoneyValue(ait("40")),
      ageMs: expect.any(Number),
    });
    expect(manager.quote("aitbc", "Some card nobody has")).toBeNull();
  });
});
