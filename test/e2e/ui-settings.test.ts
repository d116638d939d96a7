/** The Settings screen: every change by keyboard, what is set elsewhere kept from change, nothing saved that was refused. */
import { mkdirSync, writeFileSync } from "node:fs";
import type { BrowserContextOptions, Locator, Page } from "playwright";
import { beforeEach, describe, expect, it } from "vitest";
import { forgetSaved, saveSettings, scriptedSettings } from "../support/scripted-settings.ts";
import { chromiumFile } from "./ui/browser.ts";
import { dashboardSuite, turnTo } from "./ui/dashboard-page.ts";
import { expectWhole, violations } from "./ui/page-checks.ts";
import { PATIENCE } from "./ui/patience.ts";
import { NARROW, shoot, WIDE } from "./ui/screenshots.ts";
import type { ScriptedEngine } from "./ui/scripted-engine.ts";
import { earning, gpu } from "./ui/states.ts";

describe.skipIf(chromiumFile === null)("the settings in a browser", () => {
  const dashboard = dashboardSuite();
  let page: Page;
  let engine: ScriptedEngine;

  beforeEach(async () => {
    engine = await dashboard.engine(earning(Date.now()));
    engine.settings = scriptedSettings({
      "aitbc.region": { text: "eu-central", source: { kind: "environment", name: "AITBC_REGION" } },
      "aitbc.coordinator_key": {
        text: null,
        source: { kind: "file", file: "/etc/bellows/bellows.toml", line: 12 },
      },
    });
    engine.state = { ...engine.state, settings: engine.settings.settings.view() };
    await newPage();
  });

  async function newPage(options?: BrowserContextOptions): Promise<void> {
    page = await dashboard.page(engine.url, options);
  }

  async function open(query = ""): Promise<void> {
    const link = new URL(engine.link());
    if (query !== "") link.search = query;
    await page.goto(link.href);
    await page.getByRole("navigation").first().waitFor();
    await turnTo(page, "settings");
    await page.locator(".settings").waitFor();
  }

  const patches = () =>
    engine.calls.flatMap(({ command, input }) =>
      command === "settings.set" ? [(input as { patch: unknown }).patch] : [],
    );
  const section = (name: string): Locator => page.getByRole("region", { name, exact: true });

  it("changes language and look at once, by keyboard, and keeps the look for the next start", async () => {
    await open();
    await page.getByRole("radio", { name: "Light" }).focus();
    await page.keyboard.press("Space");
    await expect
      .poll(() => page.evaluate(() => document.documentElement.dataset.theme), PATIENCE)
      .toBe("light");
    await page.getByRole("radio", { name: "English" }).focus();
    await page.keyboard.press("ArrowRight");
    await page.getByRole("heading", { level: 1, name: "Einstellungen" }).waitFor();
    await expect.poll(() => page.evaluate(() => document.documentElement.lang), PATIENCE).toBe("de");
    expect(patches()).toEqual([{ "app.theme": "light" }, { "app.language": "de" }]);
    await page.reload();
    await expect
      .poll(() => page.evaluate(() => document.documentElement.dataset.theme), PATIENCE)
      .toBe("light");
  });

  it("takes a price with the person's own point, and says why one can't be", async () => {
    await open("?lang=de");
    const price = page.getByRole("textbox", { name: "Preis einer Kilowattstunde" });
    await price.fill("0,312");
    await price.press("Enter");
    await expect.poll(patches, PATIENCE).toEqual([{ "energy.price": 0.312 }]);
    await page.getByRole("switch", { name: "Zweiter Tarif" }).press("Space");
    await page.getByLabel("Zweiter Tarif: bis").waitFor();
    expect(engine.settings.settings.value("energySecondHours")).toEqual({ from: "22:00", to: "06:00" });
    await page.getByRole("button", { name: "Preis einer Kilowattstunde: Zurück zur Vorgabe" }).click();
    await expect.poll(() => engine.settings.settings.value("energyPrice"), PATIENCE).toBeUndefined();
  });

  it("saves no amount that another language would read otherwise", async () => {
    await open();
    const price = page.getByRole("textbox", { name: "Price of a kilowatt-hour" });
    await price.fill("0,312");
    await price.press("Enter");
    await page
      .getByRole("alert")
      .getByText("Decimals are written with a point here", { exact: false })
      .waitFor();
    expect(await price.inputValue(), "left to be corrected").toBe("0,312");
    expect(await price.getAttribute("aria-invalid")).toBe("true");
    await shoot(section("Electricity"), "settings-typed-amount");
    expect(await violations(page)).toEqual([]);
    await price.fill("0.312");
    await price.press("Enter");
    await expect.poll(patches, PATIENCE).toEqual([{ "energy.price": 0.312 }]);
    expect(await price.getAttribute("aria-invalid")).toBeNull();

    const form = section("Markets").getByRole("form", { name: "AICF" });
    const stake = form.getByLabel("Stake at registration");
    await stake.fill("1,000");
    await page.keyboard.press("Enter");
    await form.getByRole("alert").waitFor();
    await stake.fill("1000.5");
    await page.keyboard.press("Enter");
    await form.getByText("Not saved yet.").waitFor({ state: "detached" });
    expect(patches().slice(1)).toEqual([{ "aicf.auto_stake": "1000.5" }]);
  });

  it("saves no number that is none or lies outside its range, and shows again what holds", async () => {
    saveSettings(engine.settings, { "energy.price": 0.31, "work.max_concurrency": 8 });
    engine.state = { ...engine.state, settings: engine.settings.settings.view() };
    await open("?lang=de");
    const price = page.getByRole("textbox", { name: "Preis einer Kilowattstunde" });
    const energy = section("Strom");
    await price.fill("-1");
    await price.press("Enter");
    await energy.getByRole("alert").getByText("Erlaubt: 0 bis 100", { exact: true }).waitFor();
    expect(await price.inputValue(), "left to be mended").toBe("-1");
    expect(await price.getAttribute("aria-invalid")).toBe("true");
    await shoot(energy, "settings-out-of-range");
    await price.press("Escape");
    expect(await price.inputValue()).toBe("0,31");
    expect(await energy.getByRole("alert").count()).toBe(0);

    await price.fill("abc");
    await price.blur();
    await energy.getByRole("alert").getByText("„abc“ wurde nicht übernommen.", { exact: false }).waitFor();
    expect(await price.inputValue(), "what holds").toBe("0,31");
    expect(await price.getAttribute("aria-invalid")).toBeNull();

    const held = page.getByRole("textbox", { name: "Aufträge zugleich" });
    for (const typed of ["0", "99999"]) {
      await held.fill(typed);
      await held.blur();
      await section("Grenzen")
        .getByRole("alert")
        .getByText(`„${typed}“ wurde nicht übernommen. Erlaubt: 1 bis 256`)
        .waitFor();
      expect(await held.inputValue()).toBe("8");
    }
    expect(patches(), "nothing was sent").toEqual([]);
    await held.fill("12");
    await held.press("ArrowUp");
    await expect.poll(patches, PATIENCE).toEqual([{ "work.max_concurrency": 13 }]);
    expect(await held.inputValue()).toBe("13");
    await price.fill("0,312345");
    await price.press("ArrowUp");
    await expect.poll(() => patches().at(-1), PATIENCE).toEqual({ "energy.price": 0.322345 });
    await held.fill("");
    await held.blur();
    await expect.poll(() => patches().at(-1), PATIENCE).toEqual({ "work.max_concurrency": null });
  });

  it("leaves the saved value standing when the engine refuses another", async () => {
    saveSettings(engine.settings, { "energy.price": 0.31 });
    engine.state = { ...engine.state, settings: engine.settings.settings.view() };
    await open();
    // Where the saved file's folder should be stands a file.
    forgetSaved(engine.settings);
    writeFileSync(engine.settings.folder, "");
    const price = page.getByRole("textbox", { name: "Price of a kilowatt-hour" });
    await price.fill("0.4");
    await price.blur();
    await section("Electricity").getByRole("alert").waitFor();
    await expect.poll(() => price.inputValue(), PATIENCE).toBe("0.31");
  });

  it("shows what is set elsewhere with its place, and does not offer to change it", async () => {
    await open();
    const markets = section("Markets");
    await markets.getByText("Set in the environment: AITBC_REGION").waitFor();
    await markets.getByText("Set in /etc/bellows/bellows.toml, line 12").waitFor();
    expect(await markets.getByRole("form", { name: "AITBC" }).getByLabel("Region").isDisabled()).toBe(true);
    expect(await markets.getByLabel("Miner key of the coordinator").inputValue()).toBe("");
  });

  it("saves a market whole or not at all, tries its address, and restarts the engine when told", async () => {
    await open();
    const form = section("Markets").getByRole("form", { name: "AITBC" });
    // Complained about at once, before anything is asked of the engine; the beginning of an address is no mistake yet.
    const address = form.getByLabel("GPU service", { exact: true });
    await address.pressSequentially("http");
    expect(await form.getByRole("alert").count()).toBe(0);
    await address.fill("nonsense");
    await form.getByRole("alert").getByText("An address begins with http:// or https://.").waitFor();
    expect(await address.getAttribute("aria-invalid")).toBe("true");
    await address.fill("ftp://nowhere");
    await form.getByRole("alert").getByText("Only http:// and https:// are spoken here.").waitFor();
    expect(await form.getByRole("button", { name: "Test" }).count()).toBe(0);
    await form.getByRole("button", { name: "Save" }).click();
    expect(patches(), "nothing wrong was sent").toEqual([]);
    expect(engine.settings.settings.value("aitbcGpuUrl")).toBeUndefined();

    await form.getByLabel("GPU service", { exact: true }).fill("http://127.0.0.1:8101");
    await form.getByRole("button", { name: "Test" }).click();
    await form.getByRole("status").getByText("It answers").waitFor();
    await form.getByLabel("Key of the GPU service").fill("key-of-the-gpu-service-0123456789");
    await page.keyboard.press("Enter");
    await form.getByText("Not saved yet.").waitFor({ state: "detached" });
    expect(engine.settings.settings.value("aitbcGpuUrl")).toBe("http://127.0.0.1:8101");
    await form.getByRole("button", { name: "Forget: Key of the GPU service" }).waitFor();
    await expect.poll(() => page.content(), PATIENCE).not.toContain("key-of-the-gpu-service-0123456789");

    await page.getByText("2 changes count from the engine’s next start.").waitFor();
    await page.getByRole("button", { name: "Restart the engine…" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Restart now" }).click();
    await expect.poll(() => engine.settings.restarts, PATIENCE).toBe(1);
  });

  it("switches one kind of notice off and on again", async () => {
    await open();
    const kind = section("Notifications").getByRole("switch", { name: "Money to claim" });
    await kind.press("Space");
    await expect.poll(patches, PATIENCE).toEqual([{ "app.notifications_off": ["unclaimed"] }]);
    await expect.poll(() => kind.getAttribute("aria-checked"), PATIENCE).toBe("false");
    await kind.press("Space");
    await expect.poll(() => engine.settings.settings.value("notificationsOff"), PATIENCE).toBeUndefined();
  });

  it("keeps two kinds of notice that are switched off at once", async () => {
    await open();
    const gate = Promise.withResolvers<void>();
    engine.settings.until = gate.promise;
    const kind = (name: string) => section("Notifications").getByRole("switch", { name });
    await kind("Money to claim").press("Space");
    await kind("First earning").press("Space");
    await expect.poll(() => engine.callsOf("settings.set"), PATIENCE).toBe(2);
    gate.resolve();
    await expect
      .poll(() => engine.settings.settings.value("notificationsOff"), PATIENCE)
      .toEqual(["unclaimed", "first-earning"]);
  });

  describe("banners that are not to be shown again", () => {
    const mute = (title: RegExp) =>
      page.locator(".note").filter({ hasText: title }).getByRole("button", { name: "Do not show again" });
    const [BREAKER, TEST] = [/rests after failures/, /failed its self-test/];

    beforeEach(() => {
      const lastSelfTest = { at: Date.now(), ok: false, summary: "Another answer than the reference" };
      engine.state = { ...engine.state, devices: [gpu({ state: "breaker", lastSelfTest })] };
    });

    it("are both kept in mind, the second muted before the first was answered", async () => {
      await open();
      const gate = Promise.withResolvers<void>();
      engine.settings.until = gate.promise;
      await mute(BREAKER).press("Enter");
      await mute(TEST).press("Enter");
      await expect.poll(() => engine.callsOf("settings.set"), PATIENCE).toBe(2);
      gate.resolve();
      await expect
        .poll(() => engine.settings.settings.value("notificationsOff"), PATIENCE)
        .toEqual(["breaker-open", "self-test-failed"]);
      await page.locator(".notices").waitFor({ state: "detached" });
    });

    it("stay where that is set elsewhere, and say so", async () => {
      engine.settings = scriptedSettings({
        "app.notifications_off": {
          text: "",
          source: { kind: "environment", name: "BELLOWS_NOTIFICATIONS_OFF" },
        },
      });
      engine.state = { ...engine.state, settings: engine.settings.settings.view() };
      await open();
      await mute(BREAKER).press("Enter");
      await page.getByRole("alert").getByText("BELLOWS_NOTIFICATIONS_OFF").waitFor();
      await mute(BREAKER).waitFor();
      await shoot(page, "settings-mute-refused");
    });
  });

  it("shows the whole report before anything is saved", async () => {
    await open();
    await page.getByRole("button", { name: "Show the report…" }).click();
    const dialog = page.getByRole("dialog", { name: "Diagnostics" });
    await dialog.getByText("## Settings").waitFor();
    const shown = (await dialog.locator("pre").textContent()) ?? "";
    expect(shown).toContain("aitbc.coordinator_key = is set (/etc/bellows/bellows.toml line 12)");
    await shoot(page, "settings-diagnostics");
    const [download] = await Promise.all([
      page.waitForEvent("download"),
      dialog.getByRole("button", { name: "Save as a file" }).click(),
    ]);
    expect(download.suggestedFilename()).toMatch(/^bellows-diagnostics-.*\.txt$/);
    expect(await violations(page)).toEqual([]);
    await page.keyboard.press("Escape");
    await dialog.waitFor({ state: "detached" });
  });

  it("leads to a section from its index", async () => {
    await open();
    await page
      .getByRole("navigation", { name: "Sections" })
      .getByRole("button", { name: "Storage" })
      .press("Enter");
    await section("Storage").getByText("Models", { exact: true }).waitFor();
    await expect
      .poll(
        () => page.evaluate(() => (document.activeElement as HTMLElement | null)?.dataset.section),
        PATIENCE,
      )
      .toBe("storage");
  });

  it.each([
    ["dark", WIDE, "en"],
    ["light", WIDE, "de"],
    ["dark", NARROW, "en-XA"],
    ["light", NARROW, "de"],
  ] as const)("is readable and fits in %s, %o, %s", async (colorScheme, viewport, language) => {
    await newPage({ colorScheme, viewport });
    mkdirSync(engine.settings.folder, { recursive: true });
    engine.settings.settings.set({
      "energy.price": 0.31,
      "energy.second_hours": "22:00-06:00",
      "work.keep_alive": "45m",
    });
    engine.state = { ...engine.state, settings: engine.settings.settings.view() };
    await open(`?lang=${language}`);
    await expectWhole(page);
    for (const [index, name] of [
      "top",
      "markets",
      "energy",
      "presence",
      "work",
      "notifications",
      "storage",
    ].entries()) {
      if (index > 0)
        await page.locator(`[data-section=${name}]`).evaluate((element) => element.scrollIntoView());
      await shoot(page, `settings-${name}-${colorScheme}-${viewport.width}`);
    }
  });
});
