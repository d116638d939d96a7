/**
 * The provider key in a real Electron: this desktop has no keyring, so its key store is refused, the person is asked for
 * a passphrase, and after a restart the key is locked until it is typed. The market is the embedded one.
 */
import type { ChildProcess } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import type { ElectronApplication, Page } from "playwright";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startDevnet } from "../../src/devnet/devnet.ts";
import { HOUR, SECOND } from "../../src/shared/durations.ts";
import {
  appEnvironment,
  canShowWindows,
  exitOf,
  launchApp,
  openScreen,
  REPOSITORY,
  type Screen,
} from "./ui/electron-app.ts";

const SHOTS = path.join(REPOSITORY, "test-results", "e2e");
const PASSPHRASE = "four words are fine";

describe.skipIf(!canShowWindows)("the provider key in the desktop app", () => {
  let screen: Screen;
  let folder: string;
  let market: Awaited<ReturnType<typeof startDevnet>>;
  let app: ElectronApplication;
  let page: Page;
  let main: ChildProcess | null = null;

  beforeAll(async () => {
    mkdirSync(SHOTS, { recursive: true });
    folder = mkdtempSync(path.join(tmpdir(), "bellows-key-"));
    market = await startDevnet({
      dataFolder: path.join(folder, "devnet"),
      resourcesFolder: path.join(REPOSITORY, "resources"),
      ports: { coordinator: 0, chainRpc: 0, queue: 0, node: 0 },
      minerApiKey: "miner-key-for-tests-0123456789",
      chainId: 1337,
      epochMs: HOUR,
      demand: null,
    });
    screen = await openScreen();
  });

  afterAll(async () => {
    await end();
    screen?.close();
    await market?.close();
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  });

  async function start(): Promise<void> {
    const { BELLOWS_KEY_PASSPHRASE: _, ...env } = appEnvironment(screen, {
      BELLOWS_DATA_DIR: path.join(folder, "data"),
      BELLOWS_TRAY: "yes",
      BELLOWS_FIRST_RUN: "done",
      BELLOWS_ENGINE_NODE: process.execPath,
      AICF_QUEUE_URL: market.ready.queueUrl,
      RPC_URL: market.ready.nodeUrl,
      CHAIN_ID: "1337",
      GPU_BACKEND: "cpu",
    });
    app = await launchApp(env);
    main = app.process();
    page = await app.firstWindow();
    page.setDefaultTimeout(40 * SECOND);
  }

  async function end(): Promise<void> {
    if (main === null || main.exitCode !== null || main.signalCode !== null) return;
    const gone = exitOf(main);
    const patience = setTimeout(() => main?.kill("SIGKILL"), 15 * SECOND);
    await app.evaluate(({ app: electron }) => electron.quit()).catch(() => undefined);
    await gone;
    clearTimeout(patience);
  }

  const openIdentity = async () => {
    await page.getByRole("link", { name: "Stake & identity" }).click();
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
    await page.screenshot({ path: path.join(SHOTS, "key-desktop-make.png") });
    await dialog.getByRole("button", { name: "Make the key" }).click();
    await dialog.waitFor({ state: "detached" });
    await page.getByText("in use", { exact: true }).waitFor();
    await page
      .getByText("below the minimum", { exact: false })
      .or(page.getByText("short of the minimum", { exact: false }))
      .first()
      .waitFor();
    const file = path.join(folder, "data", "live", "identity", "provider-key.json");
    expect(JSON.parse(readFileSync(file, "utf8"))).toMatchObject({ protection: "passphrase" });
    expect(existsSync(path.join(folder, "data", "live", "identity", "app-seal.json"))).toBe(false);
  });

  it("is locked after a restart until its passphrase is typed", async () => {
    await end();
    await start();
    await page.getByRole("heading", { level: 1, name: "The provider key is locked" }).waitFor();
    await openIdentity();
    await page.getByLabel("Passphrase").fill(PASSPHRASE);
    await page.keyboard.press("Enter");
    await page.getByText("in use", { exact: true }).waitFor();
    await page.screenshot({ path: path.join(SHOTS, "key-desktop-open.png") });
    await end();
  });
});
