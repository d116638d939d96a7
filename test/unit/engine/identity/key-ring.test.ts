/** The provider key of a running engine: waited for, made, unlocked, shown, checked, replaced. */
import { existsSync, readdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { identityHandlers, type KeyDeed } from "../../../../src/engine/identity/handlers.ts";
import { createIdentity, IDENTITY_FILE } from "../../../../src/engine/identity/identity.ts";
import { KeyRing, type KeyRingOptions } from "../../../../src/engine/identity/key-ring.ts";
import { verifySignature } from "../../../../src/engine/identity/ml-dsa.ts";
import { IDENTITY_COMMANDS } from "../../../../src/shared/contract/identity.ts";
import { tempFolder } from "../../../support/temp-folder.ts";

const PASSPHRASE = "correct horse battery staple";
const BACKUP = "another passphrase for the copy";
const STORE = { name: "gnome_libsecret", secret: "ab".repeat(32) };
const MESSAGE = new TextEncoder().encode("hello");

function open(overrides: Partial<KeyRingOptions> = {}) {
  const folder = overrides.folder ?? join(tempFolder(), "identity");
  return KeyRing.open({
    folder,
    mode: "live",
    passphrase: null,
    store: null,
    storeRefused: null,
    mayWait: true,
    knownAs: null,
    ...overrides,
  });
}

function served(keys: KeyRing) {
  const deeds: KeyDeed[] = [];
  let restarts = 0;
  const handlers = identityHandlers({
    keys,
    onDeed: (deed) => deeds.push(deed),
    restart: () => {
      restarts++;
    },
  });
  return { handlers, deeds, restarts: () => restarts };
}

test("without a key an engine at a window waits, and the key that is made there is used at once", async () => {
  const folder = join(tempFolder(), "identity");
  const keys = await open({ folder });
  expect(existsSync(folder), "nothing is made before somebody chose to").toBe(false);
  expect(keys).toMatchObject({ isOpen: false, exists: false, problem: { code: "NO_IDENTITY" } });
  expect(() => keys.sign(MESSAGE)).toThrow(/no provider key/);
  const opened = keys.whenOpen(new AbortController().signal);

  const { handlers, deeds, restarts } = served(keys);
  await expect(handlers["identity.create"]({})).rejects.toMatchObject({ code: "PASSPHRASE_NEEDED" });
  await expect(handlers["identity.create"]({ passphrase: "short" })).rejects.toMatchObject({
    code: "PASSPHRASE_WEAK",
  });
  const made = await handlers["identity.create"]({ passphrase: PASSPHRASE });
  await opened;
  expect(made).toMatchObject({
    restarts: false,
    status: { state: "open", protection: "passphrase", backup: null },
  });
  expect(made.status.address).toBe(keys.address);
  expect(verifySignature(keys.publicKey, MESSAGE, keys.sign(MESSAGE))).toBe(true);
  await expect(handlers["identity.create"]({ passphrase: PASSPHRASE })).rejects.toMatchObject({
    code: "IDENTITY_EXISTS",
  });
  expect({ deeds, restarts: restarts() }).toEqual({ deeds: ["created"], restarts: 0 });
});

test("a passphrase key is locked after the next start until it is typed; a headless engine does not start", async () => {
  const folder = join(tempFolder(), "identity");
  const facts = await createIdentity(folder, Buffer.alloc(32, 3), PASSPHRASE);
  await expect(open({ folder, mayWait: false })).rejects.toMatchObject({ code: "PASSPHRASE_NEEDED" });

  const keys = await open({ folder });
  expect(keys.providerId, "who we are is known before the key is open").toBe(facts.providerId);
  const { handlers, deeds } = served(keys);
  expect((await handlers["identity.status"]({})).status).toMatchObject({
    state: "locked",
    problem: { code: "KEY_LOCKED" },
    asksPassphrase: true,
  });
  await expect(handlers["identity.unlock"]({ passphrase: "wrong wrong wrong" })).rejects.toMatchObject({
    code: "PASSPHRASE_WRONG",
  });
  expect(keys.isOpen).toBe(false);
  expect((await handlers["identity.unlock"]({ passphrase: PASSPHRASE })).status).toMatchObject({
    state: "open",
    problem: null,
  });
  expect(deeds).toEqual(["unlocked"]);
});

test("waiting ends with the engine", async () => {
  const keys = await open();
  const ending = new AbortController();
  const waiting = keys.whenOpen(ending.signal);
  ending.abort(new DOMException("Shutting down", "AbortError"));
  await expect(waiting).rejects.toThrow("Shutting down");
});

test("the system's key store seals the key, and a store that is gone locks it without touching the file", async () => {
  const folder = join(tempFolder(), "identity");
  const keys = await open({ folder, store: STORE });
  const made = await keys.create(null);
  expect(made).toBe(false);
  const file = readFileSync(join(folder, IDENTITY_FILE), "utf8");
  expect(JSON.parse(file)).toMatchObject({ protection: "os-store", store: "gnome_libsecret" });
  expect(file).not.toContain(STORE.secret);

  const again = await open({ folder, store: STORE });
  expect(again.isOpen).toBe(true);
  expect(await again.status()).toMatchObject({ keyStore: "gnome_libsecret", asksPassphrase: false });

  const other = await open({ folder, store: { ...STORE, secret: "cd".repeat(32) } });
  expect(other.problem).toMatchObject({ code: "KEY_STORE_CLOSED" });
  const without = await open({ folder, storeRefused: "no keyring here" });
  expect(await without.status()).toMatchObject({ state: "locked", keyStoreRefused: "no keyring here" });
  expect(readFileSync(join(folder, IDENTITY_FILE), "utf8")).toBe(file);
});

test("the phrase is shown only to who knows the passphrase, and its words are asked for once", async () => {
  const folder = join(tempFolder(), "identity");
  await createIdentity(folder, Buffer.alloc(32, 5), PASSPHRASE);
  const { handlers, deeds } = served(await open({ folder, passphrase: PASSPHRASE }));
  await expect(handlers["identity.phrase"]({})).rejects.toMatchObject({ code: "PASSPHRASE_NEEDED" });
  await expect(handlers["identity.phrase"]({ passphrase: "not the passphrase" })).rejects.toMatchObject({
    code: "PASSPHRASE_WRONG",
  });
  await expect(
    handlers["identity.checkBackup"]({ kind: "words", words: ["abandon"] }),
    "nothing was asked for",
  ).rejects.toMatchObject({ code: "NOTHING_ASKED" });

  const first = await handlers["identity.phrase"]({ passphrase: PASSPHRASE });
  expect(first.words).toHaveLength(24);
  expect(new Set(first.ask).size).toBe(4);
  const answers = (shown: typeof first) => shown.ask.map((place) => shown.words[place - 1] ?? "");
  const wrong = await handlers["identity.checkBackup"]({
    kind: "words",
    words: answers(first).with(2, "zebra"),
  });
  expect(wrong).toMatchObject({ same: false, status: { backup: null } });
  await expect(
    handlers["identity.checkBackup"]({ kind: "words", words: answers(first) }),
    "one phrase shown, one try",
  ).rejects.toMatchObject({ code: "NOTHING_ASKED" });

  const second = await handlers["identity.phrase"]({ passphrase: PASSPHRASE });
  const right = await handlers["identity.checkBackup"]({
    kind: "words",
    words: answers(second).map((word) => ` ${word.toUpperCase()} `),
  });
  expect(right).toMatchObject({ same: true, status: { backup: { by: "words" } } });
  expect(deeds).toEqual(["phrase-shown", "phrase-shown", "backup-checked"]);
});

test("an exported file gives the key back elsewhere, and that counts as a checked backup", async () => {
  const keys = await open();
  await keys.create(PASSPHRASE);
  const { handlers } = served(keys);
  const { fileName, text } = await handlers["identity.export"]({
    backupPassphrase: BACKUP,
    passphrase: PASSPHRASE,
  });
  expect(fileName).toBe(`bellows-${keys.providerId}.json`);
  const backup = { kind: "file" as const, text, passphrase: BACKUP };
  expect(await handlers["identity.checkBackup"](backup)).toMatchObject({ same: true });

  const fresh = await open();
  const there = served(fresh);
  const restored = await there.handlers["identity.restore"]({ backup, passphrase: PASSPHRASE });
  expect(restored).toMatchObject({ restarts: false, status: { state: "open", backup: { by: "restore" } } });
  expect(fresh.address).toBe(keys.address);
});

test("another key in the place of an open one keeps the old file and starts the engine again", async () => {
  const folder = join(tempFolder(), "identity");
  const keys = await open({ folder, passphrase: PASSPHRASE, mayWait: false });
  const before = readFileSync(join(folder, IDENTITY_FILE), "utf8");
  const { words } = await keys.phrase(PASSPHRASE);
  const { handlers, restarts } = served(keys);
  const backup = { kind: "phrase" as const, words: words.join(" ") };
  await expect(handlers["identity.restore"]({ backup, passphrase: PASSPHRASE })).rejects.toMatchObject({
    code: "IDENTITY_EXISTS",
  });

  const rotated = await handlers["identity.rotate"]({ passphrase: PASSPHRASE });
  expect(rotated).toMatchObject({ restarts: true, status: { retiredKeys: 1 } });
  await expect.poll(restarts).toBe(1);
  const retired = readdirSync(folder).find((name) => name.includes("retired")) ?? "";
  expect(readFileSync(join(folder, retired), "utf8")).toBe(before);

  const next = await open({ folder, passphrase: PASSPHRASE });
  expect(next.address).not.toBe(keys.address);
  const back = served(next);
  await back.handlers["identity.restore"]({ backup, passphrase: PASSPHRASE, replace: true });
  expect((await open({ folder, passphrase: PASSPHRASE })).address).toBe(keys.address);
  expect((await next.status()).retiredKeys).toBe(2);
});

test("a key that is missing where one was is not made by itself: not without a person, and not at a window", async () => {
  const known = { store: STORE, knownAs: "prov_before" };
  const folder = join(tempFolder(), "identity");
  await expect(open({ ...known, folder, mayWait: false })).rejects.toMatchObject({
    code: "KEY_LOST",
    message: expect.stringContaining("the ledger beside it is that of prov_before"),
    help: expect.stringMatching(/identity restore --data "[^"]+"`\. .*identity new --data "[^"]+"`/),
  });
  expect(existsSync(folder)).toBe(false);
  for (const passphrase of [PASSPHRASE, null]) {
    const waiting = await open({ ...known, folder, passphrase });
    expect(waiting).toMatchObject({ isOpen: false, exists: false, problem: { code: "KEY_LOST" } });
  }
  const chosen = await open({ ...known, folder });
  await served(chosen).handlers["identity.create"]({});
  expect(chosen.isOpen, "a person may choose to begin anew").toBe(true);
  expect((await open({ ...known, folder, mayWait: false })).isOpen).toBe(true);
  expect((await open({ mode: "demo", knownAs: "prov_before" })).isOpen).toBe(true);
});

test("a replaced key without one in its place is not taken for a fresh folder", async () => {
  const folder = join(tempFolder(), "identity");
  const keys = await open({ folder, store: STORE, mayWait: false });
  await served(keys).handlers["identity.rotate"]({});
  const [retired = ""] = readdirSync(folder).filter((name) => name.includes("retired"));
  rmSync(join(folder, IDENTITY_FILE));
  const failure = open({ folder, store: STORE, mayWait: false });
  await expect(failure).rejects.toMatchObject({
    code: "KEY_LOST",
    help: expect.stringContaining(`give ${join(folder, retired)} its name provider-key.json again`),
  });
  renameSync(join(folder, retired), join(folder, IDENTITY_FILE));
  expect((await open({ folder, store: STORE })).providerId).toBe(keys.providerId);
});

test("the demo's key is made by itself, lies in the open and is never replaced", async () => {
  const keys = await open({ mode: "demo" });
  expect(keys.isOpen).toBe(true);
  const { handlers } = served(keys);
  const backup = { kind: "phrase" as const, words: (await keys.phrase(null)).words.join(" ") };
  await expect(handlers["identity.restore"]({ backup, replace: true })).rejects.toMatchObject({
    code: "DEMO_KEY",
  });
  await expect(handlers["identity.rotate"]({})).rejects.toMatchObject({ code: "DEMO_KEY" });
});

test("every answer is what the contract says", async () => {
  const keys = await open();
  const { handlers } = served(keys);
  const check = IDENTITY_COMMANDS["identity.status"].output;
  expect(check.parse(await handlers["identity.status"]({})).status.state).toBe("none");
  IDENTITY_COMMANDS["identity.create"].output.parse(
    await handlers["identity.create"]({ passphrase: PASSPHRASE }),
  );
  IDENTITY_COMMANDS["identity.phrase"].output.parse(
    await handlers["identity.phrase"]({ passphrase: PASSPHRASE }),
  );
  IDENTITY_COMMANDS["identity.export"].output.parse(
    await handlers["identity.export"]({ backupPassphrase: BACKUP, passphrase: PASSPHRASE }),
  );
});
