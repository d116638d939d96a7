/**
 * The set-up in a real Chromium: every step in both lights and sizes and in both languages, accessible and whole, with its
 * foot in sight; and what it does with what a person types, tests, puts off and leaves. The engine follows a script.
 */
import type { Page } from "playwright";
import { describe, expect, it } from "vitest";
import type { OfferPreview } from "../../src/shared/contract/offers.ts";
import type { SelfTestReport } from "../../src/shared/contract/self-test.ts";
import type { SettingPatch } from "../../src/shared/contract/settings.ts";
import type { DeviceView, State } from "../../src/shared/contract/views.ts";
import { HOUR, MINUTE } from "../../src/shared/durations.ts";
import { PSEUDO } from "../../src/shared/words/words.ts";
import { aKey, anAccount, aStanding, PHRASE } from "../support/scripted-account.ts";
import { PASSED } from "../support/scripted-offers.ts";
import { saveSettings, scriptedSettings } from "../support/scripted-settings.ts";
import { playSelfTest, SELF_TEST_STEPS } from "../support/self-test-play.ts";
import { chromiumFile } from "./ui/browser.ts";
import { dashboardSuite } from "./ui/dashboard-page.ts";
import { expectInside, expectWhole, expectWholeInOtherLight, wear } from "./ui/page-checks.ts";
import { PATIENCE } from "./ui/patience.ts";
import { type Look, lookName, NARROW, shoot, WIDE } from "./ui/screenshots.ts";
import type { ScriptedEngine } from "./ui/scripted-engine.ts";
import { aicf, aitbc, amount, cpu, earning, gpu } from "./ui/states.ts";

const CUDA = { usable: true, code: "runs-on-cuda", how: "Runs on CUDA", help: null } as const;
const GPU_ID = gpu().id;

const asleep = { state: "asleep", runtimePid: null, runningJobs: 0, textsPerSecond: null } as const;
const aCard = (more: Partial<DeviceView> = {}): DeviceView =>
  gpu({
    ...asleep,
    temperatureC: 36,
    powerW: 21,
    utilisationPct: 0,
    memoryUsedMb: 410,
    verdict: CUDA,
    lastSelfTest: null,
    ...more,
  });
const anOldCard = (): DeviceView =>
  gpu({
    ...asleep,
    id: "GPU-1080aaaa-0000-4000-8000-000000000002",
    name: "NVIDIA GeForce GTX 1660",
    state: "failed",
    verdict: {
      usable: false,
      code: "driver-old",
      why: "the driver 550.40 is older than the 580 that CUDA 13 needs",
      help: "Install NVIDIA driver 580 or newer, then restart.",
    },
  });
const aProcessor = (): DeviceView =>
  cpu({
    ...asleep,
    verdict: {
      usable: true,
      code: "runs-on-cpu",
      how: "Runs on the CPU: No NVIDIA driver answered: nvidia-smi not found",
      help: "If there is an NVIDIA GPU: install driver 580 or newer and restart.",
    },
    lastSelfTest: null,
  });

const aReport = (device: DeviceView): SelfTestReport => ({
  device: { id: device.id, name: device.name, driver: "590.48.01" },
  at: Date.now(),
  ok: true,
  summary: PASSED.text,
  tookMs: 3_200,
  steps: [...SELF_TEST_STEPS],
  model: null,
  backend: "cuda",
  answer: null,
  textsPerSecond: 1_840,
  memoryUsedMb: 1_210,
  temperatureC: 61,
});

/** The set-up before anything runs: a card, an unusable one, the demo's markets. */
function demoState(now: number): State {
  const state = earning(now);
  return {
    ...state,
    engine: { ...state.engine, intent: "paused", startedAt: now - MINUTE },
    markets: [aitbc(now), aicf(now, { standing: aStanding(now) })],
    devices: [aCard({ lastSelfTest: { at: now - HOUR, ok: true, summary: PASSED.text } }), anOldCard()],
  };
}

