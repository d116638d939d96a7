/**
 * The provider key in a real Electron: this desktop has no keyring, so its key store is refused, the person is asked for
 * a passphrase, and after a restart the key is locked until it is typed. The market is the embedded one.
 */
import type { ChildProcess } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import type { ElectronApplication, Page } from "playwright";
import { beforeAll, describe, expect, it } from "vitest";
import { startDevnet } from "../../src/devnet/devnet.ts";
import { HOUR } from "../../src/shared/durations.ts";
import { desktopSuite, quitApp } from "./ui/demo-app.ts";
import { canShowWindows, exitOf, REPOSITORY } from "./ui/electron-app.ts";
import { HOOK_PATIENCE } from "./ui/patience.ts";
import { shoot } from "./ui/screenshots.ts";

const PASSPHRASE = "four words are fine";

describe.skipIf(!canShowWindows)("the provider key in the desktop app", () => {
  const desktop = desktopSuite("key");
  let market: Awaited<ReturnType<typeof startDevnet>>;
  let app: ElectronApplication;
  let page: Page;
  let main: ChildProcess;

  beforeAll(async () => {
    market = await startDevnet({
      dataFolder: path.join(desktop.folder, "devnet"),
      resourcesFolder: path.join(REPOSITORY, "resources"),
      ports: { coordinator: 0, chainRpc: 0, queue: 0, node: 0 },
      minerApiKey: "miner-key-for-tests-0123456789",
      chainId: 1337,
      epochMs: HOUR,
      demand: null,
    });
    desktop.endings.add(() => market.close());
    // It is added after the market, so it ends before it.
    desktop.endings.add(() => desktop.end());
  }, HOOK_PATIENCE);

  async function start(): Promise<void> {
    const env = desktop.environment({
      BELLOWS_DATA_DIR: path.join(desktop.folder, "data"),
      BELLOWS_KEY_PASSPHRASE: undefined,
      AICF_QUEUE_URL: market.ready.queueUrl,
      RPC_URL: market.ready.nodeUrl,
      CHAIN_ID: "1337",
      GPU_BACKEND: "cpu",
    });
    ({ app, main, page } = await desktop.launch(env));
  }

  async function end(): Promise<void> {
    const gone = exitOf(main);
    await quitApp(app);
    await gone;
  }

  const openIdentity = async () => {
    await page.getByRole("navigation").getByRole("link", { name: "Stake & identity" }).click();
    await page.getByRole("heading", { level: 1, name: "Stake & identity" }).waitFor();
  };

  it("is made under a passphrase where there is no keyring, and the market knows it", async () => {
    await start();
    await page.getByRole("heading", { level: 1, name: "There is no provider key yet" }).waitFor();
    await openIdentity();
    await page.getByRole("button", { name: "Make a key" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByText("no keyring that is open", { exact: false }).waitFor();
    await dialog.getByLabel("New passphrase").fill(PASSPHRASE);
    await dialog.getByLabel("Once more").fill(PASSPHRASE);
    await shoot(page, "key-desktop-make");
    await dialog.getByRole("button", { name: "Make the key" }).click();
    await dialog.waitFor({ state: "detached" });
    await page.getByText("in use", { exact: true }).waitFor();
    await page
      .getByText("below the minimum", { exact: false })
      .or(page.getByText("short of the minimum", { exact: false }))
      .first()
      .waitFor();
    const file = path.join(desktop.folder, "data", "live", "identity", "provider-key.json");
    expect(JSON.parse(readFileSync(file, "utf8"))).toMatchObject({ protection: "passphrase" });
    expect(existsSync(path.join(desktop.folder, "data", "live", "identity", "app-seal.json"))).toBe(false);
  });

  it("is locked after a restart until its passphrase is typed", async () => {
    await end();
    await start();
    await page.getByRole("heading", { level: 1, name: "The provider key is locked" }).waitFor();
    await openIdentity();
    await page.getByLabel("Passphrase").fill(PASSPHRASE);
    await page.keyboard.press("Enter");
    await page.getByText("in use", { exact: true }).waitFor();
    await shoot(page, "key-desktop-open");
    await end();
  });
});
