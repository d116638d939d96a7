/** Another passphrase is another lock, never another key; and whatever goes wrong leaves the file as it was. */
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { createIdentity, openIdentity, readIdentity } from "../../../../src/engine/identity/identity.ts";
import { rewriteKeyFile } from "../../../../src/engine/identity/key-file.ts";
import { changePassphrase } from "../../../../src/engine/identity/passphrase.ts";
import { tempFolder } from "../../../support/temp-folder.ts";

const BEFORE = "correct horse battery staple";
const AFTER = "another four words here";
const SEED = Buffer.alloc(32, 7);

async function aKey() {
  const folder = join(tempFolder(), "identity");
  const facts = await createIdentity(folder, SEED, BEFORE);
  const file = join(folder, "provider-key.json");
  return { folder, file, facts, text: () => readFileSync(file, "utf8") };
}

test("the key opens with the new passphrase and no longer with the old one, and is the same key", async () => {
  const { folder, file, facts, text } = await aKey();
  const { created_at } = JSON.parse(text());
  expect(await changePassphrase(folder, BEFORE, AFTER)).toEqual(facts);
  expect(Buffer.from((await readIdentity(folder, AFTER)).seed)).toEqual(SEED);
  await expect(openIdentity({ folder, mode: "live", passphrase: BEFORE })).rejects.toMatchObject({
    code: "PASSPHRASE_WRONG",
  });
  expect(JSON.parse(text()).created_at).toBe(created_at);
  expect(readdirSync(folder)).toEqual(["provider-key.json"]);
  if (process.platform !== "win32") expect(statSync(file).mode & 0o777).toBe(0o600);
});

test.each([
  ["a wrong old one", "not the old passphrase", AFTER, "PASSPHRASE_WRONG"],
  ["a new one that is too short", BEFORE, "short", "PASSPHRASE_WEAK"],
])("%s changes nothing", async (_what, before, after, code) => {
  const { folder, text } = await aKey();
  const was = text();
  await expect(changePassphrase(folder, before, after)).rejects.toMatchObject({ code });
  expect(text()).toBe(was);
  expect(readdirSync(folder)).toEqual(["provider-key.json"]);
});

test("a key under no passphrase, and none at all, are told as such", async () => {
  const [demo, stored] = [join(tempFolder(), "demo"), join(tempFolder(), "stored")];
  await createIdentity(demo, SEED, null);
  await createIdentity(stored, SEED, { name: "keychain", secret: "ab".repeat(32) });
  for (const folder of [demo, stored])
    await expect(changePassphrase(folder, BEFORE, AFTER)).rejects.toMatchObject({ code: "NO_PASSPHRASE" });
  await expect(changePassphrase(tempFolder(), BEFORE, AFTER)).rejects.toMatchObject({ code: "NO_IDENTITY" });
});

test("a copy that does not prove itself never takes the key's place", async () => {
  const { folder, file, text } = await aKey();
  const was = text();
  const refuse = () => Promise.reject(new Error("it does not open"));
  await expect(rewriteKeyFile(file, JSON.parse(was), refuse)).rejects.toThrow("it does not open");
  expect(text()).toBe(was);
  expect(readdirSync(folder)).toEqual(["provider-key.json"]);
});
