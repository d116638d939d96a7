/** The secret that seals the provider key in the desktop app, with a key store that behaves as each system's does. */
import { createHash } from "node:crypto";
import { readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { openKeySeal, type SafeStorage } from "../../../src/main/key-seal.ts";
import { tempFolder } from "../../support/temp-folder.ts";

/** Encrypts by a pad made of the user's password: another password opens nothing. */
function storeOf(password: string, backend: string | null = "gnome_libsecret"): SafeStorage {
  const pad = (bytes: Buffer) =>
    Buffer.from(
      bytes.map((byte, i) => byte ^ (createHash("sha256").update(`${password}${i}`).digest()[0] ?? 0)),
    );
  return {
    isEncryptionAvailable: () => true,
    encryptString: (text) => pad(Buffer.from(`v11${text}`)),
    decryptString: (bytes) => {
      const text = pad(bytes).toString();
      if (!text.startsWith("v11")) throw new Error("Error while decrypting the ciphertext");
      return text.slice(3);
    },
    ...(backend === null ? {} : { getSelectedStorageBackend: () => backend }),
  };
}

test("the secret is made once and found again, and the file alone is worth nothing", () => {
  const folder = tempFolder();
  const first = openKeySeal(folder, storeOf("me"), "linux");
  expect(first).toMatchObject({ store: { name: "gnome_libsecret" }, refused: null });
  expect(openKeySeal(folder, storeOf("me"), "linux")).toEqual(first);
  const file = join(folder, "identity", "app-seal.json");
  expect(readFileSync(file, "utf8")).not.toContain(first.store?.secret);
  if (process.platform !== "win32") expect(statSync(file).mode & 0o777).toBe(0o600);
});

test("a seal that does not open is reported and left as it is", () => {
  const folder = tempFolder();
  openKeySeal(folder, storeOf("me"), "linux");
  const file = join(folder, "identity", "app-seal.json");
  const before = readFileSync(file, "utf8");
  const other = openKeySeal(folder, storeOf("somebody else"), "linux");
  expect(other.store).toBeNull();
  expect(other.refused).toContain("does not open");
  expect(readFileSync(file, "utf8")).toBe(before);
  writeFileSync(file, "{}");
  expect(openKeySeal(folder, storeOf("me"), "linux").store).toBeNull();
  expect(readFileSync(file, "utf8")).toBe("{}");
});

test("a store that keeps nothing secret is refused", () => {
  const folder = tempFolder();
  expect(openKeySeal(folder, storeOf("x", "basic_text"), "linux")).toMatchObject({
    store: null,
    refused: expect.stringContaining("passphrase"),
  });
  expect(
    openKeySeal(folder, { ...storeOf("x", null), isEncryptionAvailable: () => false }, "win32").store,
  ).toBeNull();
});

test.each([
  ["win32", "dpapi"],
  ["darwin", "keychain"],
] as const)("on %s the store is %s", (platform, name) => {
  expect(openKeySeal(tempFolder(), storeOf("me", null), platform).store?.name).toBe(name);
});
