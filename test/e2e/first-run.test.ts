/** The first five minutes: a real Electron on an empty data folder, set up by keyboard alone, to the first accepted job. */
import { existsSync, writeFileSync } from "node:fs";
import path from "node:path";
import type { Page } from "playwright";
import { beforeAll, describe, expect, it } from "vitest";
import type { PreloadBridge } from "../../src/shared/contract/bridge.ts";
import { MINUTE, SECOND } from "../../src/shared/durations.ts";
import { desktopSuite } from "./ui/demo-app.ts";
import { canShowWindows, REPOSITORY } from "./ui/electron-app.ts";
import { expectWhole } from "./ui/page-checks.ts";
import { HOOK_PATIENCE, PATIENCE } from "./ui/patience.ts";
import { shoot, WIDE } from "./ui/screenshots.ts";

/** From the start of the app to the first accepted result, with everything a person does in between. */
const AT_MOST = 2 * MINUTE;
const FIGURES = path.join(REPOSITORY, "test-results", "e2e", "first-run.json");

describe.skipIf(!canShowWindows)("the first run", () => {
  const desktop = desktopSuite("first-run");
  let page: Page;
  let launchedAt: number;

  beforeAll(async () => {
    const env = desktop.environment({ BELLOWS_FIRST_RUN: undefined, BELLOWS_START: undefined });
    launchedAt = Date.now();
    ({ page } = await desktop.launch(env));
    await page.setViewportSize(WIDE);
  }, HOOK_PATIENCE);

  const heading = () => page.getByRole("heading", { level: 1 }).innerText();
  const at = (words: RegExp) => expect.poll(heading, PATIENCE).toMatch(words);

  /** Tab until the element with this accessible name has the focus. */
  async function tabTo(name: RegExp, key: "Tab" | "Shift+Tab" = "Tab"): Promise<void> {
    for (let tabs = 0; tabs < 60; tabs += 1) {
      await page.keyboard.press(key);
      const focused = await page.evaluate(() => {
        const element = document.activeElement;
        const label = element?.closest("label")?.textContent ?? "";
        return `${element?.textContent ?? ""} ${element?.getAttribute("aria-label") ?? ""} ${label}`;
      });
      if (name.test(focused)) return;
    }
    throw new Error(`${key} never came to ${name}`);
  }

  async function shootBoth(name: string): Promise<void> {
    for (const colorScheme of ["dark", "light"] as const) {
      await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
      await shoot(page, `first-run-${name}-${colorScheme}`);
      await expectWhole(page, `${name} ${colorScheme}`);
    }
  }

  /** As the engine says it. */
  const work = () =>
    page.evaluate(async () => {
      const { bellows } = window as unknown as { bellows: PreloadBridge };
      const answer = await bellows.invoke("state.snapshot", {});
      if (!answer.ok) throw new Error(answer.error.message);
      const { engine, throughput } = answer.output.state;
      return { intent: engine.intent, accepted: throughput.acceptedTotal };
    });

  it("opens by itself on an empty data folder, says what it does and does not do, and does nothing yet", async () => {
    await at(/when you don’t need it/);
    await page.getByText("It mines nothing and trains nothing.").waitFor();
    await expect.poll(async () => (await work()).intent, PATIENCE).toBe("paused");
    await shootBoth("intro");
    await tabTo(/Continue/);
    await page.keyboard.press("Enter");
  });

  it("shows the machine and tests it with a job of known answer, before one’s eyes", async () => {
    await at(/What can work here/);
    const pace = page.getByRole("img", { name: /^Texts a second: \d/ });
    await pace.first().waitFor();
    await page.getByText(/^Test passed: right answer, \S+ texts a second$/).waitFor();
    expect(await page.getByText("Temperature: ").count()).toBeGreaterThan(0);
    await shootBoth("machine");
    await tabTo(/Continue/);
    await page.keyboard.press("Enter");
  });

  it("asks for an address of a market that is chosen, and goes on with the demo", async () => {
    await at(/Where the jobs come from/);
    await tabTo(/Demo.*play money/);
    await page.keyboard.press("ArrowDown");
    await tabTo(/AITBC.*Pays for jobs/);
    await page.keyboard.press("Space");
    await page.getByText("Coordinator’s address").waitFor();
    await shootBoth("markets");
    await tabTo(/Continue/);
    await page.keyboard.press("Enter");
    await page.getByText("Enter this address, or leave the market out.").waitFor();
    // The field has the focus: the choice is above it.
    await tabTo(/Real markets/, "Shift+Tab");
    await page.keyboard.press("ArrowUp");
    await tabTo(/Continue/);
    await page.keyboard.press("Enter");
  });

  it("explains key and stake, which the demo has already", async () => {
    await at(/Your key, and what is at stake/);
    await page.getByText("The demo has made a key for play money").waitFor();
    await page.getByText("100\u00a0ANM of play money are staked in the demo").waitFor();
    await page.getByText("At least 100\u00a0ANM").waitFor();
    await shootBoth("key");
    await tabTo(/Continue/);
    await page.keyboard.press("Enter");
  });

  it("can be left at any step, and goes on there", async () => {
    await at(/^Ready/);
    await shootBoth("ready");
    await page.reload();
    await at(/^Ready/);
    await tabTo(/Finish later/);
    await page.keyboard.press("Enter");
    await page.getByText("It goes on where it was left: Start earning, step 5 of 5.").waitFor();
    await at(/^Paused/);
    await shootBoth("left");
    await tabTo(/Go on with set-up/);
    await page.keyboard.press("Enter");
    await at(/^Ready/);
    expect((await work()).intent).toBe("paused");
  });

  it("starts earning with one button, at login too where that was wanted, and asks no more", async () => {
    await tabTo(/Start Bellows when I log in/);
    await page.keyboard.press("Space");
    await tabTo(/Start earning/);
    expect((await work()).accepted).toBe(0);
    await page.keyboard.press("Enter");
    await at(/^Earning on 1 of 1/);
    await expect.poll(async () => (await work()).accepted, PATIENCE).toBeGreaterThan(0);
    const took = Date.now() - launchedAt;
    writeFileSync(
      FIGURES,
      `${JSON.stringify({ secondsToFirstAcceptedJob: took / SECOND })}
`,
    );
    expect(took).toBeLessThan(AT_MOST);
    expect(await page.getByText("Go on with set-up").count()).toBe(0);
    expect(existsSync(path.join(desktop.folder, "config", "autostart", "bellows.desktop"))).toBe(true);
    await shoot(page, "first-run-home");
    expect(await page.getByText("Start Bellows when you log in?").count()).toBe(0);
  });
});