function liveState(now: number): State {
  const state = demoState(now);
  const board = {
    market: "aitbc" as const,
    id: "gpu-service",
    name: "GPU service",
    endpoint: "http://127.0.0.1:8101",
    canReprice: true,
    canWithdraw: true,
    checkedAt: now,
    error: null,
  };
  const gpus = [{ device: GPU_ID, model: gpu().name, test: PASSED }];
  return {
    ...state,
    engine: { ...state.engine, mode: "live" },
    offers: { boards: [board], gpus, offers: [] },
  };
}

const MEDIAN: Partial<OfferPreview> = {
  price: amount("AIT", "20.5"),
  how: "The median of 40 offers",
  quote: {
    model: gpu().name,
    source: "market",
    low: amount("AIT", "15"),
    middle: amount("AIT", "20.5"),
    high: amount("AIT", "27"),
    quantiles: [],
    sample: 40,
    ageMs: MINUTE,
  },
  floor: {
    watts: 312,
    wattsFrom: "measured",
    cost: { currency: "EUR", micros: "96720" },
    price: amount("AIT", "4.61"),
    missing: null,
  },
};
/** Both markets, as they were before the engine began. */
const inEnvironment = (name: string, text: string | null) =>
  ({ text, source: { kind: "environment", name } }) as const;
const REAL = {
  "aitbc.coordinator_url": inEnvironment("AITBC_COORDINATOR_URL", "http://127.0.0.1:8203"),
  "aitbc.coordinator_key": inEnvironment("AITBC_COORDINATOR_KEY", null),
  "aicf.queue_url": inEnvironment("AICF_QUEUE_URL", "http://127.0.0.1:8700"),
};

const SMALL_DARK: Look = { viewport: NARROW, colorScheme: "dark" };
const WIDE_LIGHT: Look = { viewport: WIDE, colorScheme: "light" };
const SMALL_LIGHT: Look = { viewport: NARROW, colorScheme: "light" };
const WIDE_DARK: Look = { viewport: WIDE, colorScheme: "dark" };

