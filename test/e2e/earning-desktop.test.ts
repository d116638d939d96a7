/** The desktop app as its user meets it: a real Electron, the real demo behind it, nothing scripted. */
import type { ChildProcess } from "node:child_process";
import { readFileSync } from "node:fs";
import type { ElectronApplication, Page } from "playwright";
import { beforeAll, describe, expect, it } from "vitest";
import { descendants, isAlive } from "../support/bellows.ts";
import { desktopSuite, quitApp } from "./ui/demo-app.ts";
import { canShowWindows, electronFile, exitOf } from "./ui/electron-app.ts";
import { HOOK_PATIENCE, PATIENCE } from "./ui/patience.ts";
import { shoot } from "./ui/screenshots.ts";

describe.skipIf(!canShowWindows)("the desktop app in demo mode", () => {
  const desktop = desktopSuite("desktop");
  let app: ElectronApplication;
  let main: ChildProcess;
  let page: Page;

  beforeAll(async () => {
    ({ app, main, page } = await desktop.launch(desktop.environment()));
  }, HOOK_PATIENCE);

  const headline = () => page.getByRole("heading", { level: 1 }).innerText();
  const shot = (name: string) => shoot(page, name);
  const ours = () => descendants(main.pid ?? 0).map((pid) => ({ pid, line: commandLine(pid) }));
  const pidOf = (entry: string) => ours().find(({ line }) => line.includes(`${entry}.js`))?.pid ?? null;

  /** Results that markets have accepted, by the engine's books; -1 while none answers. */
  const earned = () =>
    page.evaluate(async () => {
      const { bellows } = window as unknown as {
        bellows: { invoke(name: string, input: object): Promise<unknown> };
      };
      const { output } = (await bellows.invoke("state.snapshot", {})) as {
        output?: { state: { throughput: { acceptedTotal: number } } };
      };
      return output?.state.throughput.acceptedTotal ?? -1;
    });

  it("earns by itself: accepted results, then money on both markets", async () => {
    expect(electronFile).not.toBeNull();
    await page
      .getByText(/play money/i)
      .first()
      .waitFor();
    await expect.poll(headline, PATIENCE).toMatch(/^Earning on 1 of 1/);
    await shot("desktop-earning");
    const job = page
      .getByRole("row")
      .filter({ hasText: /settled/ })
      .first();
    await job.waitFor();
    expect(await job.innerText()).toMatch(/[0-9a-f]{4}…[0-9a-f]{4}/);
    for (const market of ["AITBC", "AICF"]) {
      const settledRow = page
        .getByRole("row")
        .filter({ hasText: market })
        .filter({ hasText: /settled/ })
        .first();
      await settledRow.waitFor();
    }
    await shot("desktop-settled");
  });

  it("opens a job and shows its way from lease to money", async () => {
    await page
      .getByRole("row")
      .filter({ hasText: /settled/ })
      .first()
      .click();
    const panel = page.getByRole("dialog").or(page.getByRole("complementary")).last();
    await panel
      .getByText(/accepted/i)
      .first()
      .waitFor();
    // It slides in: the picture shows it where it stays.
    await expect.poll(() => panel.evaluate((element) => element.getAnimations().length), PATIENCE).toBe(0);
    expect(await panel.evaluate((element) => element.getBoundingClientRect().right - window.innerWidth)).toBe(
      0,
    );
    await shot("desktop-job");
    await page.keyboard.press("Escape");
  });

  it("pauses and goes on", async () => {
    await page.getByRole("button", { name: "Pause", exact: true }).click();
    await expect.poll(headline, PATIENCE).toMatch(/^Paused/);
    await shot("desktop-paused");
    await page.getByRole("button", { name: "Start", exact: true }).click();
    await expect.poll(headline, PATIENCE).toMatch(/^Earning/);
  });

  it("comes back by itself when the engine is killed, and earns again", async () => {
    const engine = pidOf("engine");
    expect(engine).not.toBeNull();
    const before = await earned();
    process.kill(engine ?? 0, "SIGKILL");
    await expect.poll(() => ![null, engine].includes(pidOf("engine")), PATIENCE).toBe(true);
    await expect.poll(() => page.locator(".live-stale").count(), PATIENCE).toBe(0);
    await expect.poll(headline, PATIENCE).toMatch(/^Earning/);
    // By the engine's own books: what the old one had earned is there, and more has come.
    await expect.poll(earned, PATIENCE).toBeGreaterThan(before);
  });

  it("close goes to the tray and destroys the window; the work goes on", async () => {
    await app.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows()[0]?.close());
    await expect
      .poll(() => app.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows().length), PATIENCE)
      .toBe(0);
    expect(pidOf("engine")).not.toBeNull();
    page = await desktop.openWindow(app);
    await expect.poll(headline, PATIENCE).toMatch(/^Earning/);
  });

  it("finishes what is held and stops", async () => {
    await page.getByRole("button", { name: /^Finish/ }).click();
    await expect.poll(headline, PATIENCE).toBe("Stopped");
    await shot("desktop-stopped");
  });

  it("quits in order and leaves no process behind", async () => {
    const all = ours();
    expect(all.some(({ line }) => line.includes("devnet.js"))).toBe(true);
    const gone = exitOf(main);
    await quitApp(app);
    expect(await gone).toBe(0);
    await expect.poll(() => all.filter(({ pid }) => isAlive(pid)), PATIENCE).toEqual([]);
  });
});

function commandLine(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ");
  } catch {
    return ""; // It has just ended.
  }
}
