/** The app as a citizen of the desktop: safe mode, links, start at login, notifications, an engine that dies, quitting. */
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import type { ElectronApplication, Page } from "playwright";
import { beforeAll, describe, expect, it } from "vitest";
import { SECOND } from "../../src/shared/durations.ts";
import { descendants, isAlive } from "../support/bellows.ts";
import { buildApp, desktopSuite } from "./ui/demo-app.ts";
import { canShowWindows, exitOf } from "./ui/electron-app.ts";
import { violations } from "./ui/page-checks.ts";
import { HOOK_PATIENCE, PATIENCE } from "./ui/patience.ts";
import { shoot } from "./ui/screenshots.ts";

/** What the app promises of a dead engine, counted on the page's own clock: when it says so, and when it is live again. */
const SAID_WITHIN = 2 * SECOND;
const LIVE_WITHIN = 3 * SECOND;

/** What the tests put into main: Electron has no way to ask what it told the desktop. */
interface Spied {
  notices: { title: string; click(): void }[];
  asked: string[];
}
interface Reader {
  questionWasRead(): void;
}

describe.skipIf(!canShowWindows || process.platform !== "linux")("the app on its desktop", () => {
  const desktop = desktopSuite("system");
  let folder: string;
  let env: Record<string, string>;
  let app: ElectronApplication;
  let main: ChildProcess;
  let page: Page;

  beforeAll(async () => {
    await buildApp();
    folder = desktop.folder;
    mkdirSync(path.join(folder, "desktop"));
    // As two starts leave it that ended without a word, and a third that did so too.
    writeFileSync(path.join(folder, "desktop", "starts.json"), '{"crashes":2,"open":true}');
    env = desktop.environment();
    ({ app, main } = await desktop.launchHidden(env));
    await spy();
  }, HOOK_PATIENCE);

  const spy = () =>
    app.evaluate(({ Notification, dialog }) => {
      const spied: Spied = { notices: [], asked: [] };
      (globalThis as unknown as { spied: Spied }).spied = spied;
      Notification.isSupported = () => true;
      Notification.prototype.show = function () {
        spied.notices.push({ title: this.title, click: () => void this.emit("click") });
      };
      dialog.showMessageBox = (...asked: unknown[]) => {
        const { message, buttons } = asked.at(-1) as { message: string; buttons: string[] };
        spied.asked.push(message);
        return Promise.resolve({ response: buttons.indexOf("Finish, Then Quit"), checkboxChecked: false });
      };
    });
  const spied = () =>
    app.evaluate(() => {
      const { notices, asked } = (globalThis as unknown as { spied: Spied }).spied;
      return { notices: notices.map(({ title }) => title), asked };
    });
  const headline = () => page.locator("h1").innerText();
  const shot = (name: string) => shoot(page, name);
  const pidOf = (entry: string) =>
    descendants(main.pid ?? 0).find((pid) => commandLine(pid).includes(`${entry}.js`)) ?? null;

  it("starts without taking work after three crashes, says so, and goes on with one click", async () => {
    page = await desktop.openWindow(app);
    const banner = page.getByRole("region", { name: "Notices" });
    await banner.getByText("Safe mode", { exact: true }).waitFor();
    await expect.poll(headline, PATIENCE).toBe("Stopped");
    await shot("desktop-safe-mode");
    await banner.getByRole("button", { name: "Leave safe mode" }).press("Enter");
    await expect.poll(headline, PATIENCE).toMatch(/^Earning/);
    await expect.poll(() => banner.getByText("Safe mode", { exact: true }).count(), PATIENCE).toBe(0);
    expect(readFileSync(path.join(folder, "desktop", "starts.json"), "utf8")).toContain('"crashes":0');
  });

  it("asks once about start at login, and writes what the desktop reads", async () => {
    const banner = page.getByRole("region", { name: "Notices" });
    await banner.getByText("Start Bellows when you log in?").waitFor();
    await shot("desktop-ask-login");
    await page.emulateMedia({ colorScheme: "dark" });
    await app.evaluate(({ BrowserWindow }) => {
      BrowserWindow.getAllWindows()[0]?.setBounds({ x: 0, y: 0, width: 900, height: 600 });
    });
    await expect
      .poll(() => page.evaluate(() => document.documentElement.dataset.theme), PATIENCE)
      .toBe("dark");
    await expect.poll(() => page.evaluate(() => window.innerWidth), PATIENCE).toBe(900);
    await shot("desktop-ask-login-dark-small");
    expect((await violations(page)).filter((each) => each.includes("notice"))).toEqual([]);
    await banner.getByRole("button", { name: "Start at login" }).press("Enter");
    const file = path.join(folder, "config", "autostart", "bellows.desktop");
    await expect.poll(() => existsSync(file), PATIENCE).toBe(true);
    expect(readFileSync(file, "utf8")).toMatch(/^Exec=.*--hidden$/m);
    await expect.poll(() => banner.getByText("Start Bellows when you log in?").count(), PATIENCE).toBe(0);
    const login = () =>
      page.evaluate(async () => {
        const { bellows } = window as unknown as {
          bellows: {
            app: {
              invoke(name: string, input: object): Promise<{ output: { login: Record<string, boolean> } }>;
            };
          };
        };
        return (await bellows.app.invoke("app.get", {})).output.login;
      });
    await expect.poll(login, PATIENCE).toMatchObject({ enabled: true, asked: true });
  });

  it("follows a bellows:// link to its screen, and nothing but that", async () => {
    expect(await exitOf(desktop.startByHand(env, ["bellows://jobs"]))).toBe(0);
    await expect.poll(() => page.evaluate(() => window.location.hash), PATIENCE).toBe("#/jobs");
    expect(await exitOf(desktop.startByHand(env, ["bellows://home/../../etc"]))).toBe(0);
    await page.getByRole("link", { name: "Home" }).click();
    expect(await exitOf(desktop.startByHand(env, ["bellows://jobs?x=1"]))).toBe(0);
    const unknown = "Bellows does not know this link";
    await expect.poll(async () => (await spied()).asked, PATIENCE).toEqual([unknown, unknown]);
    expect(await page.evaluate(() => window.location.hash)).toBe("#/home");
    await spy();
  });

  it("shows a dead engine's data as stale, says so, and is live again by itself", async () => {
    await page.evaluate(() => {
      const seen = { stale: 0, said: 0, up: 0, live: 0 };
      (window as unknown as { seen: typeof seen }).seen = seen;
      const look = () => {
        const stale = document.querySelector(".live-stale") !== null;
        const said = [...document.querySelectorAll('[role="alert"]')].some((alert) =>
          /not answering/.test(alert.textContent ?? ""),
        );
        if (stale) seen.stale ||= Date.now();
        if (said) seen.said ||= Date.now();
        if (!stale && seen.stale > 0) seen.live ||= Date.now();
      };
      const { bellows } = window as unknown as {
        bellows: { onEngineStatus(listener: (status: { state: string }) => void): void };
      };
      bellows.onEngineStatus(({ state }) => {
        if (state === "up" && seen.stale > 0) seen.up ||= Date.now();
      });
      new MutationObserver(look).observe(document.body, { subtree: true, childList: true, attributes: true });
    });
    const engine = pidOf("engine");
    expect(engine).not.toBeNull();
    const killedAt = Date.now();
    process.kill(engine ?? 0, "SIGKILL");
    const seen = () =>
      page.evaluate(
        () => (window as unknown as { seen: Record<"stale" | "said" | "up" | "live", number> }).seen,
      );
    await expect.poll(async () => (await seen()).live, PATIENCE).toBeGreaterThan(0);
    const { stale, said, up, live } = await seen();
    const after = { stale: stale - killedAt, said: said - killedAt, live: live - up };
    process.stdout.write(
      `engine killed: stale after ${after.stale} ms, said after ${after.said} ms, up after ${up - killedAt} ms, live ${after.live} ms later\n`,
    );
    expect(Math.min(stale, said, up, live), "each was seen").toBeGreaterThan(0);
    // These limits are no speed of the machine: tens of milliseconds of events stand against seconds of waiting for a timer.
    expect(after.said).toBeLessThanOrEqual(SAID_WITHIN);
    expect(after.live).toBeLessThanOrEqual(LIVE_WITHIN);
    await expect.poll(headline, PATIENCE).toMatch(/^Earning/);
    expect(pidOf("engine")).not.toBe(engine);
  });

  it("tells of what happens while nobody looks, and a click leads to it", async () => {
    await app.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows()[0]?.close());
    await expect
      .poll(() => app.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows().length), PATIENCE)
      .toBe(0);
    // A second engine process that is killed five times in a row is not started again: that is news.
    const told = async () => (await spied()).notices;
    await expect
      .poll(async () => {
        const pid = pidOf("engine");
        if (pid !== null) process.kill(pid, "SIGKILL");
        return (await told()).includes("The engine could not start");
      }, PATIENCE)
      .toBe(true);
    page = await desktop.windowAfter(app, () =>
      app.evaluate(() => {
        const { notices } = (globalThis as unknown as { spied: Spied }).spied;
        notices.find(({ title }) => title === "The engine could not start")?.click();
      }),
    );
    await page.getByRole("button", { name: "Try again" }).first().click();
    await expect.poll(headline, PATIENCE).toMatch(/^Earning|^Stopped|^Connected|^Working/);
  });

  it("says what quitting means for the jobs that are held, finishes them, and ends", async () => {
    const start = page.getByRole("button", { name: "Start", exact: true });
    if (await start.isVisible()) await start.click();
    const all = descendants(main.pid ?? 0);
    const gone = exitOf(main);
    // Asked only while something is held: a wish that comes between two jobs would end the app without a question. And
    // answered only when the question was read: the app may be gone a moment later.
    await app.evaluate(({ app: electron, dialog }) => {
      const { quit } = electron;
      const answer = dialog.showMessageBox as (
        ...asked: unknown[]
      ) => ReturnType<typeof dialog.showMessageBox>;
      electron.quit = () => undefined;
      const read = new Promise<void>((resolve) => {
        (globalThis as unknown as Reader).questionWasRead = resolve;
      });
      dialog.showMessageBox = (async (...asked: unknown[]) => {
        electron.quit = quit;
        const given = await answer(...asked);
        await read;
        return given;
      }) as typeof dialog.showMessageBox;
    });
    let asked: string[] = [];
    await expect
      .poll(async () => {
        asked = await app.evaluate(({ Menu }) => {
          const items = Menu.getApplicationMenu()?.items.flatMap((item) => item.submenu?.items ?? []);
          items?.find(({ label }) => label === "Quit Bellows")?.click();
          return (globalThis as unknown as { spied: Spied }).spied.asked;
        });
        return asked.length;
      }, PATIENCE)
      .toBe(1);
    expect(asked[0]).toMatch(/^Quit with \d+ jobs? under way\?$/);
    await app.evaluate(() => (globalThis as unknown as Reader).questionWasRead());
    expect(await gone).toBe(0);
    await expect.poll(() => all.filter(isAlive), PATIENCE).toEqual([]);
  });

  it("comes up in the tray at the next login, by the line that the desktop reads", async () => {
    const login = loginCommand(path.join(folder, "config", "autostart", "bellows.desktop"));
    // What a login has: none of the names that this start of the app was told.
    const { PATH, HOME, DISPLAY, XDG_CONFIG_HOME } = env;
    const bare = { PATH, HOME, DISPLAY, XDG_CONFIG_HOME, XDG_DATA_HOME: path.join(folder, "elsewhere") };
    const started = desktop.track(
      spawn("/bin/sh", ["-c", login], { env: bare, stdio: ["ignore", "ignore", "pipe"] }),
    );
    let said = "";
    started.stderr?.on("data", (chunk: Buffer) => {
      said += chunk.toString("utf8");
    });
    await expect.poll(() => said, PATIENCE).toContain("Bellows is ready: two demo markets");
    await expect.poll(() => said, PATIENCE).toContain(`Data in ${path.join(folder, "demo")}`);
    const all = descendants(started.pid ?? 0);
    expect(all.filter((pid) => commandLine(pid).includes("--type=renderer"))).toEqual([]);
    const gone = exitOf(started);
    started.kill("SIGTERM");
    expect(await gone, said).toBe(0);
    await expect.poll(() => all.filter(isAlive), PATIENCE).toEqual([]);
  });
});

/** The Exec line of a desktop file, for a shell: its quotes are a shell's, its backslashes are doubled, `%%` is a per cent. */
function loginCommand(file: string): string {
  const line = /^Exec=(.*)$/m.exec(readFileSync(file, "utf8"))?.[1] ?? "";
  return `exec ${line.replaceAll("\\\\", "\\").replaceAll("%%", "%")}`;
}

function commandLine(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ");
  } catch {
    return ""; // It has just ended.
  }
}
