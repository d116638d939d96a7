/**
 * The real app in a real Electron, as a person walks through it: what happened while no window was open, every screen in
 * both lights and sizes, and every stop of the Tab key in sight.
 */
import type { ElectronApplication, Page } from "playwright";
import { beforeAll, describe, expect, it } from "vitest";
import { SCREEN_NAMES, type ScreenName } from "../../src/shared/screens.ts";
import { turnTo } from "./ui/dashboard-page.ts";
import { buildApp, desktopSuite } from "./ui/demo-app.ts";
import { canShowWindows } from "./ui/electron-app.ts";
import { expectInside, expectWhole } from "./ui/page-checks.ts";
import { HOOK_PATIENCE, PATIENCE } from "./ui/patience.ts";
import { LOOKS, type Look, lookName, shoot, WIDE } from "./ui/screenshots.ts";

/** More stops than any screen has before its lists begin. */
const STOPS = 45;

describe.skipIf(!canShowWindows || process.platform !== "linux")("a walk through the real app", () => {
  const desktop = desktopSuite("screens");
  let app: ElectronApplication;
  let page: Page;

  beforeAll(async () => {
    await buildApp();
    ({ app } = await desktop.launchHidden(desktop.environment()));
    await app.evaluate(({ Notification }) => {
      const told: string[] = [];
      (globalThis as unknown as { told: string[] }).told = told;
      Notification.isSupported = () => true;
      Notification.prototype.show = function () {
        told.push(this.title);
      };
    });
  }, HOOK_PATIENCE);

  const told = () => app.evaluate(() => (globalThis as unknown as { told: string[] }).told);
  const banners = () => page.getByRole("region", { name: "Notices" });

  /** All of them, also those behind the line that says how many more there are. */
  async function bannerTitles(): Promise<string[]> {
    const more = banners().getByRole("button", { name: /more notices?$/ });
    if ((await more.count()) > 0) await more.click();
    return banners().locator(".notice-title").allInnerTexts();
  }

  async function closeWindow(): Promise<void> {
    await app.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows()[0]?.close());
    await expect
      .poll(() => app.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows().length), PATIENCE)
      .toBe(0);
  }

  async function see(screen: ScreenName): Promise<void> {
    await turnTo(page, screen);
    await page.getByRole("heading", { level: 1 }).first().waitFor();
    await expect.poll(() => page.locator(".skeleton").count(), PATIENCE).toBe(0);
  }

  async function look({ viewport, colorScheme }: Look): Promise<void> {
    await page.emulateMedia({ colorScheme });
    await app.evaluate(({ BrowserWindow }, { width, height }) => {
      BrowserWindow.getAllWindows()[0]?.setContentBounds({ x: 0, y: 0, width, height });
    }, viewport);
    await expect.poll(() => page.evaluate(() => window.innerWidth), PATIENCE).toBe(viewport.width);
    await expect
      .poll(() => page.evaluate(() => document.documentElement.dataset.theme), PATIENCE)
      .toBe(colorScheme);
  }

  it("shows in the window what happened while none was open, until it is put away", async () => {
    const first = "First earning on AICF";
    await expect.poll(told, PATIENCE).toContain(first);
    page = await desktop.openWindow(app);
    await banners().waitFor();
    await expect.poll(bannerTitles, PATIENCE).toContain(first);
    await shoot(page, "desktop-notices");
    await banners().locator(".note", { hasText: first }).getByRole("button", { name: "Dismiss" }).click();
    await expect.poll(() => banners().getByText(first).count(), PATIENCE).toBe(0);
    await closeWindow();
    page = await desktop.openWindow(app);
    // Another one says that the notices have come; the one put away is not among them.
    await banners().waitFor();
    expect(await bannerTitles()).not.toContain(first);
    await banners().getByRole("button", { name: "No", exact: true }).click();
  });

  it.each(LOOKS.map((shown) => ({ shown, name: lookName(shown) })))(
    "is whole on every screen: $name",
    async ({ shown, name }) => {
      await look(shown);
      for (const screen of SCREEN_NAMES) {
        await see(screen);
        await shoot(page, `desktop-${screen}-${name}`);
        // Colours are the same at every size: axe, which takes its time, sees each light once.
        const wholly = (shown.viewport === WIDE) === (shown.colorScheme === "dark");
        await (wholly ? expectWhole : expectInside)(page, `${screen} ${name}`);
      }
    },
    HOOK_PATIENCE,
  );

  it("shows where the keyboard is, at every stop of every screen", async () => {
    await look({ viewport: WIDE, colorScheme: "dark" });
    const blind: string[] = [];
    for (const screen of SCREEN_NAMES) {
      await see(screen);
      await page.locator("#content").focus();
      let stops = 0;
      for (; stops < STOPS; stops += 1) {
        await page.keyboard.press("Tab");
        const stop = await page.evaluate(focused);
        if (stop === null) break;
        if (!stop.seen) blind.push(`${screen}: ${stop.what}`);
      }
      expect(stops, `${screen} has something to press`).toBeGreaterThan(0);
    }
    expect([...new Set(blind)]).toEqual([]);
  });
});

/** In the page: what has the focus, and whether it or the control around it has a ring. null: nothing of the content. */
function focused(): { what: string; seen: boolean } | null {
  const element = document.activeElement;
  if (!(element instanceof HTMLElement) || element === document.body) return null;
  if (element.closest("#content") === null) return null;
  const hasRing = (each: Element, part?: "::after") => {
    const { outlineStyle, outlineWidth, outlineColor } = getComputedStyle(each, part);
    return outlineStyle !== "none" && Number.parseFloat(outlineWidth) >= 1 && !/, 0\)$/.test(outlineColor);
  };
  const around = [element, element.parentElement, element.parentElement?.parentElement];
  const { width, height } = element.getBoundingClientRect();
  return {
    what: `${element.tagName.toLowerCase()}.${element.className} ${element.getAttribute("aria-label") ?? element.textContent?.slice(0, 30)}`,
    // A row's button draws its ring around the whole row.
    seen:
      width > 0 &&
      height > 0 &&
      (hasRing(element, "::after") || around.some((each) => each != null && hasRing(each))),
  };
}
