/** The built app in Electron as a bench starts it: by hand, timed by the bench's own clock, looked into from outside. */
import { type ChildProcess, spawn } from "node:child_process";
import { type Browser, chromium, type Page } from "playwright";
import { MINUTE, SECOND } from "../../src/shared/durations.ts";
import { USABLE_MARK } from "../../src/shared/usable-mark.ts";
import { delay } from "../../src/shared/wait.ts";
import { exitOf } from "../e2e/ui/electron-app.ts";

const SANDBOX = process.getuid?.() === 0 ? ["--no-sandbox"] : [];
/** Lets a bench look at the page; a start that is measured for memory goes without. */
export const LOOKED_INTO = "--remote-debugging-port=0";

export class DesktopApp {
  readonly child: ChildProcess;
  readonly #startedAt: number;
  #text = "";
  #browser: Browser | null = null;

  /** `env` has BELLOWS_TIMINGS=1. */
  constructor(executable: string, args: readonly string[], env: Readonly<Record<string, string>>) {
    this.#startedAt = performance.timeOrigin + performance.now();
    this.child = spawn(executable, [...SANDBOX, ...args], { env, stdio: ["ignore", "ignore", "pipe"] });
    this.child.stderr?.on("data", (chunk: Buffer) => {
      this.#text += chunk.toString("utf8");
    });
  }

  /** Milliseconds from the start until the app said `what`. */
  async said(what: string): Promise<number> {
    return Date.parse(await this.#find(new RegExp(`^timing: ${what} (\\S+)$`, "m"))) - this.#startedAt;
  }

  /** Milliseconds from the start until the frame after the first true screen was drawn; needs LOOKED_INTO. */
  async usable(): Promise<number> {
    const page = await this.page();
    const mark = await page.waitForFunction((name) => {
      const [found] = performance.getEntriesByName(name);
      return found === undefined ? null : performance.timeOrigin + found.startTime;
    }, USABLE_MARK);
    return Number(await mark.jsonValue()) - this.#startedAt;
  }

  /** The window's; needs LOOKED_INTO. */
  async page(): Promise<Page> {
    // Before the page was served there may be no window yet.
    await this.said("served");
    this.#browser ??= await chromium.connectOverCDP(await this.#find(/^DevTools listening on (\S+)$/m));
    const page = this.#browser.contexts()[0]?.pages()[0];
    if (page === undefined) throw new Error("There is no window");
    return page;
  }

  async end(): Promise<void> {
    await this.#browser?.close();
    const gone = exitOf(this.child);
    this.child.kill("SIGTERM");
    const late = setTimeout(() => this.child.kill("SIGKILL"), 20 * SECOND);
    await gone;
    clearTimeout(late);
  }

  async #find(pattern: RegExp): Promise<string> {
    const deadline = Date.now() + MINUTE;
    for (;;) {
      const found = pattern.exec(this.#text)?.[1];
      if (found !== undefined) return found;
      if (Date.now() > deadline || this.child.exitCode !== null)
        throw new Error(`No ${pattern} came:\n${this.#text}`);
      await delay(5);
    }
  }
}
