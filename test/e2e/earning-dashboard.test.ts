/** The headless dashboard: the real demo in a terminal, the printed link opened in a real Chromium. */
import { describe, expect, it } from "vitest";
import { RunningDemo } from "../support/bellows.ts";
import { chromiumFile } from "./ui/browser.ts";
import { browserSuite } from "./ui/dashboard-page.ts";
import { PATIENCE } from "./ui/patience.ts";
import { shoot } from "./ui/screenshots.ts";

describe.skipIf(chromiumFile === null)("the headless dashboard", () => {
  const chromium = browserSuite();

  it("shows a provider earning, obeys its buttons, and needs no other place on the network", async () => {
    const demo = await RunningDemo.start();
    const link = /http:\/\/127\.0\.0\.1:\d+\/#token=\S+/.exec(demo.process.stdout())?.[0] ?? "";
    const page = await chromium.page(new URL(link).origin, { colorScheme: "light" });
    const headline = () => page.getByRole("heading", { level: 1 }).innerText();

    await page.goto(link);
    await expect.poll(headline, PATIENCE).toMatch(/^Earning on 1 of 1/);
    expect(page.url(), "the token is no longer in the address").not.toContain("token");
    for (const market of ["AITBC", "AICF"]) {
      await page
        .getByRole("row")
        .filter({ hasText: market })
        .filter({ hasText: /settled/ })
        .first()
        .waitFor();
    }
    await shoot(page, "dashboard-earning");

    await page.getByRole("button", { name: "Pause" }).click();
    await expect.poll(async () => (await demo.state()).engine.intent, PATIENCE).toBe("paused");
    await expect.poll(headline, PATIENCE).toMatch(/^Paused/);
    await page.getByRole("button", { name: "Start" }).click();
    await expect.poll(headline, PATIENCE).toMatch(/^Earning/);
    await page.reload();
    await expect.poll(headline, PATIENCE).toMatch(/^Earning/);

    const other = await chromium.page(new URL(link).origin);
    await other.goto(link);
    await other.getByText(/link/i).first().waitFor();
    expect(await other.getByText(/Earning on/).count(), "a used link opens nothing").toBe(0);
    await shoot(other, "dashboard-used-link");
  });
});
