/** Jobs, Earnings and Activity: a hundred thousand rows, money day by day, and the log; by keyboard, dark and light. */
import { readFileSync } from "node:fs";
import type { BrowserContextOptions, Locator, Page } from "playwright";
import { beforeEach, describe, expect, it } from "vitest";
import { booksUnread } from "../../src/engine/market/limits.ts";
import type { ActivityEvent } from "../../src/shared/contract/activity.ts";
import type {
  EarningDay,
  EarningEntry,
  EarningSeries,
  EarningSummary,
  EarningSums,
} from "../../src/shared/contract/earnings.ts";
import type { MarketId } from "../../src/shared/contract/views.ts";
import { DAY, HOUR, MINUTE, SECOND } from "../../src/shared/durations.ts";
import { AppError } from "../../src/shared/errors.ts";
import type { MoneyValue } from "../../src/shared/money.ts";
import { encodeResult } from "../../src/shared/results.ts";
import type { ScreenName } from "../../src/shared/screens.ts";
import { earningSums } from "../support/earning-sums.ts";
import { noRentals } from "../support/scripted-books.ts";
import { chromiumFile } from "./ui/browser.ts";
import { dashboardSuite, turnTo } from "./ui/dashboard-page.ts";
import { expectWhole, expectWholeInEveryLook, sidewaysScroll, violations } from "./ui/page-checks.ts";
import { PATIENCE } from "./ui/patience.ts";
import { NARROW, shoot } from "./ui/screenshots.ts";
import type { ScriptedEngine } from "./ui/scripted-engine.ts";
import { amount, earning, empty } from "./ui/states.ts";

const isInSight = (what: Locator): Promise<boolean> =>
  what.evaluate((element) => {
    const { top, bottom } = element.getBoundingClientRect();
    return top >= 0 && bottom <= window.innerHeight;
  });

const currencyOf = (market: MarketId) => (market === "aicf" ? "ANM" : "AIT");

function sums(market: MarketId, net: string, more: Partial<EarningSums> = {}): EarningSums {
  const currency = currencyOf(market);
  const earned = amount(currency, net);
  const pending = { currency, minor: (BigInt(earned.minor) / 20n).toString() } as const;
  return earningSums(earned, { pending, ...more });
}

function series(market: MarketId, now: number): EarningSeries {
  const midnight = new Date(now).setHours(0, 0, 0, 0);
  const days = Array.from({ length: 365 }, (_, index): EarningDay => {
    const at = midnight - (364 - index) * DAY;
    const net = index === 364 ? "1.204131" : (1 + ((index * 7) % 13) / 10).toFixed(2);
    const pending = amount(currencyOf(market), index > 362 ? "0.31" : "0");
    return { ...sums(market, net, { pending }), date: new Date(at).toISOString().slice(0, 10), at };
  });
  return { market, currency: currencyOf(market), days };
}

/** The figures are the sums of the days, as an engine has them of one moment. */
function summary(market: MarketId, now: number): EarningSummary {
  const currency = currencyOf(market);
  const { days } = series(market, now);
  const last = (count: number): EarningSums => {
    const chosen = days.slice(-count);
    const sum = (pick: (day: EarningDay) => MoneyValue | null): MoneyValue => ({
      currency,
      minor: chosen.reduce((total, day) => total + BigInt(pick(day)?.minor ?? 0), 0n).toString(),
    });
    return earningSums(
      sum(({ net }) => net),
      {
        gross: sum(({ gross }) => gross),
        fee: sum(({ fee }) => fee),
        pending: sum(({ pending }) => pending),
        accepted: 412 * count,
        failed: 3 * count,
        energy: {
          deviceWh: 812 * count,
          restWh: 96 * count,
          measured: 0.93,
          cost: { currency: "EUR", micros: String(290_000 * count) },
        },
      },
    );
  };
  return {
    market,
    currency,
    today: last(1),
    week: last(7),
    month: last(30),
    total: last(365),
    overdue: { jobs: 2, net: amount(currency, "0.0062"), unpriced: 0, oldestAt: now - 3 * DAY, afterMs: DAY },
    ...noRentals(currency),
    rate: { currency: "EUR", micros: "21000" },
  };
}

