/**
 * Every screen in the language nobody speaks, a third longer than English and in the smallest window: nothing is wider
 * than its box, and nothing the engine or the page says comes from outside the catalogues.
 */
import { describe, expect, it } from "vitest";
import { SCREEN_NAMES } from "../../src/shared/screens.ts";
import { PSEUDO, setLanguage, t } from "../../src/shared/words/words.ts";
import { RunningDemo } from "../support/bellows.ts";
import { chromiumFile } from "./ui/browser.ts";
import { browserSuite, dashboardSuite, turnTo } from "./ui/dashboard-page.ts";
import { expectWhole, pageScroll, sidewaysScroll } from "./ui/page-checks.ts";
import { PATIENCE } from "./ui/patience.ts";
import { NARROW, SMALLEST, shoot } from "./ui/screenshots.ts";
import { attention, earning } from "./ui/states.ts";
import { untranslated } from "./ui/untranslated.ts";

/** Called the same everywhere. */
const NAMES = [
  "Bellows",
  "AITBC",
  "AICF",
  "CUDA",
  "WebGPU",
  "DirectML",
  "Ollama",
  "Prometheus",
  "Deutsch",
  "English",
];

const inPseudo = (link: string): string => {
  const url = new URL(link);
  url.searchParams.set("lang", PSEUDO);
  return url.href;
};

describe.skipIf(chromiumFile === null)("a real demo in the pseudo-locale", () => {
  const chromium = browserSuite();

  it("says nothing in plain English, on any screen", async () => {
    const demo = await RunningDemo.start();
    const link = /http:\/\/127\.0\.0\.1:\d+\/#token=\S+/.exec(demo.process.stdout())?.[0] ?? "";
    const page = await chromium.page(new URL(link).origin, { viewport: NARROW });
    await page.goto(inPseudo(link));
    await expect
      .poll(
        async () => (await demo.state()).earnings.some((each) => each.settledTotal.minor !== "0"),
        PATIENCE,
      )
      .toBe(true);
    const state = await demo.state();
    const names = [
      ...NAMES,
      ...state.devices.map(({ name }) => name),
      ...state.models.flatMap(({ id, licence }) => [id, licence]),
      ...state.markets.flatMap(({ name, endpoint, providerId }) => [name, endpoint, providerId ?? ""]),
      state.engine.host?.cpu ?? "",
      state.engine.host?.os ?? "",
      state.engine.dataFolder,
      state.settings.savedFile,
    ];
    const left: Record<string, string[]> = {};
    for (const screen of SCREEN_NAMES) {
      await turnTo(page, screen);
      await page.waitForFunction(() => document.querySelector(".skeleton") === null);
      await expectWhole(page, screen);
      await shoot(page, `words-demo-${screen}`);
      const found = await untranslated(page, names);
      if (found.length > 0) left[screen] = found;
    }
    expect(left).toEqual({});
    // What is looked for would be found, also as a value within a text.
    await page.evaluate(() => document.querySelector("h1")?.append(" ⟦ẋ: Plain words⟧"));
    expect(await untranslated(page, names)).toEqual([expect.stringContaining("Plain words")]);
  });
});

describe.skipIf(chromiumFile === null)("long words in a small window", () => {
  const dashboard = dashboardSuite();

  it.each([
    ["earning", earning],
    ["attention", attention],
  ] as const)("fit on every screen: %s", async (name, stateOf) => {
    setLanguage(PSEUDO);
    const home = t("nav.home");
    setLanguage("en");
    const engine = await dashboard.engine(stateOf(Date.now()));
    const page = await dashboard.page(engine.url, { viewport: NARROW, colorScheme: "light" });
    await page.goto(inPseudo(engine.link()));
    await page.getByRole("link", { name: home }).waitFor();
    const tooWide: Record<string, number> = {};
    for (const screen of SCREEN_NAMES) {
      await page.setViewportSize(NARROW);
      await turnTo(page, screen);
      await expectWhole(page, screen);
      await shoot(page, `words-${name}-${screen}`);
      await page.setViewportSize(SMALLEST);
      await shoot(page, `words-${name}-${screen}-${SMALLEST.width}`);
      const pixels = Math.max(await sidewaysScroll(page), await pageScroll(page));
      if (pixels > 0) tooWide[screen] = pixels;
    }
    expect(tooWide, "pixels too many in the smallest window").toEqual({});
  });
});
