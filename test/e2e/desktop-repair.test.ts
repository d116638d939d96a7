/**
 * An engine that does not start, in the real app: what is saved wrongly is named and taken back, the version before can
 * be had again, and what is known can be seen and handed on.
 */
import { createHash } from "node:crypto";
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import Database from "better-sqlite3";
import type { ElectronApplication, Page } from "playwright";
import { beforeAll, describe, expect, it } from "vitest";
import { LEDGER_FILE } from "../../src/engine/ledger/database.ts";
import { buildApp, desktopSuite } from "./ui/demo-app.ts";
import { canShowWindows, exitOf } from "./ui/electron-app.ts";
import { expectWhole } from "./ui/page-checks.ts";
import { HOOK_PATIENCE, PATIENCE } from "./ui/patience.ts";
import { LOOKS, lookName, shoot } from "./ui/screenshots.ts";

const SECRET = "miner-key-that-nobody-may-read";

describe.skipIf(!canShowWindows || process.platform !== "linux")("an engine that cannot start", () => {
  const desktop = desktopSuite("repair");
  let data: string;
  let marker: string;
  let env: Record<string, string>;
  let app: ElectronApplication;
  let page: Page;

  const savedFile = () => path.join(data, "settings.json");
  const gate = () => page.getByRole("main");
  const ways = () => page.getByRole("region", { name: "What can be done" });

  beforeAll(async () => {
    await buildApp();
    data = path.join(desktop.folder, "data");
    marker = path.join(desktop.folder, "went-back");
    mkdirSync(data);
    // An address without its key: the file with the keys was lost.
    writeFileSync(
      savedFile(),
      JSON.stringify({
        version: 1,
        settings: { "aitbc.coordinator_url": "http://127.0.0.1:9", "log.level": "debug" },
      }),
    );
    keepVersionBefore();
    const appImage = path.join(desktop.folder, "Bellows.AppImage");
    writeFileSync(appImage, "#!/bin/sh\n# the version that does not start\n");
    chmodSync(appImage, 0o755);
    env = desktop.environment({ BELLOWS_DATA_DIR: data, APPIMAGE: appImage, AITBC_WALLET_KEY: SECRET });
    ({ app, page } = await desktop.launch(env));
    await app.evaluate(({ shell }) => {
      const opened: string[] = [];
      (globalThis as unknown as { opened: string[] }).opened = opened;
      shell.openPath = async (folder) => {
        opened.push(folder);
        return "";
      };
    });
  }, HOOK_PATIENCE);

  const opened = () => app.evaluate(() => (globalThis as unknown as { opened: string[] }).opened);

  /** As an update leaves it: the package of the version before, which here is a program that says it ran. */
  function keepVersionBefore(): void {
    const folder = path.join(data, "desktop", "updates", "kept");
    mkdirSync(folder, { recursive: true });
    const program = `#!/bin/sh\necho ran > '${marker}'\n`;
    writeFileSync(path.join(folder, "before.AppImage"), program);
    const sha256 = createHash("sha256").update(program).digest("hex");
    const previous = { version: "0.0.9", file: "before.AppImage", sha256, keptAt: Date.now() };
    writeFileSync(path.join(folder, "kept.json"), JSON.stringify({ current: null, previous }));
  }

  it("says what is wrong on every screen, with all that can be done about it", async () => {
    await gate().getByRole("heading", { name: "The engine could not start" }).waitFor();
    await gate().getByText("AITBC_COORDINATOR_KEY", { exact: false }).first().waitFor();
    await ways().getByText("aitbc.coordinator_url = http://127.0.0.1:9").waitFor();
    const names = await ways().getByRole("button").allInnerTexts();
    expect(names).toEqual([
      "Put it back to its default",
      "Go back to 0.0.9",
      "Show a report…",
      "Open the log folder",
    ]);
    for (const screen of ["settings", "jobs"]) {
      await page.evaluate((name) => {
        window.location.hash = `#/${name}`;
      }, screen);
      await ways().getByRole("button", { name: "Go back to 0.0.9" }).waitFor();
    }
  });

  it.each(LOOKS.map((look) => ({ look, name: lookName(look) })))(
    "is whole: $name",
    async ({ look, name }) => {
      await page.emulateMedia({ colorScheme: look.colorScheme });
      await app.evaluate(({ BrowserWindow }, { width, height }) => {
        BrowserWindow.getAllWindows()[0]?.setContentBounds({ x: 0, y: 0, width, height });
      }, look.viewport);
      await expect.poll(() => page.evaluate(() => window.innerWidth), PATIENCE).toBe(look.viewport.width);
      await ways().getByRole("button").first().waitFor();
      await shoot(page, `desktop-gate-${name}`);
      await expectWhole(page, name);
    },
  );

  async function lookInGerman(button: string, picture: string) {
    const here = new URL(page.url());
    const german = new URL(here);
    german.searchParams.set("lang", "de");
    await page.goto(german.href);
    await page.getByRole("button", { name: button }).waitFor();
    await shoot(page, picture);
    await expectWhole(page);
    await page.goto(here.href);
    await ways().waitFor();
  }

  it("has room for German words", () => lookInGerman("Auf die Vorgabe zurücksetzen", "desktop-gate-german"));

  it("opens the log folder and shows a report without secrets, though no engine answers", async () => {
    await ways().getByRole("button", { name: "Open the log folder" }).click();
    await expect.poll(async () => (await opened()).at(0)?.startsWith(data), PATIENCE).toBe(true);
    await ways().getByRole("button", { name: "Show a report…" }).click();
    const report = page.getByRole("dialog");
    await report.getByText("CONFIG_INVALID", { exact: false }).waitFor();
    const text = await report.locator("pre").innerText();
    expect(text).toContain("aitbc.coordinator_url");
    expect(text).toContain("AITBC_COORDINATOR_KEY is missing");
    expect(text).toContain("AITBC_WALLET_KEY = is set");
    expect(text).not.toContain(SECRET);
    await shoot(page, "desktop-gate-report");
    await page.keyboard.press("Escape");
    await report.waitFor({ state: "detached" });
  });

  it("takes the setting that is at fault away, and starts", async () => {
    await ways().getByRole("button", { name: "Put it back to its default" }).click();
    const question = page.getByRole("dialog", { name: "Put aitbc.coordinator_url back to its default?" });
    await question.getByText("http://127.0.0.1:9", { exact: false }).waitFor();
    await question.getByRole("button", { name: "Put back and start" }).click();
    await page.evaluate(() => {
      window.location.hash = "#/home";
    });
    await page.locator(".live h1").waitFor();
    await ways().waitFor({ state: "detached" });
    expect(JSON.parse(readFileSync(savedFile(), "utf8"))).toMatchObject({
      settings: { "log.level": "debug" },
    });
    expect(readFileSync(savedFile(), "utf8")).not.toContain("coordinator_url");
  });

  /** A ledger that this version does not understand: its engine process comes up, says so and dies. */
  async function startOnNewerLedger() {
    const ended = exitOf(app.process());
    await app.evaluate(({ app: electron }) => setTimeout(() => electron.quit()));
    await ended;
    const ledger = new Database(path.join(data, "demo", LEDGER_FILE));
    ledger.pragma("user_version = 9999");
    ledger.close();
    const started = await desktop.launch(env);
    ({ app, page } = started);
    await gate().getByRole("heading", { name: "The engine could not start" }).waitFor();
    return started;
  }

  it("goes on from the copy of the ledger that was made before a newer version changed it", async () => {
    const copies = () =>
      readdirSync(path.join(data, "demo", "snapshots")).filter((name) => /sqlite$/.test(name));
    await expect.poll(copies, PATIENCE).not.toEqual([]);
    await startOnNewerLedger();
    await ways().getByText("A copy made before that is kept", { exact: false }).waitFor();
    await shoot(page, "desktop-gate-newer-ledger");
    await expectWhole(page);
    await lookInGerman("Die Sicherung nehmen …", "desktop-gate-newer-ledger-german");
    await ways().getByRole("button", { name: "Use the copy…" }).click();
    const question = page.getByRole("dialog", { name: /^Go on from the copy of / });
    await question.getByText("What happened since then is not in it", { exact: false }).waitFor();
    await shoot(page, "desktop-gate-newer-ledger-question");
    await question.getByRole("button", { name: "Use the copy and start" }).click();
    await page.locator(".live h1").waitFor();
    await page.getByText("As wanted, the copy of", { exact: false }).waitFor();
    await shoot(page, "desktop-went-back");
    const kept = readdirSync(path.join(data, "demo")).filter((name) =>
      name.startsWith("ledger-schema-9999-"),
    );
    expect(kept, "the newer file").toHaveLength(1);
  });

  it("goes back to the version before when this one's engine dies at its start", async () => {
    const started = await startOnNewerLedger();
    const gone = exitOf(started.main);
    await ways().getByRole("button", { name: "Go back to 0.0.9" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Go back" }).click();
    expect(await gone).toBe(0);
    await expect.poll(() => existsSync(marker), PATIENCE).toBe(true);
  });
});
