/**
 * The app's shell in a real Electron. The configuration is wrong on purpose: no engine is ever started, so this holds
 * whatever state the engine is in, and shows what a person with a typing error sees.
 */
import type { ChildProcess } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import path from "node:path";
import type { ElectronApplication, Page } from "playwright";
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { buildApp, desktopSuite, quitApp } from "./ui/demo-app.ts";
import { canShowWindows, exitOf } from "./ui/electron-app.ts";
import { HOOK_PATIENCE, PATIENCE } from "./ui/patience.ts";

/** What the tests put into main to see the tray: Electron has no way to ask a tray what it shows. */
interface Spied {
  tips: string[];
  menu: { items: { label: string; enabled: boolean; click(): void }[] } | null;
}

describe.skipIf(!canShowWindows)("the app's shell in Electron", () => {
  const desktop = desktopSuite("shell");
  let folder: string;
  let env: Record<string, string>;
  let app: ElectronApplication;
  let main: ChildProcess;
  let page: Page;

  beforeAll(buildApp, HOOK_PATIENCE);

  beforeEach(async () => {
    folder = desktop.newFolder();
    env = desktop.environment({
      BELLOWS_DATA_DIR: folder,
      XDG_CONFIG_HOME: path.join(folder, "config"),
      BELLOWS_ENGINE_NODE: undefined,
      AICF_QUEUE_URL: "not an address",
    });
    ({ app, main, page } = await desktop.launch(env));
    await page.getByRole("heading", { name: "The engine could not start" }).waitFor();
  }, HOOK_PATIENCE);

  afterEach(() => desktop.end());

  const windowCount = () => app.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows().length);

  it("opens a window that names the wrong setting and how to put it right", async () => {
    const note = page.getByRole("alert");
    await note.getByText("AICF_QUEUE_URL").first().waitFor();
    await note.getByText("CONFIG_INVALID").waitFor();
  });

  it("gives the page the contract and nothing of Node, Electron or the network", async () => {
    const faults = await page.evaluate(async () => {
      const scope = window as unknown as Record<string, unknown>;
      const refused = async (act: () => Promise<unknown>) =>
        act().then(
          () => "allowed",
          () => "refused",
        );
      return {
        bridge: Object.keys(scope.bellows as object).sort(),
        node: ["require", "process", "module", "Buffer", "global"].filter((name) => name in scope),
        network: await refused(() => fetch("http://127.0.0.1:9/")),
        ownFiles: await refused(() => fetch("app://bellows/index.html")),
        notifications: await Notification.requestPermission(),
        clipboard: await refused(() => navigator.clipboard.readText()),
        camera: await refused(() => navigator.mediaDevices.getUserMedia({ video: true })),
        eval: await refused(async () => new Function("return 1")()),
        opened: window.open("https://example.org/") === null ? "refused" : "allowed",
        address: window.location.href,
      };
    });
    expect(faults).toEqual({
      bridge: ["app", "invoke", "on", "onEngineStatus", "platform", "version"],
      node: [],
      network: "refused",
      ownFiles: "refused",
      notifications: "denied",
      clipboard: "refused",
      camera: "refused",
      eval: "refused",
      opened: "refused",
      address: "app://bellows/index.html",
    });
    expect(await windowCount()).toBe(1);
  });

  it("stays on its page whatever the page tries", async () => {
    // Playwright's own waiting believes in the navigation that never comes, so the page is asked directly.
    const after = await page.evaluate(async () => {
      window.location.href = "https://example.org/";
      const frame = document.createElement("iframe");
      frame.src = "app://bellows/index.html";
      document.body.append(frame);
      const link = document.createElement("a");
      link.href = "file:///etc/passwd";
      document.body.append(link);
      link.click();
      await new Promise((resolve) => frame.addEventListener("load", resolve, { once: true }));
      await new Promise((resolve) => requestAnimationFrame(resolve));
      return {
        address: window.location.href,
        heading: document.querySelector("h1")?.textContent,
        frame: frame.contentDocument,
      };
    });
    expect(after).toEqual({
      address: "app://bellows/index.html",
      heading: "The engine could not start",
      frame: null,
    });
  });

  it("validates what the page sends and tells errors as values", async () => {
    const outcomes = await page.evaluate(() => {
      const { bellows } = window as unknown as {
        bellows: { invoke(command: string, input?: unknown): Promise<unknown> };
      };
      return Promise.all([
        bellows.invoke("jobs.list", { limit: -1 }),
        bellows.invoke("__proto__"),
        bellows.invoke("state.snapshot", {}),
      ]);
    });
    expect(outcomes).toEqual([
      { ok: false, error: expect.objectContaining({ code: "BAD_INPUT" }) },
      { ok: false, error: expect.objectContaining({ code: "UNKNOWN_COMMAND" }) },
      { ok: false, error: expect.objectContaining({ code: "ENGINE_GONE" }) },
    ]);
  });

  it("says in the tray what the window says, and tries again from there", async () => {
    await app.evaluate(({ Tray }) => {
      const spied: Spied = { tips: [], menu: null };
      (globalThis as unknown as { spied: Spied }).spied = spied;
      const { setToolTip, setContextMenu } = Tray.prototype;
      Tray.prototype.setToolTip = function (tip) {
        spied.tips.push(tip);
        setToolTip.call(this, tip);
      };
      Tray.prototype.setContextMenu = function (menu) {
        spied.menu = menu as unknown as Spied["menu"];
        setContextMenu.call(this, menu);
      };
    });
    await page.getByRole("button", { name: "Try again" }).click();
    const read = () =>
      app.evaluate(() => {
        const { tips, menu } = (globalThis as unknown as { spied: Spied }).spied;
        return { tips, items: (menu?.items ?? []).map(({ label, enabled }) => ({ label, enabled })) };
      });
    await vi.waitUntil(async () => (await read()).tips.length >= 2, PATIENCE);
    const { tips, items } = await read();
    expect(tips).toEqual(["Bellows: Starting the engine", "Bellows: The engine could not start"]);
    expect(items.filter(({ label }) => label !== "")).toEqual([
      { label: "The engine could not start", enabled: false },
      { label: "Try again", enabled: true },
      { label: "Pause", enabled: false },
      { label: "Finish current and stop", enabled: false },
      { label: "Stop", enabled: false },
      { label: "Start at login", enabled: true },
      { label: "Open Bellows", enabled: true },
      { label: "Quit", enabled: true },
    ]);
    await app.evaluate(() => {
      const { menu } = (globalThis as unknown as { spied: Spied }).spied;
      const item = menu?.items.find(({ label }) => label === "Quit");
      setTimeout(() => item?.click()); // Not before this answer has left the process that it ends.
    });
    expect(await exitOf(main)).toBe(0);
  });

  it("destroys the closed window, keeps running, and shows a new one at the second start", async () => {
    await app.evaluate(({ BrowserWindow }) =>
      BrowserWindow.getAllWindows()[0]?.setBounds({ x: 40, y: 30, width: 1000, height: 700 }),
    );
    await app.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows()[0]?.close());
    await vi.waitUntil(async () => (await windowCount()) === 0, PATIENCE);
    page = await desktop.windowAfter(app, async () => expect(await exitOf(desktop.startByHand(env))).toBe(0));
    await page.getByRole("heading", { name: "The engine could not start" }).waitFor();
    const size = await app.evaluate(({ BrowserWindow }) =>
      BrowserWindow.getAllWindows()[0]?.getNormalBounds(),
    );
    expect(size).toMatchObject({ width: 1000, height: 700 });
  });

  it("offers the work's verbs in the menu too", async () => {
    const work = await app.evaluate(({ Menu }) =>
      Menu.getApplicationMenu()
        ?.items.find(({ label }) => label === "&Work")
        ?.submenu?.items.map(({ label, enabled }) => ({ label, enabled })),
    );
    expect(work).toEqual([
      { label: "Try again", enabled: true },
      { label: "Pause", enabled: false },
      { label: "Finish current and stop", enabled: false },
      { label: "Stop", enabled: false },
    ]);
  });

  it("says in the terminal that it runs already and that it stops, and leaves Chromium's complaints out", async () => {
    const again = listen(desktop.startByHand(env, [], "pipe"));
    expect(await exitOf(again.child)).toBe(0);
    expect(again.ours()).toEqual([
      "Bellows is already running with this data folder; its window is brought to the front.",
    ]);
    await quitApp(app);
    await exitOf(main);
    const first = listen(desktop.startByHand(env, ["--hidden"], "pipe"));
    await vi.waitUntil(() => first.ours().some((line) => line.includes("CONFIG_INVALID")), PATIENCE);
    first.child.kill("SIGINT");
    expect(await exitOf(first.child)).toBe(0);
    expect(first.ours().slice(-2)).toEqual(["Stopping…", "Ended."]);
    // One may come before any script of the app runs; without the app's word there are a dozen.
    expect(first.chromiums().length).toBeLessThanOrEqual(1);
  });

  it("names the Bellows that has the data folder already, and starts nothing beside it", async () => {
    const { AICF_QUEUE_URL: _, ...demo } = env;
    const health = createServer((_request, response) => response.end('{"app":"bellows"}'));
    await new Promise<void>((resolve) => health.listen(0, "127.0.0.1", resolve));
    await quitApp(app);
    await exitOf(main);
    mkdirSync(path.join(folder, "demo"), { recursive: true });
    const { port } = health.address() as AddressInfo;
    const control = { url: `http://127.0.0.1:${port}`, token: "t".repeat(43), pid: 4_711, startedAt: 1 };
    writeFileSync(path.join(folder, "demo", "control.json"), JSON.stringify(control));
    try {
      ({ app, main, page } = await desktop.launch(demo));
      await page.getByRole("heading", { name: "Bellows is already running" }).waitFor(PATIENCE);
      const note = page.getByRole("alert");
      await note.getByText("Bellows is already running here (pid 4711).").waitFor();
      await note.getByText(/bellows dashboard/).waitFor();
      expect(existsSync(path.join(folder, "demo", "devnet"))).toBe(false);
    } finally {
      health.closeAllConnections();
      await new Promise((resolve) => health.close(resolve));
    }
  });

  it("keeps the window where no tray would show the way back", async () => {
    await quitApp(app);
    await exitOf(main);
    ({ app, main, page } = await desktop.launch({ ...env, BELLOWS_TRAY: "no" }));
    // Without a window manager nothing is ever minimised: the wish is lost, and the person is told how to quit.
    await app.evaluate(({ BrowserWindow, dialog }) => {
      const scope = globalThis as unknown as { asked: string[]; answer(button: number): void };
      scope.asked = [];
      dialog.showMessageBox = (...asked: unknown[]) => {
        scope.asked.push((asked.at(-1) as { message: string }).message);
        return new Promise((resolve) => {
          scope.answer = (response) => resolve({ response, checkboxChecked: false });
        });
      };
      const [window] = BrowserWindow.getAllWindows();
      if (window === undefined) return;
      window.minimize = () => undefined;
      window.close();
    });
    const asked = () => app.evaluate(() => (globalThis as unknown as { asked: string[] }).asked);
    await vi.waitUntil(async () => (await asked()).length > 0, PATIENCE);
    expect(await asked()).toEqual(["Bellows keeps its window open here"]);
    expect(await windowCount()).toBe(1);
    await app.evaluate(() => {
      setTimeout(() => (globalThis as unknown as { answer(button: number): void }).answer(1));
    });
    expect(await exitOf(main)).toBe(0);
  });

  it("loads a page that crashed again, where it was, and asks when that does not help", async () => {
    await app.evaluate(({ BrowserWindow, dialog }) => {
      const scope = globalThis as unknown as { asked: string[]; loads: string[] };
      scope.asked = [];
      scope.loads = [];
      dialog.showMessageBox = (...asked: unknown[]) => {
        const { message, buttons } = asked.at(-1) as { message: string; buttons: string[] };
        scope.asked.push(message);
        return Promise.resolve({ response: buttons.indexOf("Close Window"), checkboxChecked: false });
      };
      const contents = BrowserWindow.getAllWindows()[0]?.webContents;
      contents?.on("did-finish-load", () => void scope.loads.push(new URL(contents.getURL()).hash));
      return contents?.executeJavaScript("location.hash = '#/settings'");
    });
    const seen = () =>
      app.evaluate(() => {
        const { asked, loads } = globalThis as unknown as { asked: string[]; loads: string[] };
        return { asked: asked.length, loads };
      });
    const crash = () =>
      app.evaluate(({ BrowserWindow }) =>
        BrowserWindow.getAllWindows()[0]?.webContents.forcefullyCrashRenderer(),
      );
    for (let loads = 1; loads <= 3; loads++) {
      await crash();
      await expect.poll(async () => (await seen()).loads.length, PATIENCE).toBe(loads);
    }
    expect(await seen()).toEqual({ asked: 0, loads: Array(3).fill("#/settings") });
    await crash();
    await expect.poll(windowCount, PATIENCE).toBe(0);
    expect((await seen()).asked).toBe(1);
    page = await desktop.openWindow(app);
    await page.getByRole("heading", { name: "The engine could not start" }).waitFor();
  });

  it("starts without a window when asked, and quits leaving nothing behind but its window's place", async () => {
    await quitApp(app);
    expect(await exitOf(main)).toBe(0);
    const placed = JSON.parse(readFileSync(path.join(folder, "desktop", "window.json"), "utf8")) as object;
    expect(placed).toMatchObject({ maximised: false });
    expect(existsSync(path.join(folder, "live"))).toBe(false);

    ({ app, main } = await desktop.launchHidden(env));
    page = await desktop.windowAfter(app, () => exitOf(desktop.startByHand(env)));
    await page.getByRole("heading", { name: "The engine could not start" }).waitFor();
    main.kill("SIGTERM");
    expect(await exitOf(main)).toBe(0);
  });
});

/** What a started app writes to the terminal, Chromium's own lines apart. */
function listen(child: ChildProcess) {
  let text = "";
  child.stderr?.on("data", (chunk: Buffer) => {
    text += chunk.toString("utf8");
  });
  const lines = () => text.split("\n").filter((line) => line !== "");
  const isChromiums = (line: string) => /^\[\d+:/.test(line);
  return {
    child,
    ours: () => lines().filter((line) => !isChromiums(line)),
    chromiums: () => lines().filter(isChromiums),
  };
}
