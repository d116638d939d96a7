/** The Offers screen: every way a GPU stands on the market, its price among those of others, and what its buttons do. */
import type { BrowserContextOptions, Page } from "playwright";
import { describe, expect, it, onTestFinished } from "vitest";
import { Ledger } from "../../src/engine/ledger/ledger.ts";
import type { Electricity, Power } from "../../src/engine/pricing/floor.ts";
import type { ListingTest, OffersView, OfferView } from "../../src/shared/contract/offers.ts";
import type { State } from "../../src/shared/contract/views.ts";
import { HOUR, MINUTE, SECOND } from "../../src/shared/durations.ts";
import { AppError } from "../../src/shared/errors.ts";
import { pricedMarket } from "../support/priced-market.ts";
import { NO_OFFERS, PASSED } from "../support/scripted-offers.ts";
import { tempFolder } from "../support/temp-folder.ts";
import { chromiumFile } from "./ui/browser.ts";
import { dashboardSuite, visit } from "./ui/dashboard-page.ts";
import { expectWholeInEveryLook, sidewaysScroll, violations } from "./ui/page-checks.ts";
import { PATIENCE } from "./ui/patience.ts";
import { type Look, lookName, NARROW, shoot } from "./ui/screenshots.ts";
import type { ScriptedEngine } from "./ui/scripted-engine.ts";
import { amount, earning, gpu, LONG_GPU_NAME } from "./ui/states.ts";

const RTX_4090 = { id: "GPU-5e1a8f0c-7b1e-4b8f-9f0e-0b5d1d2c3a4f", name: "NVIDIA GeForce RTX 4090" };
const A100 = { id: "GPU-a1000000-0000-4000-8000-000000000001", name: "NVIDIA A100-SXM4-80GB" };
const ODD = { id: "GPU-0dd00000-0000-4000-8000-000000000002", name: LONG_GPU_NAME };

const ELECTRICITY: Electricity = {
  currency: "EUR",
  microsPerKwh: 310_000n,
  restWatts: 0,
  worthOf: (currency) => (currency === "AIT" ? 21_000n : null),
};

function board(id: string, now: number, more: Partial<OffersView["boards"][number]> = {}) {
  return {
    market: "aitbc" as const,
    id,
    name: id === "coordinator" ? "Coordinator" : "GPU service",
    endpoint: `http://127.0.0.1:${id === "coordinator" ? 8203 : 8101}`,
    canReprice: id !== "coordinator",
    canWithdraw: id !== "coordinator",
    checkedAt: now - 4 * SECOND,
    error: null,
    ...more,
  };
}

function offer(device: { id: string; name: string }, now: number, more: Partial<OfferView> = {}): OfferView {
  const price = amount("AIT", "20.5");
  return {
    market: "aitbc",
    board: "gpu-service",
    boardName: "GPU service",
    device: device.id,
    model: device.name,
    offerId: "rig-7-5e1a8f0c7b1e",
    state: "listed",
    wanted: true,
    strategy: { kind: "fixed", price },
    price,
    pricedAt: now - HOUR,
    listedPrice: price,
    marketStatus: "online",
    waiting: null,
    drift: null,
    booking: null,
    occupancy: { share: 0.42, hours: 61 },
    checkedAt: now - 4 * SECOND,
    error: null,
    ...more,
  };
}

/** Listed and true on one board, otherwise on the other. */
function listed(now: number): OffersView {
  const coordinator = {
    board: "coordinator",
    boardName: "Coordinator",
    offerId: "gpu_9f3c2a1b",
    listedPrice: amount("AIT", "18"),
    drift: "The market shows 18.00 instead of 20.50 an hour; this service lets nobody change it",
  };
  return {
    boards: [board("gpu-service", now), board("coordinator", now)],
    gpus: [{ device: RTX_4090.id, model: RTX_4090.name, test: PASSED }],
    offers: [offer(RTX_4090, now), offer(RTX_4090, now, coordinator)],
  };
}

const FAILED: ListingTest = {
  state: "failed",
  text: "The self-test with driver 590.48.01 failed: runs on the CPU: CUDA can't be loaded",
  help: "Mend what it names, then run the self-test again.",
};

