/** The app in a real Electron, on a screen and in a folder of the suite's own; nothing of it outlives the suite. */
import type { ChildProcess } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import type { ElectronApplication, Page } from "playwright";
import { beforeAll } from "vitest";
import { descendants, isAlive } from "../../support/bellows.ts";
import {
  appEnvironment,
  exitOf,
  isPackaged,
  launchHidden,
  openScreen,
  type Screen,
  startApp,
} from "./electron-app.ts";
import { type Endings, suiteEndings } from "./endings.ts";
import { HOOK_PATIENCE, PATIENCE } from "./patience.ts";

export interface RunningApp {
  readonly app: ElectronApplication;
  readonly main: ChildProcess;
  readonly page: Page;
}

type Changes = Record<string, string | undefined>;

export class DesktopSuite {
  readonly endings: Endings;
  readonly #running: ChildProcess[] = [];
  #screen: Screen | null = null;
  #folder: string | null = null;

  constructor(endings: Endings) {
    this.endings = endings;
  }

  /** Gone at the suite's end. */
  get folder(): string {
    if (this.#folder === null) throw new Error("The suite has no folder yet");
    return this.#folder;
  }

  /** Where each test has a folder of its own. */
  newFolder(): string {
    return mkdtempSync(path.join(this.folder, "test-"));
  }

  async prepare(name: string): Promise<void> {
    const folder = mkdtempSync(path.join(tmpdir(), `bellows-${name}-`));
    this.#folder = folder;
    this.endings.add(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));
    const screen = await openScreen();
    this.#screen = screen;
    this.endings.add(() => screen.close());
    this.endings.add(() => this.end());
  }

  /** The demo in the suite's folder, as far as `more` says nothing else; what it has as undefined is taken away. */
  environment(more: Changes = {}): Record<string, string> {
    if (this.#screen === null) throw new Error("The suite has no screen yet");
    return appEnvironment(this.#screen, {
      BELLOWS_DATA_DIR: this.folder,
      BELLOWS_TRAY: "yes",
      XDG_CONFIG_HOME: path.join(this.folder, "config"),
      // Electron 33's own Node is too old for the ledger: the engine runs on the Node that runs this test.
      BELLOWS_ENGINE_NODE: process.execPath,
      ...more,
    });
  }

  /** The app with its window. */
  async launch(env: Record<string, string>): Promise<RunningApp> {
    const started = await this.launchHidden(env);
    // A window that opens while Playwright still connects makes it wait for ever (1 of 50 starts): so it comes after.
    return { ...started, page: await this.openWindow(started.app) };
  }

  /** The app in the tray, without a window. */
  async launchHidden(env: Record<string, string>): Promise<Omit<RunningApp, "page">> {
    const app = await launchHidden(env);
    const main = this.track(app.process());
    app.context().setDefaultTimeout(PATIENCE.timeout);
    return { app, main };
  }

  /** As a click on the dock does. */
  openWindow(app: ElectronApplication): Promise<Page> {
    return this.windowAfter(app, () =>
      // Afterwards: what takes long within an answer can cost the answer.
      app.evaluate(({ app: electron }) => void setTimeout(() => electron.emit("activate"))),
    );
  }

  /** The window that `act` makes the app open. */
  async windowAfter(app: ElectronApplication, act: () => Promise<unknown>): Promise<Page> {
    const [page] = await Promise.all([app.waitForEvent("window", { timeout: PATIENCE.timeout }), act()]);
    return page;
  }

  /** A start of the app by hand, without anybody driving it. */
  startByHand(
    env: Record<string, string>,
    args: readonly string[] = [],
    stdio: "ignore" | "pipe" = "ignore",
  ): ChildProcess {
    return this.track(startApp(env, args, stdio));
  }

  /** Ended with the suite at the latest. */
  track(child: ChildProcess): ChildProcess {
    this.#running.push(child);
    return child;
  }

  /** Kills whatever of the app still runs, with all it has started. */
  async end(): Promise<void> {
    for (let child = this.#running.pop(); child !== undefined; child = this.#running.pop()) {
      if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) continue;
      const below = descendants(child.pid);
      const gone = exitOf(child);
      child.kill("SIGKILL");
      await gone;
      for (const pid of below) if (isAlive(pid)) killQuietly(pid);
    }
  }
}

function killQuietly(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It has just ended.
  }
}

/** To be called where the suite is described. `name`: in its folder's. */
export function desktopSuite(name: string): DesktopSuite {
  const suite = new DesktopSuite(suiteEndings());
  beforeAll(() => suite.prepare(name), HOOK_PATIENCE);
  return suite;
}

/** dist/ as the sources have it. */
export async function buildApp(): Promise<void> {
  if (isPackaged) return; // Packed before all files (build-once.ts).
  const script = new URL("../../../scripts/build.mjs", import.meta.url).href;
  const { build } = (await import(script)) as { build(): Promise<boolean> };
  await build();
}

/** Quits as the menu does; the answer has to leave before the process that gives it ends. */
export async function quitApp(app: ElectronApplication): Promise<void> {
  await app.evaluate(({ app: electron }) => {
    setTimeout(() => electron.quit());
  });
}
