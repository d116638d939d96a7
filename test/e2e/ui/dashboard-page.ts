/** The dashboard in a real Chromium: the page as it is built, scripted engines that serve it, and what it did wrong. */
import type { Browser, BrowserContext, BrowserContextOptions, Page } from "playwright";
import { afterEach, beforeAll, expect, inject } from "vitest";
import type { State } from "../../../src/shared/contract/views.ts";
import type { ScreenName } from "../../../src/shared/screens.ts";
import { FaultWatch, launchBrowser } from "./browser.ts";
import { Endings, suiteEndings } from "./endings.ts";
import { HOOK_PATIENCE, PATIENCE } from "./patience.ts";
import { WIDE } from "./screenshots.ts";
import { ScriptedEngine } from "./scripted-engine.ts";

/** A page that is used again and again: to load another into it costs a third of a new one. */
interface Tab {
  readonly context: BrowserContext;
  readonly page: Page;
  readonly watch: FaultWatch;
}

export class BrowserSuite {
  /** By what a context can't change later: its language, what it permits. */
  readonly #tabs = new Map<string, Tab>();
  #browser: Browser | null = null;
  /** The test's own. */
  #tab: Tab | null = null;
  /** Every fault of the test's pages; each test ends with none. */
  #faults: string[] = [];
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

  /** The test's one page, which knows nothing of the one before it. `origin`: the only place it may ask. */
  async page(origin: string, options: BrowserContextOptions = {}): Promise<Page> {
    await this.closePage();
    const { viewport = WIDE, colorScheme = "light", ...lasting } = options;
    const key = JSON.stringify(lasting);
    const tab = this.#tabs.get(key) ?? (await this.#newTab(lasting));
    this.#tabs.set(key, tab);
    this.#tab = tab;
    tab.watch.begin(origin);
    await tab.page.setViewportSize(viewport ?? WIDE);
    await tab.page.emulateMedia({ colorScheme });
    return tab.page;
  }

  async #newTab(options: BrowserContextOptions): Promise<Tab> {
    const context = await this.browser.newContext({ viewport: WIDE, reducedMotion: "reduce", ...options });
    context.setDefaultTimeout(PATIENCE.timeout);
    const page = await context.newPage();
    return { context, page, watch: new FaultWatch(page) };
  }

  /** It leaves where it was, and what was kept there is forgotten. */
  async closePage(): Promise<void> {
    const tab = this.#tab;
    this.#tab = null;
    if (tab === null) return;
    try {
      await blank(tab.page);
      await tab.context.clearCookies();
    } catch {
      // A page that does not answer any more is not used again.
      for (const [key, known] of this.#tabs) if (known === tab) this.#tabs.delete(key);
      await tab.context.close();
    }
    this.#faults.push(...tab.watch.take());
  }

  /** After the test's page was closed, newest first. */
  endWithTest(end: () => unknown): void {
    this.#ofTest.add(end);
  }

  async endTest(): Promise<void> {
    const endings = this.#ofTest;
    this.#ofTest = new Endings();
    endings.add(() => this.closePage());
    await endings.run();
    const faults = this.#faults;
    this.#faults = [];
    expect(faults, "faults of the page").toEqual([]);
  }
}

async function blank(page: Page): Promise<void> {
  await page.evaluate(() => {
    if (!window.location.protocol.startsWith("http")) return;
    window.localStorage.clear();
    window.sessionStorage.clear();
  });
  // Where it stayed, something of the next page would be under it.
  await page.mouse.move(0, 0);
  await page.goto("about:blank");
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