describe.skipIf(chromiumFile === null)("the set-up in a browser", () => {
  const dashboard = dashboardSuite();

  /** A live state comes with both markets configured. */
  async function engineAt(state: State, settings: SettingPatch): Promise<ScriptedEngine> {
    return dashboard.engine(state, (engine) => {
      engine.settings = scriptedSettings(state.engine.mode === "live" ? REAL : {});
      engine.account = anAccount({ identity: aKey({ mode: state.engine.mode }) });
      engine.offerPreview = () => MEDIAN;
      engine.state = { ...state, settings: saveSettings(engine.settings, settings) };
    });
  }

  async function open(engine: ScriptedEngine, look: Partial<Look> = {}, language = "en"): Promise<Page> {
    const page = await dashboard.page(engine.url, look);
    const link = new URL(engine.link());
    link.search = `?lang=${language}`;
    await page.goto(link.href);
    await page.locator("main h1").first().waitFor();
    await page.evaluate(() => {
      window.location.hash = "#/welcome";
    });
    await page.locator(".welcome-foot").waitFor();
    return page;
  }

  const button = (page: Page, name: string) => page.getByRole("button", { name, exact: true });
  const heading = (page: Page) => page.getByRole("heading", { level: 1 }).innerText();
  const stepOf = (engine: ScriptedEngine) => engine.settings.settings.value("firstRun");

  /** What is seen without scrolling: the whole foot. */
  async function expectFootInSight(page: Page, what: string): Promise<void> {
    const box = await page.locator(".welcome-foot").boundingBox();
    const height = await page.evaluate(() => window.innerHeight);
    expect(box?.y ?? -1, what).toBeGreaterThanOrEqual(0);
    expect((box?.y ?? 0) + (box?.height ?? 0), what).toBeLessThanOrEqual(height);
  }

  const SCENES: readonly {
    readonly name: string;
    readonly state: (now: number) => State;
    readonly settings: SettingPatch;
    readonly show?: (page: Page, engine: ScriptedEngine) => Promise<void>;
  }[] = [
    { name: "intro", state: demoState, settings: { "app.first_run": "intro" } },
    { name: "machine", state: demoState, settings: { "app.first_run": "machine" } },
    {
      name: "machine-testing",
      state: (now) => ({ ...demoState(now), devices: [aCard(), anOldCard()] }),
      settings: { "app.first_run": "machine" },
      show: async (page, engine) => {
        playSelfTest(engine, 24);
        await page.locator(".test-parts .spin").waitFor();
      },
    },
    {
      name: "machine-processor",
      state: (now) => ({ ...demoState(now), devices: [aProcessor()] }),
      settings: { "app.first_run": "machine" },
      show: async (page) => {
        await page.locator("summary").click();
      },
    },
    { name: "markets-demo", state: demoState, settings: { "app.first_run": "markets" } },
    {
      name: "markets-real",
      state: demoState,
      settings: { "app.first_run": "markets" },
      show: async (page) => {
        await page.getByRole("radio").nth(1).check();
        await page.getByRole("checkbox").nth(0).check();
        await page.getByRole("checkbox").nth(1).check();
        await page.locator(".welcome-fields input").first().fill("127.0.0.1:8203");
        await page.locator(".welcome-foot .button-strong").click();
        await page.locator(".welcome-problem").nth(2).waitFor();
      },
    },
    { name: "key-demo", state: demoState, settings: { "app.first_run": "key" } },
    { name: "key-real", state: liveState, settings: { "app.first_run": "key" } },
    { name: "ready-demo", state: demoState, settings: { "app.first_run": "ready" } },
    { name: "ready-real", state: liveState, settings: { "app.first_run": "ready" } },
  ];

  it.each([
    // Each size in each light, and the long words where there is least room. Other words change neither structure nor
    // colours: axe sees each size wholly and each look's colours once.
    { language: "en", looks: [WIDE_DARK, SMALL_LIGHT], check: expectWhole },
    { language: "de", looks: [SMALL_DARK, WIDE_LIGHT], check: expectWholeInOtherLight },
    { language: PSEUDO, looks: [SMALL_DARK], check: expectInside },
  ])("is whole and accessible at every step in $language", async ({ language, looks, check }) => {
    for (const { name, state, settings, show } of SCENES) {
      const engine = await engineAt(state(Date.now()), settings);
      const page = await open(engine, looks[0], language);
      await show?.(page, engine);
      for (const look of looks) {
        const what = `${name}-${language}-${lookName(look)}`;
        await wear(page, look);
        await page.locator(".content").evaluate((content) => content.scrollTo(0, 0));
        await check(page, what);
        await expectFootInSight(page, what);
        await shoot(page, `welcome-${what}`);
        if (look.viewport !== NARROW) continue;
        // The lower half of what is longer than the window.
        await page.locator(".content").evaluate((content) => content.scrollTo(0, content.scrollHeight));
        await shoot(page, `welcome-${what}-end`);
      }
    }
  });

  it("tests what was never tested when one comes to the machine, once, and shows it as it goes", async () => {
    const engine = await engineAt(
      { ...demoState(Date.now()), devices: [aCard(), anOldCard()] },
      { "app.first_run": "machine" },
    );
    let finish: (() => void) | undefined;
    const finished = new Promise<void>((resolve) => {
      finish = resolve;
    });
    engine.selfTest = async () => {
      await finished;
      return { reports: [aReport(aCard())] };
    };
    const page = await open(engine);
    await expect.poll(() => engine.callsOf("selftest.run"), PATIENCE).toBe(1);
    expect(await button(page, "Test now").isDisabled()).toBe(true);
    playSelfTest(engine, 3);
    const tile = (name: string) => page.getByRole("img", { name: new RegExp(`^${name}`) });
    await tile("Temperature: 38 °C").waitFor();
    expect(await tile("Texts a second").getAttribute("aria-label")).toBe("Texts a second: –");
    const drawn = () => tile("Temperature").locator("path").getAttribute("d");
    const before = await drawn();
    playSelfTest(engine, 24);
    await tile("Temperature: 59 °C").waitFor();
    await tile("Power: 297 W").waitFor();
    expect(await drawn()).not.toBe(before);
    await page.getByText("Answer: passed").waitFor();
    await page.getByText("Throughput: runs").waitFor();

    engine.tell({ devices: [aCard({ lastSelfTest: { at: Date.now(), ok: true, summary: PASSED.text } })] });
    finish?.();
    await page.getByText(/Test passed: right answer, 1.?840 texts a second/).waitFor();
    await page.getByText("Temperature: passed").waitFor();
    // Its picture stays; the exact words are behind a fold.
    await tile("Temperature: 59 °C").waitFor();
    const exact = page.getByText("The known answer (cosine 0.999998, largest difference 0.0003).");
    expect(await exact.isVisible()).toBe(false);
    await page.getByText("Technical details").click();
    await expect.poll(() => exact.isVisible(), PATIENCE).toBe(true);
    await button(page, "Continue").click();
    await expect.poll(() => heading(page), PATIENCE).toBe("Where the jobs come from");
    await button(page, "Back").click();
    await expect.poll(() => heading(page), PATIENCE).toBe("What can work here");
    expect(engine.callsOf("selftest.run")).toBe(1);
  });

  it("keeps step, markets and what was typed when it is left, but no key on the disk", async () => {
    const engine = await engineAt(demoState(Date.now()), { "app.first_run": "markets" });
    let page = await open(engine);
    await page.getByRole("radio", { name: /^Real markets/ }).check();
    await page.getByRole("checkbox", { name: /^AITBC/ }).check();
    await page.getByLabel("Coordinator’s address").fill("http://127.0.0.1:8203");
    await page.getByLabel("Key for the coordinator").fill("miner-key-for-tests-0123456789");
    await button(page, "Finish later").click();

    const card = page.locator(".note", { hasText: "Set-up is not finished." });
    await card.getByText("It goes on where it was left: Markets, step 3 of 5.").waitFor();
    await shoot(page, "welcome-card");
    expect(stepOf(engine)).toBe("markets");
    expect(engine.settings.settings.view().values["aitbc.coordinator_url"].isSet).toBe(false);
    await card.getByRole("link", { name: "Go on with set-up" }).click();
    const typed = (label: string) => page.getByLabel(label).inputValue();
    expect(await typed("Coordinator’s address")).toBe("http://127.0.0.1:8203");
    expect(await typed("Key for the coordinator")).toBe("miner-key-for-tests-0123456789");
    await button(page, "Back").click();
    await button(page, "Continue").click();
    expect(await typed("Coordinator’s address")).toBe("http://127.0.0.1:8203");

    await page.reload();
    await page.locator(".welcome-foot").waitFor();
    expect(await typed("Coordinator’s address")).toBe("http://127.0.0.1:8203");
    expect(await typed("Key for the coordinator")).toBe("");
    expect(await page.evaluate(() => JSON.stringify(window.localStorage))).not.toContain("miner-key");
    page = await open(engine);
    await page.getByRole("radio", { name: /^Demo/ }).waitFor();
  });

  it("complains of an address when its field is left, and of what is missing when one goes on", async () => {
    const engine = await engineAt(demoState(Date.now()), { "app.first_run": "markets" });
    const page = await open(engine);
    await page.getByRole("radio", { name: /^Real markets/ }).check();
    await page.getByRole("checkbox", { name: /^AITBC/ }).check();
    const address = page.getByLabel("Coordinator’s address");
    const wrong = page.getByText("An address begins with http:// or https://.");
    await address.fill("http");
    expect(await wrong.count()).toBe(0);
    await address.blur();
    await wrong.waitFor();
    expect(await address.getAttribute("aria-invalid")).toBe("true");
    expect(await button(page, "Try the connection").count()).toBe(0);
    await page.getByRole("checkbox", { name: /^AITBC/ }).uncheck();
    await button(page, "Continue").click();
    await page.getByRole("alert").getByText("Choose at least one market, or the demo.").waitFor();
    await page.getByRole("checkbox", { name: /^AITBC/ }).check();
    // Only begun with: nothing of it is called missing before one wants to go on with it.
    await page.getByRole("alert").waitFor({ state: "detached" });
    expect(await page.locator('[aria-invalid="true"]').count()).toBe(0);
    await button(page, "Continue").click();
    await page.getByRole("alert").getByText("2 entries are missing or not right yet").waitFor();
    await expect
      .poll(() => address.evaluate((field) => field === document.activeElement), PATIENCE)
      .toBe(true);
    await address.fill("http://127.0.0.1:8203");
    await page.getByText("The coordinator lets nobody in without a key").waitFor();
    expect(await button(page, "Try the connection").count()).toBe(1);
    await page.getByLabel("Key for the coordinator").fill("miner-key-for-tests-0123456789");
    await button(page, "Continue").click();
    await expect.poll(() => heading(page), PATIENCE).toBe("Your key, and what is at stake");
    expect(engine.settings.settings.value("aitbcCoordinatorUrl")).toBe("http://127.0.0.1:8203");
    // What has become a setting is no draft any more.
    expect(await page.evaluate(() => window.localStorage.getItem("bellows.markets"))).toBeNull();
  });

  it("lets one go on without a checked backup only by saying that it is for later", async () => {
    const engine = await engineAt(liveState(Date.now()), { "app.first_run": "key" });
    const page = await open(engine);
    await page.getByText("No backup was checked yet").waitFor();
    expect(await button(page, "Continue").count()).toBe(0);
    expect(await button(page, "Check the backup later").count()).toBe(1);
    await button(page, "Write down the phrase…").click();
    const dialog = page.getByRole("dialog");
    await dialog.getByLabel("Passphrase of the key").fill("right");
    await dialog.getByRole("button", { name: "Show the words" }).click();
    await dialog.getByRole("button", { name: "I wrote them down" }).click();
    for (const place of [2, 7, 15, 24])
      await dialog.getByLabel(`Word ${place}`, { exact: true }).fill(PHRASE[place - 1] ?? "");
    await dialog.getByRole("button", { name: "Check", exact: true }).click();
    await dialog.getByRole("button", { name: "Done" }).click();
    await button(page, "Continue").click();
    await page.getByText("Key made, its backup checked").waitFor();
  });

  it("starts nothing before there is an open key, and leads to it", async () => {
    for (const state of ["none", "locked"] as const) {
      const engine = await engineAt(liveState(Date.now()), { "app.first_run": "ready" });
      engine.account.identity = aKey({ state });
      const page = await open(engine);
      await page
        .getByText(state === "none" ? "No key yet" : "The key is locked")
        .first()
        .waitFor();
      expect(await button(page, "Start earning").count()).toBe(0);
      await button(page, "Go to the key").click();
      await button(page, state === "none" ? "Make a key" : "Unlock").waitFor();
    }
  });

  it("says with the market’s own figures what is staked and what of it can be lost", async () => {
    const now = Date.now();
    const engine = await engineAt(liveState(now), { "app.first_run": "key" });
    const stake = { ...aStanding(now).stake, minimum: amount("ANM", "250") };
    engine.account.standing = aStanding(now, { stake });
    const page = await open(engine);
    const terms = page.getByRole("region", { name: "What a stake is" });
    await terms.getByText("At least 250\u00a0ANM").waitFor();
    const said = await terms.innerText();
    expect(said).toContain("Asks for no stake, so none can be lost.");
    expect(said.replaceAll(/\s+/g, " ")).toContain("−10 % when fewer than 66 % of the trap jobs");
    expect(said.replaceAll(/\s+/g, " ")).toContain("−2.5 % when less than 98 % of the time");
    expect(said).toContain("without work after 3 penalties within 1 h");
    expect(said).toContain("Until a released stake is back: about 1 day.");
  });

  it("suggests a price for a GPU that could be rented out, and starts with one button", async () => {
    const engine = await engineAt(liveState(Date.now()), { "app.first_run": "ready" });
    engine.account.identity = aKey({ backup: { at: Date.now(), by: "words" } });
    const page = await open(engine);
    const hint = page.locator(".price-hint");
    await hint.getByText("20.50 AIT an hour").waitFor();
    await hint
      .getByText("Suggested: the middle of 40 offers. An hour of its electricity costs 0.0967 EUR", {
        exact: false,
      })
      .waitFor();
    await button(page, "Start earning").click();
    await expect.poll(() => page.evaluate(() => window.location.hash), PATIENCE).toBe("#/home");
    expect(engine.callsOf("run.start")).toBe(1);
    expect(engine.callsOf("engine.restart")).toBe(0);
    expect(stepOf(engine)).toBe("done");
  });
});
