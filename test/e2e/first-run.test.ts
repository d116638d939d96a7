/** The first five minutes: a real Electron on an empty data folder, set up by keyboard alone, to the first accepted job. */
import type { Page } from "playwright";
import { beforeAll, describe, expect, it } from "vitest";
import { desktopSuite } from "./ui/demo-app.ts";
import { canShowWindows } from "./ui/electron-app.ts";
import { HOOK_PATIENCE, PATIENCE } from "./ui/patience.ts";
import { shoot, WIDE } from "./ui/screenshots.ts";

describe.skipIf(!canShowWindows)("the first run", () => {
  const desktop = desktopSuite("first-run");
  let page: Page;

  beforeAll(async () => {
    ({ page } = await desktop.launch(desktop.environment({ BELLOWS_FIRST_RUN: undefined })));
    await page.setViewportSize(WIDE);
  }, HOOK_PATIENCE);

  const heading = () => page.getByRole("heading", { level: 1 }).innerText();
  const at = (words: RegExp) => expect.poll(heading, PATIENCE).toMatch(words);

  /** Tab until the element with this accessible name has the focus. */
  async function tabTo(name: RegExp): Promise<void> {
    for (let tabs = 0; tabs < 60; tabs += 1) {
      await page.keyboard.press("Tab");
      const focused = await page.evaluate(() => {
        const element = document.activeElement;
        const label = element?.closest("label")?.textContent ?? "";
        return `${element?.textContent ?? ""} ${element?.getAttribute("aria-label") ?? ""} ${label}`;
      });
      if (name.test(focused)) return;
    }
    throw new Error(`Tab never came to ${name}`);
  }

  async function shootBoth(name: string): Promise<void> {
    for (const colorScheme of ["dark", "light"] as const) {
      await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
      await shoot(page, `first-run-${name}-${colorScheme}`);
    }
  }

  it("opens by itself on an empty data folder, and says what it does and does not do", async () => {
    await at(/when you don’t need it/);
    await page.getByText("It mines nothing and trains nothing.").waitFor();
    await shootBoth("intro");
    await tabTo(/Continue/);
    await page.keyboard.press("Enter");
  });

  it("shows the machine and tests it with a job of known answer", async () => {
    await at(/What can work here/);
    await tabTo(/Test now|Test again/);
    await page.keyboard.press("Enter");
    await page.getByText("Passed", { exact: true }).first().waitFor();
    await shootBoth("machine");
    await tabTo(/Continue/);
    await page.keyboard.press("Enter");
  });

  it("asks for an address of a market that is chosen, and goes on with the demo", async () => {
    await at(/Where the jobs come from/);
    await tabTo(/AITBC.*Rents out/);
    await page.keyboard.press("Space");
    await page.getByText("Coordinator’s address").waitFor();
    await shootBoth("markets");
    await tabTo(/Continue/);
    await page.keyboard.press("Enter");
    await page.getByText(/Enter at least one address of AITBC/).waitFor();
    await page.keyboard.press("Shift+Tab");
    await tabTo(/Back|Finish later/);
    for (let back = 0; back < 20; back += 1) await page.keyboard.press("Shift+Tab");
    await tabTo(/Demo.*play money/);
    await page.keyboard.press("Space");
    await tabTo(/Continue/);
    await page.keyboard.press("Enter");
  });

  it("can be left at the last step and comes back there", async () => {
    await at(/^Ready/);
    await shootBoth("ready");
    await page.reload();
    await at(/^Ready/);
  });

  it("starts earning with one button, and asks no more", async () => {
    await tabTo(/Start earning/);
    await page.keyboard.press("Enter");
    await at(/^Earning on 1 of 1/);
    expect(await page.getByText("Go on with set-up").count()).toBe(0);
    await shoot(page, "first-run-home");
  });
});