function entries(market: MarketId, now: number): EarningEntry[] {
  const currency = currencyOf(market);
  return Array.from({ length: 90 }, (_, index) => {
    const settled = index > 4;
    return {
      market,
      leaseId: `lease-${9_000 - index}`,
      jobId: `job-${9_000 - index}`,
      kind: "embed",
      model: "text-embed-001",
      units: 8,
      acceptedAt: now - index * MINUTE,
      settledAt: settled ? now - index * MINUTE + 40 * SECOND : null,
      offered: amount(currency, "0.0041"),
      gross: settled ? amount(currency, "0.0041") : null,
      net: settled ? amount(currency, "0.00328") : null,
      expected: settled ? null : amount(currency, "0.00328"),
      reference: settled ? "epoch 418" : null,
    };
  });
}

const EVENTS: readonly Omit<ActivityEvent, "id" | "at">[] = [
  {
    type: "engine-started",
    level: "info",
    market: null,
    leaseId: null,
    text: "version: 0.1.0",
    detail: '{"version":"0.1.0"}',
  },
  {
    type: "market-error",
    level: "notice",
    market: "aitbc",
    leaseId: null,
    text: "No answer from 127.0.0.1:8203 within 10 s, and that for so long that the sentence does not fit into its line",
    detail: '{"code":"NO_ANSWER","message":"No answer"}',
  },
  {
    type: "runtime-failed",
    level: "problem",
    market: null,
    leaseId: "lease-9000",
    text: "The runtime process ended while it worked",
    detail: '{"device":"cpu","code":"RUNTIME_DIED","message":"The runtime process ended while it worked"}',
  },
  { type: "something-newer", level: "info", market: "aicf", leaseId: null, text: null, detail: "{}" },
];

function events(now: number): ActivityEvent[] {
  return Array.from({ length: 400 }, (_, index) => ({
    ...(EVENTS[index % EVENTS.length] as ActivityEvent),
    id: 400 - index,
    at: now - index * HOUR,
  }));
}

