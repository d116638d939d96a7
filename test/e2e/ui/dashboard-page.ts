/** The dashboard in a real Chromium: the page as it is built, scripted engines that serve it, and what it did wrong. */
import type { Browser, BrowserContext, BrowserContextOptions, Page } from "playwright";
import { afterEach, beforeAll, expect, inject } from "vitest";
import type { State } from "../../../src/shared/contract/views.ts";
import type { ScreenName } from "../../../src/shared/screens.ts";
import { launchBrowser, watchFaults } from "./browser.ts";
import { Endings, suiteEndings } from "./endings.ts";
import { HOOK_PATIENCE, PATIENCE } from "./patience.ts";
import { WIDE } from "./screenshots.ts";
import { ScriptedEngine } from "./scripted-engine.ts";

export class BrowserSuite {
  /** Every fault of the test's pages; each test ends with none. */
  #faults: string[] = [];
  #browser: Browser | null = null;
  #context: BrowserContext | null = null;
  #ofTest = new Endings();

  get browser(): Browser {
    if (this.#browser === null) throw new Error("No browser was started");
    return this.#browser;
  }

  async start(endings: Endings): Promise<void> {
    const browser = await launchBrowser();
    endings.add(() => browser.close());
    this.#browser = browser;
  }

  /** The test's one page: the one before it is closed. `origin`: the only place it may ask. */
  async page(origin: string, options: BrowserContextOptions = {}): Promise<Page> {
    await this.closePage();
    const context = await this.browser.newContext({ viewport: WIDE, reducedMotion: "reduce", ...options });
    this.#context = context;
    context.setDefaultTimeout(PATIENCE.timeout);
    const page = await context.newPage();
    watchFaults(page, origin, this.#faults);
    return page;
  }

  async closePage(): Promise<void> {
    await this.#context?.close();
    this.#context = null;
  }

  /** After the test's page was closed, newest first. */
  endWithTest(end: () => unknown): void {
    this.#ofTest.add(end);
  }

  async endTest(): Promise<void> {
    const [endings, faults] = [this.#ofTest, this.#faults];
    this.#ofTest = new Endings();
    this.#faults = [];
    endings.add(() => this.closePage());
    await endings.run();
    expect(faults, "faults of the page").toEqual([]);
  }
}

export class DashboardSuite extends BrowserSuite {
  /** The built page, the same for all files. */
  readonly folder = inject("rendererFolder");

  /** Listens once `prepare` has written its script; dies with the test, after its page. */
  async engine(
    state: State,
    prepare: (engine: ScriptedEngine) => void | Promise<void> = () => undefined,
  ): Promise<ScriptedEngine> {
    const engine = new ScriptedEngine(this.folder, state);
    await prepare(engine);
    await engine.listen();
    this.endWithTest(() => engine.die());
    return engine;
  }
}

/** To be called where the suite is described: a Chromium for all its tests. */
export const browserSuite = (): BrowserSuite => begin(new BrowserSuite());

/** To be called where the suite is described: a Chromium and the built page for all its tests. */
export const dashboardSuite = (): DashboardSuite => begin(new DashboardSuite());

function begin<S extends BrowserSuite>(suite: S): S {
  const endings = suiteEndings();
  beforeAll(() => suite.start(endings), HOOK_PATIENCE);
  afterEach(() => suite.endTest());
  return suite;
}

/** Open the dashboard and go to a screen as a person does, by its name in the menu. */
export async function visit(page: Page, link: string, name: string): Promise<void> {
  await page.goto(link);
  await page.getByRole("navigation").getByRole("link", { name }).click();
  await page.getByRole("heading", { level: 1, name }).waitFor();
}

/** Another screen of an open dashboard, in whatever language. */
export async function turnTo(page: Page, screen: ScreenName): Promise<void> {
  await page.evaluate((name) => {
    window.location.hash = `#/${name}`;
  }, screen);
  // Drawn, not only asked for: what is looked at next is no longer the screen before.
  const link = page.locator(`nav a[aria-current="page"][href="#/${screen}"]`);
  await link.waitFor({ state: "attached" });
}