/** One rented, one that waits for its test, one that is not offered and that nobody knows. */
function mixed(now: number): OffersView {
  const error = {
    code: "MARKET_TIMEOUT",
    message: "Coordinator at http://127.0.0.1:8203 did not answer in time",
    actor: "network",
  } as const;
  const booking = { id: "b-1", endsAt: now + 2 * HOUR, total: amount("AIT", "41") };
  return {
    boards: [board("gpu-service", now), board("coordinator", now - 3 * MINUTE, { error })],
    gpus: [
      { device: RTX_4090.id, model: RTX_4090.name, test: PASSED },
      { device: A100.id, model: A100.name, test: FAILED },
      { device: ODD.id, model: ODD.name, test: PASSED },
    ],
    offers: [
      offer(RTX_4090, now, {
        state: "booked",
        marketStatus: "booked",
        booking,
        strategy: { kind: "percentile", percentile: 40, lowest: amount("AIT", "12") },
      }),
      offer(A100, now, {
        state: "planned",
        offerId: null,
        listedPrice: null,
        marketStatus: null,
        occupancy: null,
        strategy: { kind: "utilisation", lowest: null },
        waiting: { text: FAILED.text, help: FAILED.help },
      }),
    ],
  };
}

/** What the engine would say: its own code, on a market of forty offers. */
async function previews(
  engine: ScriptedEngine,
  power: Power,
  electricity: Electricity | null,
): Promise<void> {
  const ledger = await Ledger.open(tempFolder());
  onTestFinished(() => ledger.close());
  const desk = pricedMarket(ledger, RTX_4090.id, { power: () => power, electricity: () => electricity });
  engine.offerPreview = ({ market, device, strategy, occupancy }) => {
    const known = [RTX_4090, A100, ODD].find(({ id }) => id === device) ?? ODD;
    return desk.preview(market, known, strategy, { test: PASSED, occupancy });
  };
}

