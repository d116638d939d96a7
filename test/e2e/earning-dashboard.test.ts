/** The headless dashboard: the real demo in a terminal, the printed link opened in a real Chromium. */
import { mkdirSync } from "node:fs";
import path from "node:path";
import type { Browser, Page } from "playwright";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { SECOND } from "../../src/shared/durations.ts";
import { RunningDemo } from "../support/bellows.ts";
import { chromiumFile, launchBrowser, watchFaults } from "./ui/browser.ts";
import { REPOSITORY } from "./ui/electron-app.ts";

const SHOTS = path.join(REPOSITORY, "test-results", "e2e");
const within = { timeout: 30 * SECOND, interval: 100 };

describe.skipIf(chromiumFile === null)("the headless dashboard", () => {
  let browser: Browser;
  beforeAll(async () => {
    mkdirSync(SHOTS, { recursive: true });
    browser = await launchBrowser();
  });
  afterAll(() => browser?.close());

  it("shows a provider earning, obeys its buttons, and needs no other place on the network", async () => {
    const demo = await RunningDemo.start();
    const link = /http:\/\/127\.0\.0\.1:\d+\/#token=\S+/.exec(demo.process.stdout())?.[0] ?? "";
    const page: Page = await browser.newPage({
      viewport: { width: 1280, height: 800 },
      colorScheme: "light",
    });
    page.setDefaultTimeout(within.timeout);
    const faults = watchFaults(page, new URL(link).origin);
    const headline = () => page.getByRole("heading", { level: 1 }).innerText();

    await page.goto(link);
    await expect.poll(headline, within).toMatch(/^Earning on 1 of 1/);
    expect(page.url(), "the token is no longer in the address").not.toContain("token");
    for (const market of ["AITBC", "AICF"]) {
      await page
        .getByRole("row")
        .filter({ hasText: market })
        .filter({ hasText: /settled/ })
        .first()
        .waitFor();
    }
    await page.screenshot({ path: path.join(SHOTS, "dashboard-earning.png") });

    await page.getByRole("button", { name: "Pause" }).click();
    await expect.poll(async () => (await demo.state()).engine.intent, within).toBe("paused");
    await expect.poll(headline, within).toMatch(/^Paused/);
    await page.getByRole("button", { name: "Start" }).click();
    await expect.poll(headline, within).toMatch(/^Earning/);
    await page.reload();
    await expect.poll(headline, within).toMatch(/^Earning/);

    const stranger = await browser.newContext();
    const other = await stranger.newPage();
    await other.goto(link);
    await other.getByText(/link/i).first().waitFor();
    expect(await other.getByText(/Earning on/).count(), "a used link opens nothing").toBe(0);
    await other.screenshot({ path: path.join(SHOTS, "dashboard-used-link.png") });
    await stranger.close();
    expect(faults).toEqual([]);
    await page.close();
  });
});
