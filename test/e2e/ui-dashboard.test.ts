import { readFileSync } from "node:fs";
import type { BrowserContextOptions, Page } from "playwright";
import { beforeEach, describe, expect, it } from "vitest";
import type { State } from "../../src/shared/contract/views.ts";
import { HOUR, SECOND } from "../../src/shared/durations.ts";
import { AppError } from "../../src/shared/errors.ts";
import type { MoneyValue } from "../../src/shared/money.ts";
import { SCREEN_NAMES } from "../../src/shared/screens.ts";
import { en } from "../../src/shared/words/en/en.ts";
import { earningPeriods } from "../support/earning-sums.ts";
import { aPause } from "../support/scripted-devices.ts";
import { chromiumFile } from "./ui/browser.ts";
import { dashboardSuite, turnTo } from "./ui/dashboard-page.ts";
import { expectWhole, expectWholeInEveryLook, sidewaysScroll, violations, wear } from "./ui/page-checks.ts";
import { PATIENCE } from "./ui/patience.ts";
import { LOOKS, type Look, lookName, NARROW, shoot } from "./ui/screenshots.ts";
import type { ScriptedEngine } from "./ui/scripted-engine.ts";
import {
  aicf,
  amount,
  attention,
  cpu,
  earning,
  empty,
  gpu,
  idle,
  job,
  LONG_GPU_NAME,
  paused,
} from "./ui/states.ts";

/** Pixels by which a table of earnings is wider than its place; a card's own edge is further out. */
const overhang = (page: Page): Promise<number> =>
  page
    .locator(".earned-periods")
    .evaluateAll((tables) =>
      Math.max(
        0,
        ...tables.map(
          (table) =>
            table.getBoundingClientRect().right - (table.parentElement?.getBoundingClientRect().right ?? 0),
        ),
      ),
    );

/** Nothing but today. */
const bigPeriods = (today: MoneyValue) => {
  const { today: sums } = earningPeriods(today, today);
  const only = { ...sums, gross: today };
  return { today: only, week: only, month: only, total: only };
};

/** Pixels by which today's figure stands over what is beside it. */
const collision = (page: Page): Promise<number> =>
  page.locator(".earned-market").evaluateAll((markets) =>
    Math.max(
      ...markets.map((market) => {
        const box = (of: string) => market.querySelector(of)?.getBoundingClientRect() ?? new DOMRect();
        const [figure, column] = [box(".earned-sum .amount"), box(".earned-now")];
        const inner = [...(market.querySelectorAll(".earned-sum .amount *") ?? [])].map(
          (element) => element.getBoundingClientRect().right,
        );
        return Math.max(figure.right, ...inner) - column.right;
      }),
    ),
  );

