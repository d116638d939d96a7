/** The pictures of the docs: the built page in a real Chromium, before an engine that tells one made-up state. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import type { Page } from "playwright";
import { Ledger } from "../../src/engine/ledger/ledger.ts";
import type { State } from "../../src/shared/contract/views.ts";
import { SECOND } from "../../src/shared/durations.ts";
import { chromiumFile, launchBrowser } from "../e2e/ui/browser.ts";
import { buildRenderer } from "../e2e/ui/renderer-build.ts";
import { ScriptedEngine } from "../e2e/ui/scripted-engine.ts";
import { pricedMarket } from "../support/priced-market.ts";
import { aLevel, anAccount, aStanding } from "../support/scripted-account.ts";
import { PASSED } from "../support/scripted-offers.ts";
import { saveSettings } from "../support/scripted-settings.ts";
import { playSelfTest } from "../support/self-test-play.ts";
import { firstState, RTX_4090, samplesOf, shownBooks, shownState } from "./shown-state.ts";
import { smallerPng } from "./smaller-png.ts";

interface Picture {
  readonly name: string;
  readonly place: string;
  readonly look: "dark" | "light";
  readonly state?: (now: number) => State;
  /** Before the page opens. */
  readonly prepare?: (engine: ScriptedEngine) => void;
  /** What has to be there before the picture is taken. */
  readonly ready: (page: Page, engine: ScriptedEngine) => Promise<unknown>;
}

const PICTURES: readonly Picture[] = [
  {
    name: "home-dark",
    place: "home",
    look: "dark",
    ready: (page) => page.getByRole("heading", { name: "Recent jobs" }).waitFor(),
  },
  {
    name: "home-light",
    place: "home",
    look: "light",
    ready: (page) => page.getByRole("heading", { name: "Recent jobs" }).waitFor(),
  },
  {
    name: "gpus",
    place: "gpus",
    look: "dark",
    ready: (page) => page.locator(".chart canvas").nth(7).waitFor(),
  },
  {
    name: "offers",
    place: "offers",
    look: "dark",
    ready: (page) => page.locator(".outlook").first().waitFor(),
  },
  {
    name: "earnings",
    place: "earnings",
    look: "dark",
    ready: (page) => page.locator(".chart canvas").first().waitFor(),
  },
  {
    name: "reliability",
    place: "reliability",
    look: "dark",
    ready: (page) => page.getByText("No penalty so far.").waitFor(),
  },
  {
    name: "first-run",
    place: "welcome",
    look: "dark",
    state: firstState,
    prepare: (engine) => {
      engine.state = {
        ...engine.state,
        settings: saveSettings(engine.settings, { "app.first_run": "machine" }),
      };
      // The test that the set-up asks for is still running in the picture.
      engine.selfTest = () => new Promise(() => undefined);
    },
    ready: async (page, engine) => {
      await page.getByText("What can work here").waitFor();
      playSelfTest(engine, 24);
      await page.getByText("Throughput: runs").waitFor({ state: "attached" });
    },
  },
];

const SIZE = { width: 1280, height: 800 };

/** Draws every picture into `folder`; returns each file's name and bytes. */
export async function drawPictures(folder: string): Promise<{ file: string; bytes: number }[]> {
  if (chromiumFile === null) throw new Error("There is no Chromium here; BELLOWS_CHROMIUM names one.");
  const [build, browser] = await Promise.all([buildRenderer(), launchBrowser()]);
  const pricing = await openMarket();
  try {
    const drawn: { file: string; bytes: number }[] = [];
    for (const { name, place, look, state = shownState, prepare, ready } of PICTURES) {
      const now = Date.now();
      const engine = new ScriptedEngine(build.folder, state(now));
      engine.account = anAccount({ standing: aStanding(now), level: aLevel(now) });
      engine.samples = (device) => samplesOf(device, now);
      engine.offerPreview = pricing.preview;
      shownBooks(engine.books, now);
      saveSettings(engine.settings, { "app.first_run": "done" });
      prepare?.(engine);
      await engine.listen();
      const context = await browser.newContext({
        viewport: SIZE,
        colorScheme: look,
        reducedMotion: "reduce",
      });
      const page = await context.newPage();
      page.setDefaultTimeout(20 * SECOND);
      await page.goto(engine.link());
      await page.locator("main h1").first().waitFor();
      await page.evaluate((hash) => {
        window.location.hash = hash;
      }, `#/${place}`);
      await ready(page, engine);
      await page.evaluate(() => document.fonts.ready);
      const png = smallerPng(await page.screenshot());
      writeFileSync(path.join(folder, `${name}.png`), png);
      drawn.push({ file: `${name}.png`, bytes: png.length });
      await context.close();
      await engine.die();
    }
    return drawn;
  } finally {
    await pricing.close();
    await browser.close();
    build.remove();
  }
}

/** The engine's own pricing, on a market of forty offers. */
async function openMarket() {
  const folder = mkdtempSync(path.join(tmpdir(), "bellows-pictures-"));
  const ledger = await Ledger.open(folder);
  const desk = pricedMarket(ledger, RTX_4090.id, {
    power: () => ({ measuredWatts: 312, limitWatts: 450 }),
    electricity: () => ({
      currency: "EUR",
      microsPerKwh: 310_000n,
      restWatts: 0,
      worthOf: (currency) => (currency === "AIT" ? 21_000n : null),
    }),
  });
  const preview: ScriptedEngine["offerPreview"] = ({ market, strategy, occupancy }) =>
    desk.preview(market, RTX_4090, strategy, { test: PASSED, occupancy });
  const close = async () => {
    await ledger.close();
    rmSync(folder, { recursive: true, force: true });
  };
  return { preview, close };
}