describe.skipIf(chromiumFile === null)("the Offers screen", () => {
  const dashboard = dashboardSuite();

  async function open(
    offers: OffersView,
    options: BrowserContextOptions & {
      power?: Power;
      electricity?: Electricity | null;
      state?: Partial<State>;
    } = {},
    name = "Offers",
  ): Promise<{ page: Page; engine: ScriptedEngine }> {
    const { power, electricity, state, ...look } = options;
    const engine = await dashboard.engine({ ...earning(Date.now()), ...state, offers }, (scripted) =>
      previews(
        scripted,
        power ?? { measuredWatts: 312, limitWatts: 450 },
        electricity === undefined ? ELECTRICITY : electricity,
      ),
    );
    const page = await dashboard.page(engine.url, look);
    await visit(page, engine.link(), name);
    return { page, engine };
  }

  const cardOf = (page: Page, name: string) => page.getByRole("region", { name });
  const settled = (page: Page) => page.locator(".price-scale, .pricing [aria-busy=false]").first().waitFor();

  describe("at every size and light", () => {
    const cases: Record<string, (now: number) => OffersView> = {
      listed,
      mixed,
      "no-gpu": (now) => ({ ...NO_OFFERS, boards: [board("gpu-service", now)] }),
      "no-market": () => NO_OFFERS,
    };
    it.each(Object.entries(cases))("is accessible and inside its box: %s", async (name, make) => {
      const { page } = await open(make(Date.now()));
      if (name === "listed" || name === "mixed") await page.locator(".outlook").first().waitFor();
      const scrollTo = (end: "top" | "bottom") =>
        page
          .locator(".content")
          .evaluate((element, to) => element.scrollTo(0, to === "top" ? 0 : element.scrollHeight), end);
      const see = async (look: Look) => {
        await scrollTo("top");
        await shoot(page, `offers-${name}-${lookName(look)}`);
        if (name !== "mixed") return;
        await page.locator(".offer-card").last().scrollIntoViewIfNeeded();
        await scrollTo("bottom");
        await shoot(page, `offers-${name}-end-${lookName(look)}`);
      };
      await expectWholeInEveryLook(page, name, see);
    });
  });

  it("has room for German words", async () => {
    for (const [name, make] of Object.entries({ listed, mixed })) {
      const { page } = await open(make(Date.now()), { viewport: NARROW, locale: "de-DE" }, "Angebote");
      await page.locator(".outlook").first().waitFor();
      await shoot(page, `offers-${name}-de-900`, { fullPage: true });
      expect(await sidewaysScroll(page)).toBe(0);
    }
  });

  it("says where the price stands: sample, age, position, floor, and what an average hour leaves", async () => {
    const { page } = await open(listed(Date.now()));
    const card = cardOf(page, RTX_4090.name);
    await card.getByText("40 offers of this GPU, the newest 3 min old").waitFor();
    await card.getByText(/^\d+ % of the offers are cheaper$/).waitFor();
    await card.getByText("0.0967 EUR an hour").waitFor();
    await card.getByText("312 W, measured at work").waitFor();
    // 42 % of 20.50 less 2.5 %, and of 0.09672 EUR, which is 4.61 AIT an hour at 0.021 EUR.
    await card.getByText("8.61 less 0.2152 fee and 0.0406 EUR electricity").waitFor();
    await card.getByText("6.46 AIT an hour").waitFor();
    await card.getByText("as measured here over the last days").waitFor();
    await card.getByText("The market shows 18.00 instead of 20.50 an hour").waitFor();
    await card.getByText("Rented 42 % of 61 h on the market").waitFor();
    const share = card.getByRole("textbox", { name: "If it is rented" });
    await share.fill("100");
    await share.press("Enter");
    await card.getByText(/^20\.50 less 0\.5125 fee and 0\.0967 EUR electricity$/).waitFor();
  });

  it("says what is missing where electricity can't be counted, and never shows it as nothing", async () => {
    const { page } = await open(listed(Date.now()), {
      power: { measuredWatts: null, limitWatts: 450 },
      electricity: null,
    });
    const card = cardOf(page, RTX_4090.name);
    await card.getByText("What a kWh costs is not set.").waitFor();
    await card.getByText(/8\.61 less 0\.2152 fee, electricity not counted/).waitFor();
    expect(await card.locator(".price-floor").count()).toBe(0);
  });

  it("offers a GPU with one click, at the market's median", async () => {
    const { page, engine } = await open({ ...listed(Date.now()), offers: [] });
    const card = cardOf(page, RTX_4090.name);
    await card.getByText("40 offers of this GPU, the newest 3 min old").waitFor();
    await card.getByRole("button", { name: "Offer this GPU" }).click();
    await expect.poll(() => engine.callsOf("offers.offer"), PATIENCE).toBe(1);
    expect(engine.calls.find(({ command }) => command === "offers.offer")?.input).toEqual({
      market: "aitbc",
      device: RTX_4090.id,
      strategy: { kind: "median", lowest: null },
    });
  });

  it("asks for a price by hand where nobody knows one", async () => {
    const now = Date.now();
    const { page, engine } = await open({
      ...listed(now),
      gpus: [{ device: ODD.id, model: ODD.name, test: PASSED }],
      offers: [],
    });
    const card = cardOf(page, ODD.name);
    await card.getByText("Nobody offers such a GPU, and the market gives no advice").waitFor();
    const button = card.getByRole("button", { name: "Offer this GPU" });
    expect(await button.isDisabled()).toBe(true);
    const price = card.getByRole("textbox", { name: "Price of an hour" });
    await price.fill("7.5");
    await price.press("Enter");
    await button.click();
    await expect.poll(() => engine.callsOf("offers.offer"), PATIENCE).toBe(1);
    expect(engine.calls.find(({ command }) => command === "offers.offer")?.input).toMatchObject({
      strategy: { kind: "fixed", price: amount("AIT", "7.5") },
    });
  });

  it("by keyboard alone: another price is asked for, and sent only when confirmed", async () => {
    const { page, engine } = await open(listed(Date.now()));
    const card = cardOf(page, RTX_4090.name);
    const change = card.getByRole("button", { name: "Change the price…" });
    await card.getByText(/of the offers are cheaper/).waitFor();
    expect(await change.isDisabled()).toBe(true);
    await card.getByRole("slider", { name: "Price of an hour" }).focus();
    for (let i = 0; i < 5; i++) await page.keyboard.press("ArrowRight");
    await expect.poll(() => change.isDisabled(), PATIENCE).toBe(false);
    await change.focus();
    await page.keyboard.press("Enter");
    const dialog = page.getByRole("dialog", { name: `Change the price of ${RTX_4090.name}?` });
    await dialog.getByText(/It asks 2\d\.\d+ AIT an hour instead of 20\.50 AIT an hour/).waitFor();
    await dialog.getByText(/Coordinator lets nobody change a price/).waitFor();
    await page.locator("[aria-busy=true]").first().waitFor({ state: "detached" });
    expect(await violations(page)).toEqual([]);
    await page.keyboard.press("Escape");
    await dialog.waitFor({ state: "detached" });
    expect(engine.callsOf("offers.offer")).toBe(0);
    await change.focus();
    await page.keyboard.press("Enter");
    await dialog.getByRole("button", { name: "Change the price" }).focus();
    await page.keyboard.press("Enter");
    await dialog.waitFor({ state: "detached" });
    expect(engine.callsOf("offers.offer")).toBe(1);
  });

  it("takes an offer back only when confirmed, and says why that was refused", async () => {
    const { page, engine } = await open(listed(Date.now()));
    const card = cardOf(page, RTX_4090.name);
    await settled(page);
    await card.getByRole("button", { name: "Take it back…" }).click();
    const dialog = page.getByRole("dialog", { name: `Take ${RTX_4090.name} off the market?` });
    await dialog.getByText(/Coordinator lets nobody take an offer back/).waitFor();
    engine.refuseOffers = new AppError({
      code: "LEDGER_FAILED",
      message: "The disk is full",
      actor: "machine",
    });
    await dialog.getByRole("button", { name: "Take it back" }).click();
    await dialog.getByRole("alert").getByText("The disk is full.").waitFor();
    engine.refuseOffers = null;
    await dialog.getByRole("button", { name: "Take it back" }).click();
    await dialog.waitFor({ state: "detached" });
    expect(engine.callsOf("offers.withdraw")).toBe(2);
  });

  it("shows why a GPU is not listed, and tests it again when asked", async () => {
    const { page, engine } = await open(mixed(Date.now()));
    const card = cardOf(page, A100.name);
    expect(await card.getByText("waits", { exact: true }).count()).toBeGreaterThan(0);
    await card
      .getByText(/CUDA can't be loaded/)
      .first()
      .waitFor();
    await card.getByRole("button", { name: "Run the self-test" }).click();
    await expect.poll(() => engine.callsOf("selftest.run"), PATIENCE).toBe(1);
    await cardOf(page, RTX_4090.name)
      .getByText(/until \d+ \w+ \d{4}/)
      .waitFor();
  });

  it("names a GPU that can't be offered, with the reason", async () => {
    const broken = gpu({
      verdict: {
        usable: false,
        code: "DRIVER_OLD",
        why: "Its driver 535 is too old",
        help: "Install 580 or later.",
      },
    });
    const { page } = await open(
      { ...NO_OFFERS, boards: [board("gpu-service", Date.now())] },
      { state: { devices: [broken] } },
    );
    await page.getByText(`${broken.name} can’t be offered`).waitFor();
    await page.getByText("Its driver 535 is too old.").waitFor();
  });

  it("follows what is offered elsewhere, unless a price is being drafted here", async () => {
    const now = Date.now();
    const { page, engine } = await open(listed(now));
    const card = cardOf(page, RTX_4090.name);
    const price = card.getByRole("textbox", { name: "Price of an hour" });
    const to = (text: string): Partial<OfferView> => ({
      price: amount("AIT", text),
      strategy: { kind: "fixed", price: amount("AIT", text) },
    });
    await expect.poll(() => price.inputValue(), PATIENCE).toBe("20.5");
    engine.tell({ offers: { ...listed(now), offers: [offer(RTX_4090, now, to("21"))] } });
    await expect.poll(() => price.inputValue(), PATIENCE).toBe("21");
    await price.fill("30");
    await price.press("Enter");
    engine.tell({ offers: { ...listed(now), offers: [offer(RTX_4090, now, to("22"))] } });
    await card.getByText("Listed at").waitFor();
    expect(await price.inputValue()).toBe("30");
    await card.getByRole("button", { name: "Undo" }).click();
    await expect.poll(() => price.inputValue(), PATIENCE).toBe("22");
  });

  it("tells GPUs of one model apart, in the headings and in what is asked before a change", async () => {
    const now = Date.now();
    const twins = [0, 3].map((index) => ({ id: `GPU-${index}`, name: `${A100.name} · GPU ${index}` }));
    const { page } = await open(
      {
        boards: [board("gpu-service", now)],
        gpus: twins.map(({ id }) => ({ device: id, model: A100.name, test: PASSED })),
        offers: [offer({ id: "GPU-3", name: A100.name }, now)],
      },
      { state: { devices: twins.map((twin) => gpu({ ...twin, model: A100.name })) } },
    );
    await page.locator(".outlook").first().waitFor();
    await shoot(page, "offers-twins", { fullPage: true });
    await cardOf(page, `${A100.name} · GPU 0`).waitFor();
    await cardOf(page, `${A100.name} · GPU 3`).getByRole("button", { name: "Take it back…" }).click();
    await page.getByRole("dialog", { name: `Take ${A100.name} · GPU 3 off the market?` }).waitFor();
  });

  it("says what is not checked, and keeps it apart from what is listed otherwise", async () => {
    const now = Date.now();
    const error = {
      code: "MARKET_TIMEOUT",
      message: "Coordinator at http://127.0.0.1:8203 did not answer in time",
      actor: "network",
    } as const;
    const { page } = await open({ ...listed(now), offers: [offer(RTX_4090, now, { error })] });
    const card = cardOf(page, RTX_4090.name);
    await card.getByText("not checked").first().waitFor();
    expect(await card.getByText("listed otherwise").count()).toBe(0);
  });

  it("takes no older draft's price for this one's where this one's could not be worked out", async () => {
    const { page, engine } = await open({ ...listed(Date.now()), offers: [] });
    const card = cardOf(page, RTX_4090.name);
    const offerIt = card.getByRole("button", { name: "Offer this GPU" });
    await expect.poll(() => offerIt.isDisabled(), PATIENCE).toBe(false);
    engine.offerPreview = () => {
      throw new AppError({ code: "LEDGER_FAILED", message: "The disk is full", actor: "machine" });
    };
    await card.getByRole("radio", { name: "By demand" }).click();
    await card.getByText("The disk is full.").waitFor();
    expect(await offerIt.isDisabled()).toBe(true);
    expect(await card.locator("[aria-busy=true]").count()).toBe(0);
    expect(await card.locator(".price-big").textContent()).toContain("–");
    await shoot(page, "offers-preview-failed");
    expect(await violations(page)).toEqual([]);
  });

  it("keeps the line of prices as long as its handle is held", async () => {
    const { page } = await open(listed(Date.now()));
    const card = cardOf(page, RTX_4090.name);
    const price = card.getByRole("textbox", { name: "Price of an hour" });
    await settled(page);
    await price.fill("1000");
    await price.press("Enter");
    const line = card.locator(".price-scale .slider-control");
    await card.locator(".price-ends").getByText("1000.00").waitFor();
    const box = await line.boundingBox();
    if (box === null) throw new Error("the line is not shown");
    const y = box.y + box.height / 2;
    await page.mouse.move(box.x + box.width - 2, y);
    await page.mouse.down();
    for (const share of [0.9, 0.75, 0.5]) await page.mouse.move(box.x + box.width * share, y);
    await page.mouse.move(box.x + box.width * 0.5 + 1, y);
    const half = Number(await price.inputValue());
    expect(half, "half of the line is half of what it shows").toBeGreaterThan(450);
    expect(half).toBeLessThan(550);
    await page.mouse.up();
  });
});