describe.skipIf(chromiumFile === null)("the dashboard in a browser", () => {
  const dashboard = dashboardSuite();
  let page: Page;
  let engine: ScriptedEngine;

  beforeEach(async () => {
    engine = await dashboard.engine(earning(Date.now()));
    await newPage();
  });

  async function newPage(options?: BrowserContextOptions): Promise<void> {
    page = await dashboard.page(engine.url, options);
  }

  async function open(state: State = engine.state): Promise<void> {
    engine.state = state;
    await page.goto(engine.link());
    await page.getByRole("heading", { level: 1, name: state.headline.sentence }).waitFor();
  }

  const card = (name: string) => page.getByRole("region", { name });
  const focusedText = () => page.evaluate(() => document.activeElement?.textContent ?? "");

  describe("getting in", () => {
    it("trades the link's token for a session and takes it out of the address", async () => {
      await open();
      expect(page.url()).toBe(engine.url);
      await page.reload();
      await page.getByRole("heading", { name: engine.state.headline.sentence }).waitFor();
    });

    it("asks calmly for the link without a session, and takes a new one in the same tab", async () => {
      await page.goto(engine.url);
      await page.getByRole("heading", { name: "This page needs its link" }).waitFor();
      await page.goto(engine.link());
      await page.getByRole("heading", { name: engine.state.headline.sentence }).waitFor();
      expect(page.url()).toBe(engine.url);
    });

    it("asks for the link when the engine no longer knows the session", async () => {
      await open();
      engine.forgetSessions();
      const { port } = engine;
      await engine.die();
      await engine.listen(port);
      await page.getByRole("heading", { name: "This page needs its link" }).waitFor();
    });
  });

  describe("showing what is true", () => {
    it("shows the sentence, its proof and each currency for itself", async () => {
      await open();
      await page.getByText(/^Result accepted \d+ s ago on AICF$/).waitFor();
      const earned = card("Earned today");
      expect(await earned.getByText("1.20413 ANM").count()).toBe(1);
      expect(await earned.getByText("41.680 AIT").count()).toBe(1);
      // Cut to what stands beside it; whole on pointing at it.
      expect(await earned.getByTitle("1.204131").first().innerText()).toContain("1.20413");
      await page.getByText("play money on an embedded devnet").waitFor();
    });

    it("counts only what was credited as earned, and says why a job came to nothing", async () => {
      await open();
      const cells = (state: string) =>
        page.getByRole("row").filter({ hasText: state }).first().getByRole("cell").allInnerTexts();
      for (const state of ["running", "submitting", "accepted"])
        expect((await cells(state)).at(-2)).toBe("–");
      expect((await cells("settled")).at(-2)?.replace(/\s+/g, " ")).toMatch(/^0\.0\d{5} (AIT|ANM)$/);
      await page
        .getByRole("row")
        .filter({ hasText: "returned" })
        .getByText("declined, model not cached.")
        .waitFor();
    });

    it("shows no pace of a device that sleeps", async () => {
      await open({ ...earning(Date.now()), devices: [cpu({ state: "asleep", runningJobs: 0 })] });
      const pace = card("Devices").locator("dl > div", { hasText: "Throughput" }).locator("dd");
      expect(await pace.innerText()).toBe("–");
    });

    it("follows deltas, and ages tick without any", async () => {
      await open();
      engine.tell({ throughput: { ...engine.state.throughput, jobsLastMinute: 345 } });
      await card("Throughput").getByText("345", { exact: true }).waitFor();
      const words = page.getByText(/^Result accepted \d+ s ago on AICF$/);
      const age = async () => Number.parseInt((await words.innerText()).replace(/\D+/, ""), 10);
      const first = await age();
      // A second of its own may go by unseen on a busy machine.
      await expect.poll(age, PATIENCE).toBeGreaterThanOrEqual(first + 2);
    });

    it("asks for the whole state again when a delta was lost, and shows nothing wrong in between", async () => {
      await open();
      const asked = engine.callsOf("state.snapshot");
      engine.tellNobody({ devices: [cpu({ name: "The lost device" })] });
      engine.tell({ throughput: { ...engine.state.throughput, jobsLastMinute: 99 } });
      await card("Devices").getByText("The lost device").waitFor();
      await card("Throughput").getByText("99", { exact: true }).waitFor();
      expect(engine.callsOf("state.snapshot")).toBe(asked + 1);
    });

    it("shows unknown as a dash and zero as zero", async () => {
      await open({
        ...earning(Date.now()),
        devices: [gpu({ temperatureC: null, memoryUsedMb: null, utilisationPct: 0 })],
      });
      const reading = (label: string) =>
        card("Devices").locator("dl > div", { hasText: label }).locator("dd").innerText();
      expect(await reading("Temperature")).toBe("–");
      expect(await reading("Memory")).toBe("–");
      expect(await reading("Load")).toBe("0 %");
    });

    it("names cause and next step of a market's trouble", async () => {
      await open(attention(Date.now()));
      const markets = card("Markets");
      await markets.getByText("not reachable").waitFor();
      await markets.getByText(/did not answer within 10 s/).waitFor();
      await markets.getByText(/Check that the address is right/).waitFor();
      await markets.getByText("4 min ago, silent").waitFor();
      await markets.getByText("1 min ago, late").waitFor();
    });

    it("has words for a first start with nothing to show", async () => {
      await open(empty(Date.now()));
      for (const words of [
        "No result accepted yet",
        "Nothing to count yet",
        "No jobs yet",
        "No device found",
        "No market is configured",
      ]) {
        await page.getByText(words).waitFor();
      }
    });

    it("shows start-up notices until they are dismissed", async () => {
      await open(attention(Date.now()));
      const restored = page.locator(".note", { hasText: "restored from the snapshot" });
      // The banners of what the devices and markets are in come a second later, with a Dismiss of their own.
      await restored.getByRole("button", { name: "Dismiss" }).click();
      await restored.waitFor({ state: "detached" });
      expect(engine.callsOf("notices.dismiss")).toBe(1);
    });
  });

  describe("notices", () => {
    it("stay until they are put away, and away on every screen", async () => {
      const state = earning(Date.now());
      const broken = { ...state, devices: [gpu({ state: "breaker", runningJobs: 0 })] };
      await open(broken);
      const banner = page.getByRole("region", { name: "Notices" }).locator(".note", { hasText: "RTX" });
      await banner.getByRole("button", { name: "Dismiss" }).click();
      await banner.waitFor({ state: "detached" });
      await turnTo(page, "jobs");
      await page.getByRole("heading", { level: 1, name: "Jobs" }).waitFor();
      expect(await banner.count()).toBe(0);
    });
  });

  describe("losing the engine", () => {
    it("says since when a silent engine is silent, and believes it again when it speaks", async () => {
      await open();
      engine.silent = true;
      const banner = page.getByRole("alert").getByText(/The engine is not answering since \d\d:\d\d:\d\d/);
      await banner.waitFor();
      await page.getByRole("heading", { name: "Last known: Earning on 1 of 1 devices" }).waitFor();
      expect(await page.getByRole("button", { name: "Pause" }).isDisabled()).toBe(true);
      engine.silent = false;
      // A hung engine reads its waiting questions when it goes on; this one has dropped them, so its next word counts.
      await engine.die();
      await engine.listen(Number(new URL(page.url()).port));
      await banner.waitFor({ state: "detached" });
      expect(await page.getByRole("button", { name: "Pause" }).isDisabled()).toBe(false);
    });

    it("reconnects to an engine that died and came back with another state", async () => {
      await open();
      const { port } = engine;
      await engine.die();
      await page.getByText(/The engine is not answering since/).waitFor();
      engine.state = idle(Date.now());
      engine.seq = 3; // It counts from the start.
      await engine.listen(port);
      await page.getByRole("heading", { name: "Ready, no work right now", exact: true }).waitFor();
      engine.tell({ throughput: { ...engine.state.throughput, jobsLastMinute: 7 } });
      await card("Throughput").getByText("7", { exact: true }).waitFor();
    });

    it("waits for an engine that is not there yet without claiming anything", async () => {
      engine.silent = true;
      await page.goto(engine.link());
      await page.getByRole("heading", { name: "Reaching the engine…" }).waitFor();
      expect(await page.getByText(/ANM|AIT|jobs\/min/).count()).toBe(0);
    });
  });

  describe("acting", () => {
    it("offers the verbs that make sense and shows what they did", async () => {
      await open();
      await page.getByRole("button", { name: "Pause" }).click();
      await page.getByRole("button", { name: "Start" }).click();
      await page.getByRole("button", { name: "Finish current and stop" }).click();
      await page.getByRole("button", { name: "Finish current and stop" }).waitFor({ state: "detached" });
      expect(await page.getByRole("group", { name: "Work" }).getByRole("button").allInnerTexts()).toEqual([
        "Pause",
        "Start",
        "Stop",
      ]);
      expect(
        engine.calls.map(({ command }) => command).filter((command) => command.startsWith("run.")),
      ).toEqual(["run.pause", "run.start", "run.finish"]);
    });

    it("asks before a stop that ends jobs, and offers the gentler way", async () => {
      await open();
      const dialog = page.getByRole("dialog", { name: "Stop with 2 jobs under way?" });
      await page.getByRole("button", { name: "Stop", exact: true }).click();
      await dialog.getByRole("button", { name: "Cancel" }).click();
      await dialog.waitFor({ state: "detached" });
      expect(engine.callsOf("run.stop")).toBe(0);
      await page.getByRole("button", { name: "Stop", exact: true }).click();
      expect(await violations(page)).toEqual([]);
      await dialog.getByRole("button", { name: "Stop now" }).click();
      await page.getByRole("button", { name: "Stop", exact: true }).waitFor({ state: "detached" });
      expect(engine.callsOf("run.stop")).toBe(1);
    });

    it("stops at once where nothing is held, and no old heartbeat looks like trouble then", async () => {
      const now = Date.now();
      await open({
        ...idle(now),
        markets: [aicf(now, { lastHeartbeatAckAt: now - 90 * SECOND, leasesHeld: 0 })],
      });
      await card("Markets").getByText("1 min ago, silent").waitFor();
      await page.getByRole("button", { name: "Stop", exact: true }).click();
      await card("Markets").getByText("none while stopped").waitFor();
      await card("Markets").getByText("not in use").waitFor();
      expect(await page.getByText(/silent|connected/).count()).toBe(0);
      expect(await page.getByRole("group", { name: "Work" }).getByRole("button").allInnerTexts()).toEqual([
        "Start",
      ]);
    });

    it("shows why a verb was refused, with help, until it is hidden", async () => {
      await open(paused(Date.now()));
      engine.refuseNext = new AppError({
        code: "DISK_FULL",
        message: "The disk is full",
        actor: "user",
        help: "Free some space.",
      });
      await page.getByRole("button", { name: "Start" }).click();
      const alert = page.getByRole("alert").filter({ hasText: "The disk is full" });
      await alert.getByText("Free some space.").waitFor();
      await alert.getByRole("button", { name: "Hide this error" }).click();
      await alert.waitFor({ state: "detached" });
    });

    it("works by keyboard alone: rows, details and back", async () => {
      await open();
      await page.keyboard.press("Tab");
      await expect.poll(focusedText, PATIENCE).toBe("Skip to content");
      await page.keyboard.press("Enter");
      await page
        .getByRole("button", { name: /text-embed-001 · 32 texts/ })
        .first()
        .focus();
      await page.keyboard.press("ArrowDown");
      await page.keyboard.press("ArrowDown");
      await expect.poll(focusedText, PATIENCE).toContain("16 texts");
      await page.keyboard.press("Enter");
      const sheet = page.getByRole("dialog", { name: "text-embed-001" });
      await sheet.getByRole("heading", { name: "Timeline" }).waitFor();
      await page.keyboard.press("Escape");
      await sheet.waitFor({ state: "detached" });
      await expect.poll(focusedText, PATIENCE).toContain("16 texts");
    });

    it("tells a job's whole story, live", async () => {
      await open();
      await page
        .getByRole("button", { name: /text-embed-001 · 8 texts/ })
        .first()
        .click();
      const sheet = page.getByRole("dialog");
      await sheet.locator("header").getByText("submitting").waitFor();
      const [running, , ...others] = engine.state.recentJobs;
      if (running === undefined) throw new Error("There are jobs");
      const now = others[0]?.leasedAt ?? Date.now();
      engine.tell({ recentJobs: [running, job(1, now, "accepted", { leasedAt: now }), ...others] });
      await sheet.locator("header").getByText("accepted").waitFor();
      await sheet.getByRole("button", { name: "Copy", exact: true }).waitFor();
      await sheet.getByText("bellows verify receipt-aicf-lease-8999.json").waitFor();
      expect(await sheet.getByRole("textbox", { name: "Receipt as JSON" }).inputValue()).toContain(
        '"sha3_512"',
      );
      const download = page.waitForEvent("download");
      await sheet.getByRole("button", { name: "Save" }).click();
      const file = await (await download).path();
      expect(JSON.parse(readFileSync(file, "utf8"))).toMatchObject({ lease: "lease-8999" });
    });

    it("keeps its rows in place while a pointer moves over them", async () => {
      await open();
      const rows = page.getByRole("table", { name: en.home.recent.caption }).locator("tbody tr");
      await rows.nth(2).hover();
      const [oldest] = engine.state.recentJobs;
      if (oldest === undefined) throw new Error("There are jobs");
      const added = job(77, oldest.leasedAt, "running", { model: "just-came" });
      engine.tell({
        recentJobs: [added, { ...oldest, state: "failed" }, ...engine.state.recentJobs.slice(1)],
      });
      // The lines stay where they are, and say what is true of them now.
      await rows.first().getByText("failed").waitFor();
      expect(await rows.getByText("just-came").count()).toBe(0);
      await page.getByText(en.home.recent.waiting.replace("{{shown}}", "1")).waitFor();
      await page.mouse.move(0, 0);
      await rows.first().getByText("just-came").waitFor();
    });

    it("keeps a row that has the keyboard's focus, also while its sheet is open", async () => {
      await open();
      const rows = page.getByRole("table", { name: en.home.recent.caption }).locator("tbody tr");
      await rows.last().locator(".row-open").focus();
      const words = await focusedText();
      const arrive = (model: string) => {
        const [newest] = engine.state.recentJobs;
        if (newest === undefined) throw new Error("There are jobs");
        const added = job(77, newest.leasedAt, "running", { model, leaseId: model });
        engine.tell({ recentJobs: [added, ...engine.state.recentJobs.slice(0, -1)] });
      };
      for (const model of ["first", "second", "third"]) arrive(model);
      await page.getByText(en.home.recent.waiting.replace("{{shown}}", "3")).waitFor();
      expect(await focusedText()).toBe(words);
      await page.keyboard.press("Enter");
      await page.getByRole("dialog").waitFor();
      arrive("fourth");
      await page.keyboard.press("Escape");
      await page.getByRole("dialog").waitFor({ state: "detached" });
      await expect.poll(focusedText, PATIENCE).toBe(words);
      await rows.last().locator(".row-open").blur();
      await rows
        .first()
        .getByRole("button", { name: /^fourth/ })
        .waitFor();
    });

    it("copies a whole digest", async () => {
      await newPage({ permissions: ["clipboard-read", "clipboard-write"] });
      await open();
      const settled = engine.state.recentJobs.find(({ state }) => state === "settled");
      const row = page.getByRole("row").filter({ hasText: "settled" }).first();
      await row.getByRole("button", { name: /Copy the digest/ }).click();
      await row.getByText("Copied").waitFor();
      expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(settled?.digest);
      await shoot(row, "jobs-copied");
      expect(await page.getByRole("dialog").count()).toBe(0);
      // The digest itself belongs to its row, which opens.
      const text = await row.locator(".digest-short").last().boundingBox();
      if (text === null) throw new Error("The digest is in sight");
      await page.mouse.click(text.x + 8, text.y + text.height / 2);
      await page.getByRole("dialog").getByRole("heading", { name: "Receipt" }).waitFor();
    });

    it("says so when a job can't be read", async () => {
      await open();
      const shown = engine.state;
      engine.state = { ...shown, recentJobs: [] };
      await page
        .getByRole("button", { name: /text-embed-001/ })
        .first()
        .click();
      await page
        .getByRole("dialog")
        .getByText(/The ledger has no lease/)
        .waitFor();
    });
  });

  describe("a device its person has paused", () => {
    const resting = (until: number | null) => {
      const pause = aPause({ until, resumesByItself: until !== null });
      const state = earning(Date.now());
      const reasons = [{ text: "AMD EPYC 7B13 paused by you, until 15:40.", screen: "gpus" as const }];
      return {
        ...state,
        headline: { ...state.headline, level: "paused" as const, sentence: "Paused by you", reasons },
        devices: [cpu({ paused: pause, state: "asleep" })],
      };
    };

    it("goes on from Home, where until when is told and the way to more leads", async () => {
      await open(resting(Date.now() + HOUR));
      const hero = page.getByRole("region", { name: "Paused by you" });
      await hero.getByText(/until 15:40/).waitFor();
      expect(await hero.getByRole("link", { name: "GPUs" }).getAttribute("href")).toBe("#/gpus");
      expect(await hero.getByRole("button").allInnerTexts()).toEqual(["Resume", "Stop"]);
      await card("Devices")
        .getByText(/Goes on at \d\d:\d\d\./)
        .waitFor();
      await shoot(page, "home-device-paused");
      await hero.getByRole("button", { name: "Resume" }).click();
      await expect.poll(() => engine.lastInput("devices.resume")).toEqual({});
      await card("Devices").getByText("Paused by you.").waitFor({ state: "detached" });
    });

    it("goes on alone, while others work", async () => {
      const state = resting(null);
      const devices = [...state.devices, gpu({ id: "GPU-1", name: "Another" })];
      await open({ ...state, headline: { ...state.headline, level: "earning" }, devices });
      await page.getByRole("button", { name: "Pause", exact: true }).waitFor();
      await card("Devices").getByRole("button", { name: "Resume AMD EPYC 7B13" }).click();
      await expect.poll(() => engine.lastInput("devices.resume")).toEqual({ device: "cpu" });
    });
  });

  describe("going elsewhere", () => {
    it("says of an address that names no screen that it names none, and leads home", async () => {
      await open();
      await page.evaluate(() => {
        window.location.hash = "#/nonsense";
      });
      await page.getByRole("heading", { name: "There is no such page" }).waitFor();
      await page.getByText("“#/nonsense” is the name of no page").waitFor();
      expect(await page.locator("nav a[aria-current]").count()).toBe(0);
      await expectWhole(page);
      await page.getByRole("link", { name: "To Home" }).click();
      await page.getByRole("heading", { name: engine.state.headline.sentence }).waitFor();
    });

    it("shows only screens that exist, and Back works", async () => {
      await open();
      const screens = page.getByRole("navigation", { name: "Screens" }).getByRole("link");
      // Fleet is for who has one.
      const listed = SCREEN_NAMES.filter((screen) => screen !== "fleet");
      expect(await screens.allInnerTexts()).toEqual(listed.map((screen) => en.nav[screen]));
      await screens.filter({ hasText: "Jobs" }).click();
      await page.getByRole("heading", { level: 1, name: "Jobs" }).waitFor();
      await page.goBack();
      await page.getByRole("heading", { name: engine.state.headline.sentence }).waitFor();
    });

    it("begins every screen at its top", async () => {
      await newPage({ viewport: NARROW });
      await open();
      const content = page.locator("main.content");
      const top = () => content.evaluate((element) => element.scrollTop);
      await content.evaluate((element) => element.scrollTo(0, 400));
      await expect.poll(top, PATIENCE).toBe(400);
      await turnTo(page, "settings");
      await page.getByRole("heading", { level: 1, name: "Settings" }).waitFor();
      expect(await top()).toBe(0);
      await content.evaluate((element) => element.scrollTo(0, 700));
      await page.goBack();
      await page.getByRole("heading", { name: engine.state.headline.sentence }).waitFor();
      expect(await top()).toBe(0);
    });
  });

  describe("fitting in", () => {
    const states = { earning, idle, paused, attention, empty };

    it("is accessible and overflows nowhere, in every state", async () => {
      for (const [name, make] of Object.entries(states)) {
        await open(make(Date.now()));
        const see = async (look: Look) => {
          expect(await overhang(page), `${name} ${lookName(look)}`).toBeLessThan(1);
          await shoot(page, `home-${name}-${lookName(look)}`);
        };
        await expectWholeInEveryLook(page, `home-${name}`, see);
        await page.goto("about:blank");
      }
    });

    it("is so with a job's sheet open", async () => {
      await open(earning(Date.now()));
      await page.locator(".row-open").nth(6).click();
      await page.getByRole("heading", { name: "Receipt" }).waitFor();
      await expectWholeInEveryLook(page, "home-job");
    });

    it("keeps a big figure beside its table, with the same decimals", async () => {
      const state = earning(Date.now());
      for (const [text, shown] of [
        ["100.035", "100.03500"],
        ["18411.500123", "18 411.500"],
        ["9418411.51", "9 418 411.51"],
      ] as const) {
        const [first, ...others] = state.earnings;
        if (first === undefined) throw new Error("Something was earned");
        const today = amount(first.currency, text);
        const big = { ...first, settledToday: today, settledTotal: today, periods: bigPeriods(today) };
        await open({ ...state, earnings: [big, ...others] });
        for (const look of LOOKS.slice(1)) {
          await wear(page, look);
          await expect.poll(() => collision(page), PATIENCE).toBeLessThan(1);
          const figure = page.locator(".earned-sum").first();
          expect((await figure.innerText()).replace(/\s/g, " ")).toContain(shown);
          const cell = page.locator(".earned-periods tbody tr:first-child .strong").first();
          expect((await cell.innerText()).replace(/\s/g, " ")).toBe(shown);
          await shoot(card("Earned today"), `home-earned-${text}-${lookName(look)}`);
        }
        await page.goto("about:blank");
      }
    });

    it("speaks German within its boxes", async () => {
      await newPage({ viewport: NARROW, locale: "de-DE" });
      await open(earning(Date.now()));
      await expectWhole(page, "German");
      expect(await overhang(page)).toBeLessThan(1);
      await shoot(page, "home-de-900");
    });

    it("keeps long words inside their boxes", async () => {
      await newPage({ viewport: NARROW });
      await open(attention(Date.now()));
      const name = page.getByRole("heading", { name: LONG_GPU_NAME });
      const box = await name.boundingBox();
      const frame = await card("Devices").boundingBox();
      expect((box?.x ?? 0) + (box?.width ?? 0)).toBeLessThan((frame?.x ?? 0) + (frame?.width ?? 0));
    });

    it("shows big and tiny amounts inside their boxes", async () => {
      const state = earning(Date.now());
      const [first, second] = state.earnings;
      if (first === undefined || second === undefined) throw new Error("Two markets are shown");
      await newPage({ viewport: NARROW });
      await open({
        ...state,
        earnings: [
          {
            ...first,
            settledToday: amount("ANM", "1234567.891234"),
            pendingToday: amount("ANM", "0"),
            periods: earningPeriods(amount("ANM", "1234567.891234"), amount("ANM", "123456789.123456")),
          },
          {
            ...second,
            settledToday: amount("AIT", "0.000001"),
            pendingToday: amount("AIT", "0"),
            periods: earningPeriods(amount("AIT", "0.000001"), amount("AIT", "0.000001")),
          },
        ],
      });
      await page.getByText("1\u202f234\u202f567.89 ANM").first().waitFor();
      await page.getByText("0.000001 AIT").first().waitFor();
      expect(await sidewaysScroll(page)).toBe(0);
    });
  });
});
