/**
 * When a person's machine takes work, seen at a real market in a process of its own: not before the set-up's last step,
 * whatever is opened, ended or killed until then; and after it as the person left it, through every start of the app.
 */

import type { ChildProcess } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import type { ElectronApplication, Page } from "playwright";
import { beforeAll, describe, expect, it } from "vitest";
import type { PreloadBridge } from "../../src/shared/contract/bridge.ts";
import type { CommandInput, CommandName } from "../../src/shared/contract/contract.ts";
import type { State } from "../../src/shared/contract/views.ts";
import { MINUTE } from "../../src/shared/durations.ts";
import { devnet, MINER_API_KEY, post, type TestDevnet } from "../support/devnet.ts";
import { buildApp, desktopSuite, quitApp } from "./ui/demo-app.ts";
import { canShowWindows, exitOf } from "./ui/electron-app.ts";
import { holdStill, jobsToCompute } from "./ui/hold-still.ts";
import { HOOK_PATIENCE, PATIENCE } from "./ui/patience.ts";
import { shoot } from "./ui/screenshots.ts";

const WALLET = `0x${"ab".repeat(20)}`;

describe.skipIf(!canShowWindows)("work on a person's machine", () => {
  const desktop = desktopSuite("intent");
  let app: ElectronApplication;
  let main: ChildProcess;
  let page: Page;

  beforeAll(buildApp, HOOK_PATIENCE);

  /** A set-up that was left where the key is made, with a market that has a job. */
  async function leftAtTheKey(): Promise<{ market: TestDevnet; data: string }> {
    const market = await devnet();
    const data = desktop.newFolder();
    mkdirSync(data, { recursive: true });
    const settings = {
      "app.first_run": "key",
      "aitbc.coordinator_url": market.ready.coordinatorUrl,
      "aitbc.wallet": WALLET,
    };
    writeFileSync(path.join(data, "settings.json"), JSON.stringify({ version: 1, settings }));
    const secrets = { "aitbc.coordinator_key": MINER_API_KEY };
    writeFileSync(path.join(data, "secrets.json"), JSON.stringify({ version: 1, settings: secrets }), {
      mode: 0o600,
    });
    await offerJob(market);
    return { market, data };
  }

  const offerJob = (market: TestDevnet) =>
    post(
      `${market.ready.coordinatorUrl}/v1/jobs`,
      {
        payload: { type: "embeddings", model: "all-MiniLM-L6-v2", input: ["a warm forge"] },
        constraints: { models: ["all-MiniLM-L6-v2"] },
        ttl_seconds: 3600,
        payment_amount: 0.3,
        buyer_address: "ait1buyer",
        provider_address: WALLET,
      },
      { authorization: "Bearer client" },
    );

  async function start(data: string, more: Record<string, string> = {}): Promise<void> {
    const env = desktop.environment({
      BELLOWS_DATA_DIR: data,
      BELLOWS_FIRST_RUN: undefined,
      BELLOWS_START: undefined,
      BELLOWS_KEY_PASSPHRASE: "correct horse battery staple 17",
      ...more,
    });
    ({ app, main, page } = await desktop.launch(env));
    await expect.poll(() => state().catch(() => null), PATIENCE).not.toBeNull();
  }

  async function quit(): Promise<void> {
    const gone = exitOf(main);
    await quitApp(app);
    expect(await gone).toBe(0);
  }

  async function invoke<C extends CommandName>(command: C, input: CommandInput<C>): Promise<unknown> {
    const outcome = await page.evaluate(
      ([name, given]) => {
        const { bellows } = window as unknown as { bellows: PreloadBridge };
        return bellows.invoke(name, given as never);
      },
      [command, input] as const,
    );
    if (!outcome.ok) throw new Error(outcome.error.message);
    return outcome.output;
  }
  const state = async () => ((await invoke("state.snapshot", {})) as { state: State }).state;
  const intent = async () => (await state()).engine.intent;
  const count = (market: TestDevnet, event: string) =>
    market.log().filter((line) => line.event === event).length;
  const heartbeats = (market: TestDevnet) => count(market, "heartbeat");
  /** The market has heard of us. `before`: so often already, by default until now. */
  async function hears(market: TestDevnet, before = heartbeats(market)): Promise<void> {
    await expect.poll(() => heartbeats(market), PATIENCE).toBeGreaterThan(before);
  }

  it(
    "begins with the set-up's last step, and not with a key, a start or a crash before it",
    async () => {
      const { market, data } = await leftAtTheKey();
      await start(data);
      await hears(market, 0);
      expect(await intent()).toBe("paused");
      await quit();
      // What it had asked the market for until then would have been answered by now.
      expect(count(market, "leased")).toBe(0);
      await start(data);
      const { pid } = (await state()).engine;
      process.kill(pid, "SIGKILL");
      await expect
        .poll(async () => (await state().catch(() => null))?.engine.pid ?? pid, PATIENCE)
        .not.toBe(pid);
      // Known again, and silent for as long as it takes until the next heartbeat.
      await hears(market);
      expect(await intent()).toBe("paused");
      expect(count(market, "leased")).toBe(0);

      await invoke("settings.set", { patch: { "app.first_run": "done" } });
      await invoke("run.start", {});
      await expect.poll(() => count(market, "result"), PATIENCE).toBe(1);
      await quit();
    },
    4 * MINUTE,
  );

  it(
    "begins with a restart that is the last step, and goes on as it was left from then on",
    async () => {
      const { market, data } = await leftAtTheKey();
      await start(data);
      await invoke("settings.set", { patch: { "app.first_run": "done" } });
      await invoke("engine.restart", { start: true });
      await expect.poll(() => count(market, "result"), PATIENCE).toBe(1);
      await quit();

      // Nobody presses anything: it was working.
      await start(data);
      expect(await intent()).toBe("running");
      await offerJob(market);
      await expect.poll(() => count(market, "result"), PATIENCE).toBe(2);
      await invoke("run.pause", {});
      await quit();

      const before = heartbeats(market);
      await start(data);
      await offerJob(market);
      await hears(market, before);
      expect(await intent()).toBe("paused");
      await invoke("run.stop", {});
      await quit();

      await start(data);
      expect(await intent()).toBe("stopped");
      expect(count(market, "leased")).toBe(2);
      await page.evaluate(() => {
        window.location.hash = "#/settings";
      });
      const choice = page.getByRole("radiogroup", { name: "When Bellows starts" });
      await choice.scrollIntoViewIfNeeded();
      expect(await choice.getByRole("radio", { name: "As it was left" }).isChecked()).toBe(true);
      await shoot(page, "desktop-start-choice");
      await choice.getByRole("radio", { name: "Take work" }).click();
      await expect
        .poll(async () => (await state()).settings.values["work.start_as"].value, PATIENCE)
        .toBe("running");
      await quit();

      await start(data);
      await expect.poll(() => count(market, "result"), PATIENCE).toBe(3);
      await quit();
    },
    4 * MINUTE,
  );

  it.skipIf(process.platform !== "linux")(
    "goes on after a quit that let it be finished first",
    async () => {
      const data = desktop.newFolder();
      await start(data, { BELLOWS_FIRST_RUN: "done" });
      expect(await intent()).toBe("paused");
      await invoke("run.start", {});
      const goOn = await holdStill(main, async () => jobsToCompute(await state()));
      await app.evaluate(({ Menu, dialog }) => {
        dialog.showMessageBox = (...asked: unknown[]) => {
          const { buttons } = asked.at(-1) as { buttons: string[] };
          return Promise.resolve({ response: buttons.indexOf("Finish, Then Quit"), checkboxChecked: false });
        };
        const items = Menu.getApplicationMenu()?.items.flatMap((item) => item.submenu?.items ?? []);
        items?.find(({ label }) => label === "Quit Bellows")?.click();
      });
      await expect.poll(intent, PATIENCE).toBe("finishing");
      const gone = exitOf(main);
      goOn();
      expect(await gone).toBe(0);
      await start(data, { BELLOWS_FIRST_RUN: "done" });
      expect(await intent()).toBe("running");
      await quit();
    },
    4 * MINUTE,
  );
});
