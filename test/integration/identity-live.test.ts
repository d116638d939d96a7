/**
 * The desktop's way to a provider key, with real processes: an engine that starts without one, makes it when a person
 * asks, is locked after the next start, and begins again with another key. The window is left out, nothing else is.
 */
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { expect, onTestFinished, test, vi } from "vitest";
import { locatePaths } from "../../src/engine/config/paths.ts";
import { ForkProcessHost } from "../../src/host/fork-host.ts";
import { planEngine } from "../../src/main/config.ts";
import { EngineSupervisor } from "../../src/main/engine-supervisor.ts";
import type { KeySeal } from "../../src/main/key-seal.ts";
import { MINUTE, SECOND } from "../../src/shared/durations.ts";
import { tempFolder } from "../support/temp-folder.ts";
import { CHAIN_ID, devnetConfig, runDevnet } from "./devnet-process.ts";

const PASSPHRASE = "correct horse battery staple";
const NO_STORE: KeySeal = { store: null, refused: "This desktop has no keyring that is open" };
const within = { timeout: 40 * SECOND, interval: 50 };

/** The app without its window: supervisor and engine, and a market that is a process of its own. */
async function desktop(seal: KeySeal) {
  const data = tempFolder();
  const market = await runDevnet(devnetConfig(path.join(data, "devnet")));
  const env = {
    BELLOWS_DATA_DIR: data,
    AICF_QUEUE_URL: market.ready.queueUrl,
    RPC_URL: market.ready.nodeUrl,
    CHAIN_ID: String(CHAIN_ID),
    GPU_BACKEND: "cpu",
    BELLOWS_PORT: "0",
  };
  const paths = locatePaths();
  const engine = new EngineSupervisor({
    plan: () => planEngine({ env, flags: {}, paths }, { keySeal: () => seal, safeMode: () => false }),
    host: new ForkProcessHost(),
    entries: paths.entries,
  });
  onTestFinished(() => engine.stop());
  const isUp = () => vi.waitUntil(() => engine.status.state === "up", within);
  const state = async () => (await engine.invoke("state.snapshot", {})).state;
  const key = async () => (await engine.invoke("identity.status", {})).status;
  const registered = () =>
    vi.waitUntil(async () => {
      const [aicf] = (await state().catch(() => ({ markets: [] }))).markets;
      return aicf?.state === "registered" ? aicf : null;
    }, within);
  const restart = async () => {
    await engine.stop();
    engine.start();
    await isUp();
  };
  engine.start();
  await isUp();
  return { engine, data, state, key, registered, restart, isUp };
}

test(
  "a passphrase holds the key where there is no key store: made, locked at the next start, opened, replaced",
  async () => {
    const { engine, data, state, key, registered, restart, isUp } = await desktop(NO_STORE);
    const waiting = await state();
    expect(waiting.headline).toMatchObject({ level: "error", sentence: "There is no provider key yet" });
    expect(waiting.markets[0]).toMatchObject({ id: "aicf", providerId: null });
    expect(await key()).toMatchObject({ state: "none", keyStoreRefused: NO_STORE.refused });
    await expect(engine.invoke("identity.create", {})).rejects.toMatchObject({ code: "PASSPHRASE_NEEDED" });

    const made = await engine.invoke("identity.create", { passphrase: PASSPHRASE });
    expect(made).toMatchObject({ restarts: false, status: { state: "open" } });
    const aicf = await registered();
    expect(aicf?.providerId, "the market knows the key that was just made").toBe(made.status.providerId);
    const amount = { market: "aicf" as const, amountMinor: "100000000000" };
    await expect(engine.invoke("provider.stake", amount)).rejects.toMatchObject({ code: "BACKUP_UNCHECKED" });
    const { words, ask } = await engine.invoke("identity.phrase", { passphrase: PASSPHRASE });
    const asked = ask.map((place) => words[place - 1] ?? "");
    expect(await engine.invoke("identity.checkBackup", { kind: "words", words: asked })).toMatchObject({
      same: true,
    });
    const { standing } = await engine.invoke("provider.stake", amount);
    expect(standing.stake.effective.minor).toBe(amount.amountMinor);

    await restart();
    expect((await state()).headline.sentence).toBe("The provider key is locked");
    expect(await key()).toMatchObject({ state: "locked", providerId: made.status.providerId });
    await expect(engine.invoke("identity.unlock", { passphrase: "not this one" })).rejects.toMatchObject({
      code: "PASSPHRASE_WRONG",
    });
    await engine.invoke("identity.unlock", { passphrase: PASSPHRASE });
    expect((await registered())?.providerId).toBe(made.status.providerId);

    const pid = (await state()).engine.pid;
    expect(await engine.invoke("identity.rotate", { passphrase: PASSPHRASE })).toMatchObject({
      restarts: true,
    });
    await vi.waitUntil(async () => (await state().catch(() => null))?.engine.pid !== pid, within);
    await isUp();
    const replaced = await vi.waitUntil(() => key().catch(() => null), within);
    expect(replaced).toMatchObject({ state: "locked", retiredKeys: 1, backup: null });
    expect(replaced?.providerId).not.toBe(made.status.providerId);

    const written = everyFile(data);
    for (const secret of [PASSPHRASE, words.join(" "), words.slice(0, 6).join(" ")])
      expect(
        written.some((bytes) => bytes.includes(secret)),
        "no secret is written down anywhere",
      ).toBe(false);
  },
  3 * MINUTE,
);

test(
  "a key store opens the key by itself at every start, and a store that is gone only locks it",
  async () => {
    const seal: { store: KeySeal["store"]; refused: string | null } = {
      store: { name: "gnome_libsecret", secret: "7f".repeat(32) },
      refused: null,
    };
    const { engine, key, registered, restart } = await desktop(seal);
    const { status } = await engine.invoke("identity.create", {});
    expect(status).toMatchObject({
      protection: "os-store",
      keyStore: "gnome_libsecret",
      asksPassphrase: false,
    });
    await registered();
    await restart();
    expect((await registered())?.providerId).toBe(status.providerId);

    Object.assign(seal, { store: null, refused: "The key store does not open the seal" });
    await restart();
    expect(await key()).toMatchObject({
      state: "locked",
      problem: { code: "KEY_STORE_CLOSED" },
      providerId: status.providerId,
    });
    Object.assign(seal, { store: { name: "gnome_libsecret", secret: "7f".repeat(32) }, refused: null });
    await restart();
    expect(await key()).toMatchObject({ state: "open", providerId: status.providerId });
  },
  3 * MINUTE,
);

function everyFile(folder: string): Buffer[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => readFileSync(path.join(entry.parentPath, entry.name)));
}