describe.skipIf(chromiumFile === null)("jobs, earnings and activity", () => {
  const dashboard = dashboardSuite();
  let engine: ScriptedEngine;
  let page: Page;

  beforeEach(async () => {
    const now = Date.now();
    engine = await dashboard.engine(earning(now));
    engine.books.summaries = [summary("aitbc", now), summary("aicf", now)];
    engine.books.series = [series("aitbc", now), series("aicf", now)];
    engine.books.entries = [...entries("aitbc", now), ...entries("aicf", now)];
    engine.books.events = events(now);
    engine.books.csv = "accepted_at,net\r\n2026-11-21T12:00:00.000Z,0.00328\r\n";
  });

  async function open(screen: ScreenName, options?: BrowserContextOptions): Promise<void> {
    page = await dashboard.page(engine.url, options);
    await page.goto(engine.link());
    await page.locator("main h1").first().waitFor();
    await turnTo(page, screen);
  }
  const heading = (name: string) => page.getByRole("heading", { level: 1, name }).waitFor();
  const card = (name: string) => page.getByRole("region", { name });
  const focused = () => page.evaluate(() => document.activeElement?.textContent ?? "");
  const firstRow = () => page.locator(".long-table tbody .row-open").first();

  describe("jobs", () => {
    it("shows a hundred thousand as one list and draws only those in sight", async () => {
      engine.olderJobs = 120_000;
      await open("jobs");
      await heading("Jobs");
      await page.getByText(/120\s020 jobs/).waitFor();
      expect(await page.locator(".long-table tbody tr").count()).toBeLessThan(80);
      const rows = await page.locator(".long-table table").getAttribute("aria-rowcount");
      expect(Number(rows)).toBe(120_021);
      await page.locator(".long-table").evaluate((list) => list.scrollTo(0, list.scrollHeight / 2));
      await expect.poll(() => page.locator(".long-table .row-open").count(), PATIENCE).toBeGreaterThan(10);
      const index = () => page.locator(".long-table tr[data-index]").nth(20).getAttribute("data-index");
      await expect.poll(async () => Number(await index()), PATIENCE).toBeGreaterThan(50_000);
      expect(engine.callsOf("jobs.list"), "pages that were not in sight were not read").toBeLessThan(12);
    });

    it("goes through the list by keyboard, from its first row to its last, and opens a job", async () => {
      await open("jobs");
      await firstRow().focus();
      await page.keyboard.press("ArrowDown");
      await page.keyboard.press("ArrowDown");
      const place = () =>
        page.evaluate(() => document.activeElement?.closest("tr")?.getAttribute("aria-rowindex"));
      await expect.poll(place, PATIENCE).toBe("4");
      await page.keyboard.press("End");
      await expect.poll(place, PATIENCE).toBe(String(engine.olderJobs + engine.state.recentJobs.length + 1));
      await page.keyboard.press("PageUp");
      await expect.poll(async () => Number(await place()), PATIENCE).toBeLessThan(139);
      await page.keyboard.press("Home");
      await expect.poll(place, PATIENCE).toBe("2");
      await page.keyboard.press("Enter");
      const sheet = page.getByRole("dialog");
      await sheet.getByRole("heading", { name: "Timeline" }).waitFor();
      await page.keyboard.press("Escape");
      await sheet.waitFor({ state: "detached" });
      await expect.poll(place, PATIENCE).toBe("2");
    });

    it("narrows by state, market and the beginning of an id, and says when nothing is left", async () => {
      await open("jobs");
      await page.getByText("140 jobs").waitFor();
      await page.getByRole("combobox", { name: "State" }).focus();
      await page.keyboard.press("Enter");
      await page.getByRole("option", { name: /^Came to nothing/ }).click();
      await page.getByRole("heading", { name: "Matching jobs" }).waitFor();
      const words = () => page.locator(".long-table .status-word").allInnerTexts();
      const bad = ["returned", "failed", "expired", "lost", "rejected"];
      await expect
        .poll(async () => (await words()).every((word) => bad.includes(word.trim())), PATIENCE)
        .toBe(true);
      expect(engine.calls.findLast(({ command }) => command === "jobs.count")?.input).toMatchObject({
        states: bad,
      });
      await page.getByRole("searchbox", { name: "Id of a lease or job" }).fill("no such id");
      await page.getByText("No job matches").waitFor();
      await page.getByRole("button", { name: "Show all" }).click();
      await page.getByText("140 jobs").waitFor();
      expect(await page.getByRole("searchbox").inputValue()).toBe("");
    });

    it("lets new jobs wait while one reads further down", async () => {
      await open("jobs");
      await firstRow().waitFor();
      const [newest] = engine.state.recentJobs;
      if (newest === undefined) throw new Error("There are jobs");
      const fresh = (id: string) => ({ ...newest, leaseId: id, jobId: id, leasedAt: newest.leasedAt + 1 });
      engine.tell({ recentJobs: [fresh("at-the-top"), ...engine.state.recentJobs] });
      await page.getByText("141 jobs").waitFor();
      await page.locator(".long-table").evaluate((list) => list.scrollTo(0, 1500));
      await expect
        .poll(() => page.locator(".long-table").evaluate((list) => list.scrollTop), PATIENCE)
        .toBe(1500);
      // The page has seen the scroll once it has drawn what came into sight.
      await page.locator('.long-table tr[data-index="55"]').waitFor();
      await expect.poll(() => page.locator('.long-table tr[data-index="2"]').count(), PATIENCE).toBe(0);
      engine.tell({ recentJobs: [fresh("while-reading"), ...engine.state.recentJobs] });
      await page.getByRole("button", { name: "1 new · show" }).click();
      await expect
        .poll(() => page.locator(".long-table").evaluate((list) => list.scrollTop), PATIENCE)
        .toBe(0);
      await page.getByText("142 jobs").waitFor();
    });

    it("holds the list still under the pointer and around a focused row", async () => {
      await open("jobs");
      await firstRow().waitFor();
      const [newest] = engine.state.recentJobs;
      if (newest === undefined) throw new Error("There are jobs");
      const fresh = (id: string) => ({ ...newest, leaseId: id, jobId: id, leasedAt: newest.leasedAt + 1 });
      const arrive = (id: string) => engine.tell({ recentJobs: [fresh(id), ...engine.state.recentJobs] });
      await firstRow().hover();
      arrive("under-the-pointer");
      const show = page.getByRole("button", { name: /new · show$/ });
      await show.getByText("1 new · show").waitFor();
      await shoot(page, "jobs-held");
      await page.getByText("140 jobs").waitFor();
      await show.hover();
      expect(await show.innerText(), "it waits for the click").toBe("1 new · show");
      await page.mouse.move(2, 2);
      await page.getByText("141 jobs").waitFor();
      await show.waitFor({ state: "detached" });

      await firstRow().focus();
      arrive("with-focus");
      arrive("with-focus-2");
      await show.getByText("2 new · show").waitFor();
      await show.click();
      await page.getByText("143 jobs").waitFor();
    });

    it("shows by itself what changed among jobs that are not the newest", async () => {
      await open("jobs");
      await page.getByText("140 jobs").waitFor();
      // An epoch ended: no newest job is another, only the money is.
      engine.olderJobs += 1;
      engine.tell({ earnings: engine.state.earnings.map((view) => ({ ...view, reconciledAt: Date.now() })) });
      await page.getByText("141 jobs").waitFor();
    });

    it("checks a job's receipt where it is shown", async () => {
      await open("jobs");
      const settled = engine.state.recentJobs.findIndex(({ state }) => state === "settled");
      await page.locator(".long-table .row-open").nth(settled).click();
      const sheet = page.getByRole("dialog");
      await sheet.getByRole("button", { name: "Check the receipt" }).click();
      const verdict = sheet.getByText(/Everything holds|Something does not hold/);
      await verdict.waitFor();
      expect(engine.callsOf("jobs.verify")).toBe(1);
      // Below the last button of a long sheet, and in sight all the same; and said to who can't see it.
      await expect.poll(() => isInSight(verdict), PATIENCE).toBe(true);
      expect(await verdict.locator('xpath=ancestor::*[@role="status"]').count()).toBe(1);
      await shoot(page, "job-checked");
    });

    it("shows what was computed while it is kept, and hands it out as it was signed", async () => {
      await open("jobs");
      const settled = engine.state.recentJobs.findIndex(({ state }) => state === "settled");
      const { leaseId = "" } = engine.state.recentJobs[settled] ?? {};
      const long = "A warm forge. ".repeat(40_000);
      const bytes = encodeResult({ kind: "generate", text: long, tokenIds: [1, 2, 3] });
      engine.outputs.set(leaseId, bytes);
      await page.locator(".long-table .row-open").nth(settled).click();
      const sheet = page.getByRole("dialog");
      expect(engine.callsOf("jobs.output")).toBe(0);
      await sheet.getByRole("button", { name: "Show the output" }).focus();
      await page.keyboard.press("Enter");
      const shown = sheet.getByRole("textbox", { name: "Output" });
      await shown.waitFor();
      expect(await shown.inputValue()).toBe(long);
      expect(engine.callsOf("jobs.output"), "a big one comes in pieces").toBe(2);
      const download = page.waitForEvent("download");
      await sheet.getByRole("button", { name: "Save the bytes" }).click();
      const file = await download;
      expect(file.suggestedFilename()).toMatch(/^output-(aicf|aitbc)-.*\.cbor$/);
      expect(readFileSync(await file.path()).equals(bytes)).toBe(true);
    });

    it("shows the first numbers of a result that is made of them", async () => {
      await open("jobs");
      const settled = engine.state.recentJobs.findIndex(({ state }) => state === "settled");
      await page.locator(".long-table .row-open").nth(settled).click();
      const sheet = page.getByRole("dialog");
      await sheet.getByRole("button", { name: "Show the output" }).click();
      const shown = sheet.getByRole("textbox", { name: "Output" });
      await expect.poll(() => shown.inputValue(), PATIENCE).toMatch(/^vectors 2 × 3\n0: /);
      await shoot(page, "job-output");
      expect(await violations(page)).toEqual([]);
    });
  });

  describe("earnings", () => {
    it("shows each market's money for itself: net, what it is made of, and after electricity", async () => {
      await open("earnings");
      const today = card("Today");
      await today.getByText("1.204131").waitFor();
      // One answer: the card, the chart's sum over the same days and what is pending are the same figures.
      const legend = page.locator(".chart-legend");
      const month = await card("30 days").locator(".period-net").innerText();
      await legend.getByText(month.replace(/\s+/g, " ")).waitFor();
      expect(await today.getByText("812 Wh").count()).toBe(1);
      // 1.204131 at 0.021 EUR, less 0.29 EUR.
      expect(await today.getByText("−0.26 EUR").count()).toBe(1);
      await page.getByRole("radio", { name: "AITBC" }).focus();
      await page.keyboard.press("Space");
      await expect.poll(() => today.locator(".amount-currency").first().innerText(), PATIENCE).toBe("AIT");
    });

    it("reads the chart day by day with the arrow keys, and week by week over a year", async () => {
      await open("earnings");
      const chart = page.getByRole("slider", { name: /Earned per day on/ });
      await chart.focus();
      await page.keyboard.press("ArrowLeft");
      await expect.poll(() => chart.getAttribute("aria-valuenow"), PATIENCE).toBe("29");
      await page.keyboard.press("ArrowLeft");
      await expect
        .poll(() => chart.getAttribute("aria-valuetext"), PATIENCE)
        .toMatch(/Net 1\.\d+ ANM.*Energy 812 Wh/);
      await page.keyboard.press("Home");
      await expect.poll(() => chart.getAttribute("aria-valuenow"), PATIENCE).toBe("0");
      await page.getByRole("radio", { name: "1 year" }).focus();
      await page.keyboard.press("Space");
      await page.getByRole("heading", { name: "Per week" }).waitFor();
      await expect.poll(() => chart.getAttribute("aria-valuemax"), PATIENCE).toBe("52");
    });

    it("names money at risk, and claims only after asking", async () => {
      engine.account.balance = {
        market: "aicf",
        providerId: "prov_1",
        available: amount("ANM", "12"),
        pending: amount("ANM", "3.25"),
        escrow: amount("ANM", "0.5"),
        lastSettlementEpoch: 418,
      };
      await open("earnings");
      const risk = card("Money on its way");
      await risk.getByText(/waiting longer than 1 d/).waitFor();
      const claim = risk.getByRole("button", { name: "Claim…" });
      await claim.focus();
      await page.keyboard.press("Enter");
      const dialog = page.getByRole("dialog", { name: /Claim .* ANM on AICF\?/ });
      await dialog.waitFor();
      expect(engine.callsOf("provider.claim")).toBe(0);
      await dialog.getByRole("button", { name: "Claim", exact: true }).press("Enter");
      await risk.getByText(/ANM claimed/).waitFor();
      expect(engine.callsOf("provider.claim")).toBe(1);
    });

    it("follows a job from its acceptance to its credit, and opens it", async () => {
      await open("earnings");
      const ledger = card("Ledger");
      await ledger.getByText("90 entries").waitFor();
      await ledger.getByText("credited after 40 s").first().waitFor();
      await ledger.getByRole("radio", { name: "Pending" }).focus();
      await page.keyboard.press("Space");
      await ledger.getByText("5 entries").waitFor();
      await ledger.locator(".row-open").first().focus();
      await page.keyboard.press("Enter");
      await page.getByRole("dialog").getByRole("heading", { name: "Timeline" }).waitFor();
    });

    it("waits with the file until it is known when the shown time began", async () => {
      const gate = Promise.withResolvers<void>();
      engine.books.until = gate.promise;
      await open("earnings");
      await page.getByRole("button", { name: "Export CSV…" }).click();
      const dialog = page.getByRole("dialog", { name: "Export as CSV" });
      const save = dialog.getByRole("button", { name: "Save the file" });
      await save.waitFor();
      expect(await save.isDisabled()).toBe(true);
      await dialog.getByRole("radio", { name: "Everything" }).click();
      await expect.poll(() => save.isDisabled(), PATIENCE).toBe(false);
      await dialog.getByRole("radio", { name: /^As shown/ }).click();
      await expect.poll(() => save.isDisabled(), PATIENCE).toBe(true);
      gate.resolve();
      await expect.poll(() => save.isDisabled(), PATIENCE).toBe(false);
      const download = page.waitForEvent("download");
      await save.click();
      await download;
      expect(engine.lastInput("earnings.csv")).toMatchObject({
        from: engine.books.series[1]?.days.at(-30)?.at,
      });
    });

    it("saves the ledger as CSV", async () => {
      await open("earnings");
      await page.getByRole("button", { name: "Export CSV…" }).click();
      const dialog = page.getByRole("dialog", { name: "Export as CSV" });
      await dialog.getByRole("radio", { name: "Everything" }).click();
      await dialog.getByRole("radio", { name: "All markets" }).click();
      const download = page.waitForEvent("download");
      await dialog.getByRole("button", { name: "Save the file" }).click();
      const file = await download;
      expect(file.suggestedFilename()).toMatch(/^bellows-earnings-\d{4}-\d\d-\d\d\.csv$/);
      expect(readFileSync(await file.path(), "utf8")).toBe(engine.books.csv);
      expect(engine.calls.findLast(({ command }) => command === "earnings.csv")?.input).toEqual({
        by: "accepted",
      });
      await dialog.waitFor({ state: "detached" });
    });
  });

  describe("money that would go out of sight", () => {
    const now = Date.now();
    const owing = (market: MarketId): EarningSummary => {
      const known = summary(market, now);
      const currency = currencyOf(market);
      const rented = (rentals: number, total: string) => ({
        ...{ rentals, running: 1, agreed: amount(currency, total), untold: 0 },
      });
      return {
        ...known,
        overdue: { ...known.overdue, jobs: 1_204, net: amount(currency, "4.11"), oldestAt: now - 90 * DAY },
        writtenOff: {
          byMarket: 17,
          byPerson: { jobs: 0, net: amount(currency, "0"), unpriced: 0, lastJobs: 0 },
        },
        rentals: { month: rented(3, "41.5"), total: rented(12, "160.25") },
      };
    };

    beforeEach(() => {
      engine.books.summaries = [{ ...owing("aitbc"), notConfigured: true }, owing("aicf")];
      engine.books.unpaid = (["aitbc", "aicf"] as const).map((market) => ({
        ...{ market, jobs: 1_180, net: amount(currencyOf(market), "4.02") },
      }));
      engine.tell({
        earnings: engine.state.earnings.map((view) =>
          view.market === "aitbc" ? { ...view, notConfigured: true } : view,
        ),
      });
      for (const [index, entry] of engine.books.entries.entries())
        if (entry.settledAt === null && index % 2 === 0)
          engine.books.entries[index] = { ...entry, writtenOff: { at: now, by: "market" } };
    });

    it("is shown of a market that was taken out of the settings, and of rentals on a line of its own", async () => {
      await open("home");
      await page.getByText("not configured any more").waitFor();
      await shoot(page, "home-market-left");
      await turnTo(page, "earnings");
      await page.getByRole("radio", { name: "AITBC" }).click();
      await page.getByText("AITBC is not configured any more. Its books stay.").waitFor();
      await page
        .getByText("12 GPU rentals: 41.500000 AIT agreed in 30 days, 160.250000 AIT in all, 1 is running")
        .waitFor();
      expect(await page.getByRole("button", { name: "Claim…" }).count()).toBe(0);
      await shoot(page, "earnings-market-left");
      expect(await violations(page)).toEqual([]);
      await expectWholeInEveryLook(page, "earnings-unpaid");
    });

    it("is written off only after asking", async () => {
      await open("earnings");
      const risk = card("Money on its way");
      await risk.getByText("17 jobs accepted that the market set nothing aside for").waitFor();
      await risk.getByRole("button", { name: "Write off…" }).focus();
      await page.keyboard.press("Enter");
      const dialog = page.getByRole("dialog", { name: /Wait no more for 1.?180 jobs of AICF\?/ });
      await dialog.waitFor();
      await shoot(page, "earnings-write-off");
      expect(engine.callsOf("earnings.writeOff")).toBe(0);
      await dialog.getByRole("button", { name: "Write off", exact: true }).press("Enter");
      await dialog.waitFor({ state: "detached" });
      expect(engine.callsOf("earnings.writeOff")).toBe(1);
      await risk.getByRole("button", { name: "Write off…" }).waitFor({ state: "detached" });
    });

    it("is taken back, and found in the ledger", async () => {
      const [left, aicf] = engine.books.summaries as [EarningSummary, EarningSummary];
      const byPerson = { jobs: 1_180, net: amount("ANM", "4.02"), unpriced: 0, lastJobs: 1_180 };
      engine.books.summaries = [left, { ...aicf, writtenOff: { byMarket: 0, byPerson } }];
      await open("earnings");
      const ledger = card("Ledger");
      await ledger.getByRole("radio", { name: "Written off" }).focus();
      await page.keyboard.press("Space");
      await ledger.getByText("nothing set aside").first().waitFor();
      const risk = card("Money on its way");
      await risk.getByText(/1.?180 jobs written off: 4\.020000 ANM/).waitFor();
      await risk.getByRole("button", { name: "Wait again" }).press("Enter");
      await expect.poll(() => engine.callsOf("earnings.takeBack"), PATIENCE).toBe(1);
    });

    it("is found however long ago it was written off, and taken back deed by deed, or it is said why not", async () => {
      const [left, aicf] = engine.books.summaries as [EarningSummary, EarningSummary];
      const byPerson = { jobs: 1_180, net: amount("ANM", "0"), unpriced: 1_180, lastJobs: 30 };
      engine.books.summaries = [left, { ...aicf, writtenOff: { byMarket: 0, byPerson } }];
      const [newest] = engine.books.entries.filter(({ market }) => market === "aicf");
      if (newest === undefined) throw new Error("There are entries");
      engine.books.entries = [
        {
          ...newest,
          leaseId: "given-up",
          model: "given-up-long-ago",
          acceptedAt: now - 60 * DAY,
          writtenOff: { at: now - 20 * DAY, by: "person" },
        },
      ];
      engine.books.refusal = new AppError({
        code: "LEDGER_FAILED",
        message: "No room left",
        actor: "machine",
      });
      await open("earnings");
      const ledger = card("Ledger");
      await ledger.getByText("No entry in this time").waitFor();
      await ledger.getByRole("radio", { name: "Written off" }).click();
      await ledger.getByText(/given-up-long-ago/).waitFor();
      await ledger.getByText("1 entry, of all time").waitFor();
      const risk = card("Money on its way");
      await risk.getByText(/1.?180 jobs written off: the market has not said how much/).waitFor();
      await risk.getByRole("button", { name: "Wait again for the last 30 jobs" }).click();
      await risk.getByRole("alert").getByText("No room left.").waitFor();
      await shoot(page, "earnings-not-taken-back");
      await expectWhole(page);
    });

    it("is at least what its market has said, and nothing that is unknown is nothing", async () => {
      const [left, aicf] = engine.books.summaries as [EarningSummary, EarningSummary];
      const nothing = amount("ANM", "0");
      const rented = { rentals: 3, running: 0, agreed: nothing, untold: 3 };
      engine.books.summaries = [
        left,
        {
          ...aicf,
          overdue: { ...aicf.overdue, jobs: 12, net: nothing, unpriced: 12 },
          rentals: { month: rented, total: { ...rented, rentals: 4, agreed: amount("ANM", "7"), untold: 3 } },
        },
      ];
      engine.books.unpaid = [{ market: "aicf", jobs: 12, net: amount("ANM", "4.02"), unpriced: 5 }];
      await open("earnings");
      const risk = card("Money on its way");
      await risk.getByText("12 jobs unpaid for more than 30 days: ≥ 4.020000 ANM").waitFor();
      expect(await risk.locator(".tone-warn dd").innerText()).toBe("–");
      await page
        .getByText("4 GPU rentals: – agreed in 30 days, ≥ 7.000000 ANM in all, 3 without a price")
        .waitFor();
      await shoot(page, "earnings-unpriced");
    });

    it("is not to be compared by hand where it is known why the books can't be read", async () => {
      const limit = booksUnread({
        code: "NODE_SILENT",
        message: "The node 127.0.0.1:8545 does not answer",
        actor: "network",
        help: "Start it, or correct RPC_URL.",
      });
      engine.tell({
        markets: engine.state.markets.map((market) =>
          market.id === "aicf" ? { ...market, limits: [limit] } : market,
        ),
        earnings: engine.state.earnings.map((view) =>
          view.market === "aicf" ? { ...view, reconciledAt: now - 2 * DAY } : view,
        ),
      });
      await open("home");
      const words = "What was paid can't be read: The node 127.0.0.1:8545 does not answer. Start it";
      await card("Markets").getByText(words).waitFor();
      await page
        .locator(".earned-foot .tone-warn")
        .getByText(/market’s books read/)
        .waitFor();
      await shoot(page, "home-books-unread");
      await expectWhole(page);
      await turnTo(page, "earnings");
      await card("Money on its way").getByText(words).waitFor();
      expect(await page.getByText(/compare the market’s own books/).count()).toBe(0);
      await shoot(page, "earnings-books-unread");
      await expectWhole(page);
    });

    it("is exported by the day of payment", async () => {
      await open("earnings");
      await page.getByRole("button", { name: "Export CSV…" }).click();
      const dialog = page.getByRole("dialog", { name: "Export as CSV" });
      await dialog.getByRole("radio", { name: "Everything" }).click();
      await dialog.getByRole("radio", { name: /^Payment/ }).click();
      await shoot(page, "earnings-export");
      const download = page.waitForEvent("download");
      await dialog.getByRole("button", { name: "Save the file" }).click();
      await download;
      expect(engine.calls.findLast(({ command }) => command === "earnings.csv")?.input).toEqual({
        by: "paid",
        market: "aicf",
      });
    });
  });

  describe("activity", () => {
    it("names what happened in words, also what it has no name for, and shows one event whole", async () => {
      await open("activity");
      await heading("Activity");
      await page.getByText("Runtime failed").first().waitFor();
      expect(await page.getByText("Something newer").count()).toBeGreaterThan(0);
      await page
        .getByRole("button", { name: /^Runtime failed/ })
        .first()
        .focus();
      await page.keyboard.press("Enter");
      const dialog = page.getByRole("dialog", { name: "Runtime failed" });
      expect(await dialog.getByRole("textbox").inputValue()).toContain('"RUNTIME_DIED"');
      await page.keyboard.press("Escape");
      await dialog.waitFor({ state: "detached" });
      await expect.poll(focused, PATIENCE).toContain("Runtime failed");
    });

    it("goes on at its top for who read far down, or has pointed at a row", async () => {
      await open("activity");
      await page.getByText("Runtime failed").first().waitFor();
      const list = page.locator(".long-table");
      const newer = (text: string) => {
        const [newest] = engine.books.events;
        if (newest === undefined) throw new Error("There are events");
        engine.books.events = [
          { ...newest, id: newest.id + 1, at: newest.at + 1, type: text },
          ...engine.books.events,
        ];
      };
      await page.getByText("200 read, older ones follow").waitFor();
      await list.evaluate((element) => element.scrollTo(0, 150 * 32));
      await page.getByText("400 events").waitFor();
      newer("while-reading");
      await list.evaluate((element) => element.scrollTo(0, 0));
      await list.getByText("While reading").waitFor();
      const aimedAt = list.locator(".row-open").nth(3);
      const words = await aimedAt.innerText();
      await aimedAt.hover();
      newer("under-the-pointer");
      const read = engine.callsOf("activity.list");
      await page.mouse.move(2, 2);
      await list.getByText("Under the pointer").waitFor();
      expect(engine.callsOf("activity.list"), "it was read once nobody pointed at it").toBeGreaterThan(read);
      expect(await list.locator(".row-open").nth(4).innerText()).toBe(words);
    });

    it("is searched and narrowed, and taken away as it is narrowed", async () => {
      await open("activity");
      await page.getByRole("searchbox", { name: "Search the log" }).fill("RUNTIME_DIED");
      await page.getByText("100 events").waitFor();
      // Changed within the pause after the last key: neither forgets the other.
      await page.getByRole("searchbox").fill("");
      await page.getByRole("combobox", { name: "Level" }).click();
      await page.getByRole("option", { name: "Only problems" }).click();
      await expect
        .poll(() => engine.calls.findLast(({ command }) => command === "activity.list")?.input, PATIENCE)
        .toEqual({ level: "problem", limit: 200 });
      await page.getByRole("button", { name: "Export…" }).click();
      const download = page.waitForEvent("download");
      await page.getByRole("button", { name: "Save the file" }).click();
      const lines = readFileSync(await (await download).path(), "utf8")
        .trimEnd()
        .split("\n");
      expect(lines).toHaveLength(100);
      expect(JSON.parse(lines[0] ?? "")).toMatchObject({ type: "runtime-failed", detail: { device: "cpu" } });
    });
  });

  describe("fitting in", () => {
    it("is accessible and overflows nowhere, at every size and light", async () => {
      await open("jobs");
      for (const screen of ["jobs", "earnings", "activity"] as const) {
        await turnTo(page, screen);
        await firstRow().waitFor();
        if (screen === "earnings") await page.locator(".chart canvas").waitFor();
        await expectWholeInEveryLook(page, screen);
      }
    });

    it("has its empty states", async () => {
      engine.state = empty(Date.now());
      engine.olderJobs = 0;
      engine.books.summaries = [];
      engine.books.series = [];
      engine.books.entries = [];
      engine.books.events = [];
      await open("jobs");
      await page.getByText("No jobs yet").waitFor();
      await turnTo(page, "activity");
      await page.getByText("Nothing yet").waitFor();
      expect(await violations(page)).toEqual([]);
    });

    it("speaks German", async () => {
      await open("earnings", { viewport: NARROW, locale: "de-DE" });
      await heading("Einnahmen");
      await page.getByText("1,204131").first().waitFor();
      await page.locator(".chart canvas").waitFor();
      for (const screen of ["earnings", "jobs", "activity"] as const) {
        await turnTo(page, screen);
        await firstRow().waitFor();
        expect(await sidewaysScroll(page), screen).toBe(0);
        await shoot(page, `${screen}-900-de`);
      }
    });
  });
});
