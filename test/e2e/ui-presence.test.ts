/** Settings, "When to work": the rules that leave a GPU to its person, set by keyboard and kept by the real settings. */
import type { BrowserContextOptions, Page } from "playwright";
import { describe, expect, it } from "vitest";
import type { SettingKey } from "../../src/shared/contract/settings.ts";
import { saveSettings } from "../support/scripted-settings.ts";
import { chromiumFile } from "./ui/browser.ts";
import { dashboardSuite } from "./ui/dashboard-page.ts";
import { expectWhole } from "./ui/page-checks.ts";
import { PATIENCE } from "./ui/patience.ts";
import { lookName, NARROW, shoot, WIDE } from "./ui/screenshots.ts";
import type { ScriptedEngine } from "./ui/scripted-engine.ts";
import { earning } from "./ui/states.ts";

describe.skipIf(chromiumFile === null)("the rules of presence in Settings", () => {
  const dashboard = dashboardSuite();

  async function open(options: BrowserContextOptions = {}, before?: (engine: ScriptedEngine) => unknown) {
    const engine = await dashboard.engine(earning(Date.now()), (scripted) => {
      before?.(scripted);
      scripted.state = { ...scripted.state, settings: scripted.settings.settings.view() };
    });
    const page = await dashboard.page(engine.url, options);
    await page.goto(engine.link());
    await page
      .getByRole("navigation")
      .getByRole("link", { name: /^(Settings|Einstellungen)$/ })
      .click();
    return {
      engine,
      page,
      value: (key: SettingKey) => engine.settings.settings.view().values[key].value,
    };
  }

  const section = (page: Page) => page.locator('[data-section="presence"]');

  it("sets every rule by keyboard, and each is kept as a file would write it", async () => {
    const { page, value } = await open();
    const here = section(page);
    const flip = async (name: string) => {
      await here.getByRole("switch", { name, exact: true }).focus();
      await page.keyboard.press("Space");
    };
    await flip("Pause for other programs");
    await expect.poll(() => value("presence.pause_for_other_programs"), PATIENCE).toBe(false);
    await flip("Pause for full screen");
    await expect.poll(() => value("presence.pause_for_fullscreen"), PATIENCE).toBe(false);
    await flip("Pause on battery");
    await expect.poll(() => value("presence.pause_on_battery"), PATIENCE).toBe(false);

    await flip("Work only while you are away");
    await expect.poll(() => value("presence.idle_minutes"), PATIENCE).toBe(10);
    const minutes = here.getByRole("textbox", { name: /Minutes away/ });
    await minutes.fill("25");
    await page.keyboard.press("Enter");
    await expect.poll(() => value("presence.idle_minutes"), PATIENCE).toBe(25);
    await flip("Rest a hot GPU");
    await expect.poll(() => value("presence.temperature_limit"), PATIENCE).toBe(83);

    const programs = here.getByRole("textbox", { name: "Add a program" });
    for (const name of ["eldenring.exe", "blender"]) {
      await programs.fill(name);
      await page.keyboard.press("Enter");
      await here.getByRole("button", { name: `Remove ${name}` }).waitFor();
    }
    await here.getByRole("button", { name: "Remove eldenring.exe" }).focus();
    await page.keyboard.press("Enter");
    await expect.poll(() => value("presence.pause_programs"), PATIENCE).toEqual(["blender"]);

    const load = here.getByRole("textbox", { name: /: Load$/ });
    await load.fill("70");
    await page.keyboard.press("Enter");
    await expect.poll(() => value("presence.busy_percent"), PATIENCE).toBe(70);
  });

  it("the week's hours: added, changed and taken away, past midnight too", async () => {
    const { page, value } = await open();
    const here = section(page);
    await here.getByRole("img", { name: "The week: filled where work is welcome: At any time" }).waitFor();
    await here.getByRole("button", { name: "Add hours" }).focus();
    await page.keyboard.press("Enter");
    await here.getByText("until the next morning").waitFor();
    // A draft: nothing pauses before it is said to be right.
    const save = here.getByRole("button", { name: "Save hours" });
    expect(value("presence.schedule")).toBeNull();
    await shoot(here, "presence-draft");
    await here.getByRole("button", { name: "Discard" }).press("Enter");
    await save.waitFor({ state: "detached" });
    expect(value("presence.schedule")).toBeNull();
    await here.getByRole("button", { name: "Add hours" }).press("Enter");
    await save.press("Enter");
    await expect.poll(() => value("presence.schedule"), PATIENCE).toEqual(["Mon-Fri 18:00-08:00"]);
    // The next draft is for when this one is gone, which is after the engine's answer.
    await save.waitFor({ state: "detached" });
    await here.getByRole("button", { name: "Add hours" }).press("Enter");
    await save.press("Enter");
    await expect
      .poll(() => value("presence.schedule"), PATIENCE)
      .toEqual(["Mon-Fri 18:00-08:00", "Sat,Sun 00:00-24:00"]);
    await save.waitFor({ state: "detached" });
    await here.getByRole("button", { name: "Remove these hours: Sat, Sun 00:00–24:00" }).waitFor();
    await here
      .getByRole("group", { name: "Mon, Tue, Wed, Thu, Fri 18:00–08:00" })
      .getByRole("button", { name: "Fri", exact: true })
      .press("Space");
    await expect.poll(() => value("presence.schedule"), PATIENCE).toContain("Mon-Thu 18:00-08:00");
    await here.getByLabel("From: Mon, Tue, Wed, Thu 18:00–08:00").fill("21:30");
    await page.keyboard.press("Enter");
    await expect.poll(() => value("presence.schedule"), PATIENCE).toContain("Mon-Thu 21:30-08:00");
    await here.getByRole("button", { name: "Remove these hours: Sat, Sun 00:00–24:00" }).press("Enter");
    await expect.poll(() => value("presence.schedule"), PATIENCE).toEqual(["Mon-Thu 21:30-08:00"]);
    await here.getByRole("img", { name: /Mon, Tue, Wed, Thu 21:30–08:00$/ }).waitFor();
  });

  it("keeps two quick changes of one list, the second made before the first was answered", async () => {
    const { page, engine, value } = await open({}, ({ settings }) =>
      saveSettings(settings, { "presence.schedule": ["Mon-Fri 18:00-08:00"] }),
    );
    const here = section(page);
    const gate = Promise.withResolvers<void>();
    engine.settings.until = gate.promise;
    const sent = () => engine.callsOf("settings.set");
    const group = (days: string) => here.getByRole("group", { name: `${days} 18:00–08:00` });
    await group("Mon, Tue, Wed, Thu, Fri").getByRole("button", { name: "Fri", exact: true }).press("Space");
    await expect.poll(sent, PATIENCE).toBe(1);
    await group("Mon, Tue, Wed, Thu").getByRole("button", { name: "Mon", exact: true }).press("Space");
    await expect.poll(sent, PATIENCE).toBe(2);

    const programs = here.getByRole("textbox", { name: "Add a program" });
    for (const name of ["eldenring.exe", "blender"]) {
      await programs.fill(name);
      await page.keyboard.press("Enter");
      await here.getByRole("button", { name: `Remove ${name}` }).waitFor();
    }
    await expect.poll(sent, PATIENCE).toBe(4);
    gate.resolve();
    await expect.poll(() => value("presence.schedule"), PATIENCE).toEqual(["Tue-Thu 18:00-08:00"]);
    await expect.poll(() => value("presence.pause_programs"), PATIENCE).toEqual(["eldenring.exe", "blender"]);
    await group("Tue, Wed, Thu").waitFor();
  });

  it("says where the hours are changed that work rests by them now, and until when", async () => {
    const { page, engine } = await open();
    const until = new Date();
    until.setHours(until.getHours() + 2, 0, 0, 0);
    const paused = {
      by: "schedule" as const,
      text: "paused outside the hours for work",
      subject: null,
      until: until.getTime(),
      resumesByItself: true,
      signals: ["schedule" as const],
    };
    const clock = `${String(until.getHours()).padStart(2, "0")}:00`;
    engine.tell({ devices: engine.state.devices.map((device) => ({ ...device, paused })) });
    await section(page).getByText(`It is outside these hours now: work rests until ${clock}.`).waitFor();
  });

  it.each([
    { viewport: WIDE, colorScheme: "dark", locale: "en-GB" },
    { viewport: NARROW, colorScheme: "light", locale: "de-DE" },
  ] as const)("looks right at $viewport.width, $colorScheme, $locale", async (look) => {
    const { page } = await open(look, ({ settings }) =>
      saveSettings(settings, {
        "presence.schedule": ["Mon-Fri 18:00-08:00", "Sat,Sun 00:00-24:00"],
        "presence.pause_programs": ["eldenring.exe", "a-program-with-quite-a-long-file-name-2077-x64.exe"],
        "presence.idle_minutes": 10,
        "presence.temperature_limit": 83,
      }),
    );
    const here = section(page);
    await here.getByText("eldenring.exe").waitFor();
    await here.scrollIntoViewIfNeeded();
    await expectWhole(page);
    await page.setViewportSize({ ...look.viewport, height: 3200 });
    await shoot(here, `presence-${lookName(look)}`);
  });
});
