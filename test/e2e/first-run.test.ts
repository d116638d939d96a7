/** The first five minutes: a real Electron on an empty data folder, set up by keyboard alone, to the first accepted job. */
import type { ChildProcess } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import type { ElectronApplication, Page } from "playwright";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { SECOND } from "../../src/shared/durations.ts";
import {
  appEnvironment,
  canShowWindows,
  exitOf,
  launchApp,
  openScreen,
  REPOSITORY,
  type Screen,
} from "./ui/electron-app.ts";

const SHOTS = path.join(REPOSITORY, "test-results", "e2e");
const within = { timeout: 60 * SECOND, interval: 100 };

describe.skipIf(!canShowWindows)("the first run", () => {
  let screen: Screen;
  let folder: string;
  let app: ElectronApplication;
  let main: ChildProcess;
  let page: Page;

  beforeAll(async () => {
    mkdirSync(SHOTS, { recursive: true });
    screen = await openScreen();
    folder = mkdtempSync(path.join(tmpdir(), "bellows-first-run-"));
    const { BELLOWS_FIRST_RUN: _, ...env } = appEnvironment(screen, {
      BELLOWS_DATA_DIR: folder,
      BELLOWS_TRAY: "yes",
      BELLOWS_ENGINE_NODE: process.execPath,
    });
    app = await launchApp(env);
    main = app.process();
    page = await app.firstWindow();
    page.setDefaultTimeout(within.timeout);
    await page.setViewportSize({ width: 1280, height: 800 });
  });

  afterAll(async () => {
    if (main && main.exitCode === null && main.signalCode === null) {
      const gone = exitOf(main);
      main.kill("SIGKILL");
      await gone;
    }
    screen?.close();
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  });

  const heading = () => page.getByRole("heading", { level: 1 }).innerText();
  const at = (words: RegExp) => expect.poll(heading, within).toMatch(words);

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

  async function shoot(name: string): Promise<void> {
    for (const colorScheme of ["dark", "light"] as const) {
      await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
      await page.screenshot({ path: path.join(SHOTS, `first-run-${name}-${colorScheme}.png`) });
    }
  }

  it("opens by itself on an empty data folder, and says what it does and does not do", async () => {
    await at(/when you don’t need it/);
    await page.getByText("It mines nothing and trains nothing.").waitFor();
    await shoot("intro");
    await tabTo(/Continue/);
    await page.keyboard.press("Enter");
  });

  it("shows the machine and tests it with a job of known answer", async () => {
    await at(/What can work here/);
    await tabTo(/Test now|Test again/);
    await page.keyboard.press("Enter");
    await page.getByText("Passed", { exact: true }).first().waitFor();
    await shoot("machine");
    await tabTo(/Continue/);
    await page.keyboard.press("Enter");
  });

  it("asks for an address of a market that is chosen, and goes on with the demo", async () => {
    await at(/Where the jobs come from/);
    await tabTo(/AITBC.*Rents out/);
    await page.keyboard.press("Space");
    await page.getByText("Coordinator’s address").waitFor();
    await shoot("markets");
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
    await shoot("ready");
    await page.reload();
    await at(/^Ready/);
  });

  it("starts earning with one button, and asks no more", async () => {
    await tabTo(/Start earning/);
    await page.keyboard.press("Enter");
    await at(/^Earning on 1 of 1/);
    expect(await page.getByText("Go on with set-up").count()).toBe(0);
    await page.screenshot({ path: path.join(SHOTS, "first-run-home.png") });
  });
});
