/** Reliability: thresholds with their limits drawn, what the guard does, what the market says, and its empty states. */
import type { BrowserContextOptions, Page } from "playwright";
import { beforeEach, describe, expect, it } from "vitest";
import { HOUR, MINUTE, SECOND } from "../../src/shared/durations.ts";
import { aLevel, aMeasure, anAccount, aStanding } from "../support/scripted-account.ts";
import { chromiumFile } from "./ui/browser.ts";
import { dashboardSuite, turnTo, visit } from "./ui/dashboard-page.ts";
import { expectWhole, expectWholeInEveryLook, sidewaysScroll, violations } from "./ui/page-checks.ts";
import { type Look, lookName, NARROW, shoot } from "./ui/screenshots.ts";
import type { ScriptedEngine } from "./ui/scripted-engine.ts";
import { aicf, aitbc, amount, earning } from "./ui/states.ts";

describe.skipIf(chromiumFile === null)("Reliability", () => {
  const dashboard = dashboardSuite();
  let page: Page;
  let engine: ScriptedEngine;

  beforeEach(async () => {
    const now = Date.now();
    engine = await dashboard.engine({
      ...earning(now),
      markets: [aitbc(now), aicf(now, { standing: aStanding(now), serviceWarnings: 0 })],
    });
    engine.account = anAccount({ standing: aStanding(now), level: aLevel(now) });
    await newPage();
  });

  async function newPage(options?: BrowserContextOptions): Promise<void> {
    page = await dashboard.page(engine.url, options);
  }

  const open = (title = "Reliability") => visit(page, engine.link(), title);

  /** Near two limits, past one, jailed once before. */
  function inTrouble(): void {
    const now = Date.now();
    const slashes = [
      {
        reason: "qos",
        text: "The quality of service was below the market’s limit, job job-8861, block 92210",
        amount: amount("ANM", "7"),
        height: 92_210,
        at: now - 20 * MINUTE,
        jobId: "job-8861-with-quite-a-long-identifier-of-a-market",
      },
      {
        reason: "availability",
        text: "Heartbeats were missing for too long, block 91002",
        amount: amount("ANM", "3.5"),
        height: 91_002,
        at: null,
        jobId: null,
      },
    ];
    const standing = aStanding(now, {
      state: "jailed",
      jailedUntil: now + 4 * HOUR,
      health: { score: 0.31, word: "DEGRADED" },
      slashes,
      reasons: [
        {
          code: "jailed",
          text: "This provider is jailed after its penalties",
          help: "Nothing is given out until then; look at the penalties, mend their cause, and keep the worker running.",
        },
      ],
    });
    const cost = amount("ANM", "3.5");
    const actions = [
      {
        kind: "warn" as const,
        measure: "qos" as const,
        model: null,
        device: null,
        since: now - 3 * MINUTE,
        text: "Jobs late",
      },
      {
        kind: "lower-concurrency" as const,
        measure: "qos" as const,
        model: null,
        device: null,
        since: now - 3 * MINUTE,
        text: "Half as many jobs are taken at once until they are in time again.",
      },
      {
        kind: "pause-model" as const,
        measure: null,
        model: "all-MiniLM-L6-v2",
        device: engine.state.devices[0]?.id ?? null,
        since: now - MINUTE,
        text: "all-MiniLM-L6-v2 is not offered on NVIDIA GeForce RTX 3060: a wrong answer, cosine 0.913",
      },
    ];
    engine.state = {
      ...engine.state,
      markets: [aitbc(now), aicf(now, { standing, serviceWarnings: 2 })],
    };
    engine.account.standing = standing;
    engine.account.level = aLevel(now, {
      measures: [
        aMeasure("health", { value: 0.31, state: "breached", trend: "worse" }),
        aMeasure("availability", {
          value: 0.984,
          state: "warning",
          breachCost: cost,
          breachBps: 250,
          trend: "worse",
        }),
        aMeasure("latency-p95", { value: 2_700, state: "warning", trend: "worse" }),
        aMeasure("traps", { value: null }),
        aMeasure("qos", { value: 0.93, state: "breached", breachCost: cost, breachBps: 500 }),
        aMeasure("jail", { value: 2, state: "warning", trend: "unknown" }),
      ],
      actions,
      beats: aLevel(now).beats.filter((_, i) => i < 20 || i > 31),
      log: actions.map(({ since, kind, measure, model, device, text }) => ({
        at: since,
        change: "began" as const,
        kind,
        measure,
        model,
        device,
        text,
      })),
    });
  }

  const measure = (name: string) => page.getByRole("listitem").filter({ hasText: name });

  it("says of each threshold where we stand, how far off the limit is and what a breach would cost", async () => {
    await open();
    const availability = measure("Time covered by heartbeats").first();
    await availability.getByText("99.7 %", { exact: true }).waitFor();
    await availability.getByText("1.7 points above the limit.", { exact: false }).waitFor();
    await availability.getByText("A breach now would cost 3.500000 ANM.", { exact: false }).waitFor();
    const bar = availability.getByRole("img");
    expect(await bar.getAttribute("aria-label")).toBe("Time covered by heartbeats: 99.7 %, limit 98.0 %");
    const { fill, limit } = await bar.evaluate((element) => ({
      fill: element.children[0]?.getBoundingClientRect().right ?? 0,
      limit: element.children[1]?.getBoundingClientRect().left ?? 0,
    }));
    expect(fill, "what is above the limit reaches past its line").toBeGreaterThan(limit);
    await page.getByText("Eligible for work").waitFor();
    await page.getByText("Nothing has to be done.").waitFor();
    await page.getByText("No penalty so far.").waitFor();
    await page.getByText("AITBC measures no service").waitFor();
    expect(await page.locator(".nav-badge").count(), "nothing needs a look").toBe(0);
  });

  it("says what is wrong, what it does about it, and marks the menu", async () => {
    inTrouble();
    await open();
    await page.getByText("2.0 points below the limit.", { exact: false }).waitFor();
    await page.getByText("0.4 points above the limit.", { exact: false }).waitFor();
    await page.getByText("300 ms left before the limit.", { exact: false }).waitFor();
    await page.getByText("1 more reaches the limit.", { exact: false }).waitFor();
    await measure("Trap jobs").first().getByText("Not measured yet.", { exact: false }).waitFor();
    await page.getByText("Takes half as many jobs at once", { exact: false }).first().waitFor();
    await page
      .getByText(`Leaves out all-MiniLM-L6-v2 on ${engine.state.devices[0]?.name}`, { exact: false })
      .first()
      .waitFor();
    await page.getByText(/^Jailed until /).waitFor();
    await page.getByText("keep the worker running.", { exact: false }).waitFor();
    const penalties = page.getByRole("region", { name: "Penalties" });
    await penalties.getByText("10.500000 ANM in all").waitFor();
    await penalties.getByText(/^block 91\s?002$/).waitFor();
    const link = page.getByRole("navigation").getByRole("link", { name: /Reliability/ });
    expect((await link.innerText()).replace(/\s+/g, " ")).toContain("3");
    await page.getByText("3 things to look at").waitFor({ state: "attached" });
    expect(
      await page.getByRole("img", { name: /heartbeats in the last 15 min, the longest gap 3 min/ }).count(),
    ).toBe(1);
  });

  /** Both markets have lost five leases in a row. */
  function paused(): void {
    const now = Date.now();
    const pause = (name: string) => ({
      paused: { since: now - 4 * MINUTE, lost: 5 },
      error: {
        code: "MARKET_PAUSED",
        message: `No more work is taken from ${name}: 5 leases in a row were lost after their jobs had begun`,
        actor: "user" as const,
        help: "See under Jobs why they were lost; then take its work again on the Reliability screen or with `bellows start`.",
      },
    });
    const markets = [
      aitbc(now, pause("AITBC")),
      aicf(now, { standing: aStanding(now), serviceWarnings: 0, ...pause("AICF") }),
    ];
    engine.state = { ...engine.state, markets };
    const action = {
      kind: "pause-market" as const,
      measure: null,
      model: null,
      device: null,
      lost: 5,
      since: now - 4 * MINUTE,
      text: "no more work taken, because 5 leases in a row were lost",
    };
    engine.account.level = aLevel(now, { actions: [action] });
  }

  it("says of which market no work is taken any more and why, takes it again, and says so on Home", async () => {
    paused();
    await open();
    await page.getByText("No more work is taken from AICF.").waitFor();
    await page.getByText("because 5 leases in a row were lost").waitFor();
    await page.getByText("2 things to look at").waitFor({ state: "attached" });
    // A market that measures nothing says it all the same.
    const card = page.getByRole("region", { name: "AITBC" });
    await card.getByText("No more work is taken from AITBC.").waitFor();
    await card.getByRole("button", { name: "Take its work again" }).click();
    await card.getByText("No more work is taken from AITBC.").waitFor({ state: "detached" });
    expect(engine.calls.find(({ command }) => command === "market.resume")?.input).toEqual({
      market: "aitbc",
    });

    await turnTo(page, "home");
    await page
      .getByText("No more work is taken from AICF: 5 leases in a row were lost", { exact: false })
      .waitFor();
    await page.getByText("MARKET_PAUSED").scrollIntoViewIfNeeded();
    await shoot(page, "reliability-paused-home");
  });

  it.each([
    ["en-GB", "Reliability", "Take its work again"],
    ["de-DE", "Zuverlässigkeit", "Wieder Arbeit annehmen"],
  ])("has room for the pause of a market in %s", async (locale, title, button) => {
    paused();
    await newPage({ viewport: NARROW, locale });
    await open(title);
    await page.getByRole("button", { name: button }).first().waitFor();
    await shoot(page, `reliability-paused-${locale}`, { fullPage: true });
    await expectWhole(page);
  });

  it("is honest about what is not known: no market, no measure, no answer", async () => {
    engine.state = { ...engine.state, markets: [] };
    await open();
    await page.getByText("No market is configured").waitFor();
    const now = Date.now();
    engine.account.level = aLevel(now, {
      window: { from: now - 5 * SECOND, to: now, jobs: 0 },
      beats: [],
      measures: [aMeasure("health", { value: null }), aMeasure("traps", { value: null })],
    });
    engine.tell({ markets: [aicf(now)] });
    await page.getByText("The market has not said yet").first().waitFor();
    await page.getByRole("img", { name: "No heartbeat was acknowledged in this window" }).waitFor();
    const values = await page.locator(".measure-value").allInnerTexts();
    expect(values).toEqual(["–", "–"]);
    expect(await violations(page)).toEqual([]);
  });

  it("is whole at every size and light, in calm and in trouble", async () => {
    const shot = (name: string, look: Look) =>
      shoot(page, `reliability-${name}-${lookName(look)}`, { fullPage: true });
    await open();
    await page.getByText("No penalty so far.").waitFor();
    await expectWholeInEveryLook(page, "calm", (look) => shot("calm", look));
    inTrouble();
    await newPage();
    await open();
    await page.getByText("10.500000 ANM in all").waitFor();
    const see = async (look: Look) => {
      await page.locator(".content").evaluate((content) => content.scrollTo(0, 0));
      await shot("trouble", look);
      await page.locator(".guard-card").evaluate((card) => card.scrollIntoView());
      await shot("trouble-below", look);
    };
    await expectWholeInEveryLook(page, "trouble", see);
  });

  it("has room for German words", async () => {
    inTrouble();
    await newPage({ viewport: NARROW, locale: "de-DE" });
    await open("Zuverlässigkeit");
    await page.getByText("10,500000 ANM insgesamt").waitFor();
    await shoot(page, "reliability-de-900", { fullPage: true });
    expect(await sidewaysScroll(page)).toBe(0);
  });
});
