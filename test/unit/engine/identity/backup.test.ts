/** Copies of the provider key: a phrase, a file; proved before they count, and never written over a key. */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  checkBackup,
  exportKey,
  isBackupChecked,
  restoreKey,
  rotateKey,
} from "../../../../src/engine/identity/backup.ts";
import {
  createIdentity,
  IDENTITY_FILE,
  identityFacts,
  openIdentity,
  readIdentity,
} from "../../../../src/engine/identity/identity.ts";
import { KeyFileSchema } from "../../../../src/engine/identity/key-file.ts";
import { phraseOf, seedOfPhrase } from "../../../../src/engine/identity/phrase.ts";
import { tempFolder } from "../../../support/temp-folder.ts";

const PASSPHRASE = "correct horse battery staple";
const OTHER = "another passphrase for the paper";
const SEED = Buffer.alloc(32, 7);

describe("the recovery phrase", () => {
  test("is the seed in 24 words, whatever it looks like when it comes back", () => {
    const words = phraseOf(SEED);
    expect(words.split(" ")).toHaveLength(24);
    const numbered = words
      .split(" ")
      .map((word, i) => `${i + 1}. ${word.toUpperCase()}`)
      .join("\n");
    expect(Buffer.from(seedOfPhrase(numbered)).equals(SEED)).toBe(true);
  });

  test("brings back every seed", () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), (seed) => {
        expect(Buffer.from(seedOfPhrase(phraseOf(seed)))).toEqual(Buffer.from(seed));
      }),
      { numRuns: 50 },
    );
  });

  test("is refused with what is wrong, and without repeating a word of it", () => {
    const words = phraseOf(SEED).split(" ");
    const refused = (list: string[]) => {
      try {
        seedOfPhrase(list.join(" "));
      } catch (thrown) {
        return String(thrown);
      }
      return "accepted";
    };
    expect(refused(words.slice(1))).toContain("23 words instead of 24");
    expect(refused(["zzzz", ...words.slice(1)])).toContain("word 1 is not in the list");
    expect(refused([...words.slice(1), words[0] ?? ""])).toContain("checksum");
    expect(refused(words.slice(1))).not.toContain(words[3] ?? "?");
  });
});

describe("a backup", () => {
  async function withKey() {
    const folder = tempFolder();
    await createIdentity(folder, SEED, PASSPHRASE);
    return folder;
  }

  test("counts only once it was read back and gave the same key", async () => {
    const folder = await withKey();
    expect(await isBackupChecked(folder)).toBe(false);
    const wrong = { kind: "phrase", words: phraseOf(Buffer.alloc(32, 8)) } as const;
    expect(await checkBackup(folder, wrong)).toBe(false);
    expect(await isBackupChecked(folder)).toBe(false);
    expect(await checkBackup(folder, { kind: "phrase", words: phraseOf(SEED) })).toBe(true);
    expect(await isBackupChecked(folder)).toBe(true);
  });

  test("as a file opens with its own passphrase, holds no seed in the open, and gives the same key elsewhere", async () => {
    const folder = await withKey();
    const file = await exportKey(folder, PASSPHRASE, OTHER);
    expect(file).not.toContain(SEED.toString("hex"));
    await expect(
      checkBackup(folder, { kind: "file", text: file, passphrase: PASSPHRASE }),
    ).rejects.toMatchObject({
      code: "PASSPHRASE_WRONG",
    });
    const elsewhere = tempFolder();
    const restored = await restoreKey(elsewhere, { kind: "file", text: file, passphrase: OTHER }, PASSPHRASE);
    expect(restored).toEqual(await identityFacts(folder));
    expect(await isBackupChecked(elsewhere)).toBe(true);
    const opened = await openIdentity({ folder: elsewhere, mode: "live", passphrase: PASSPHRASE });
    expect(opened.providerId).toBe(restored.providerId);
  });

  test("is never restored over a key that is there", async () => {
    const folder = await withKey();
    const before = readFileSync(join(folder, IDENTITY_FILE), "utf8");
    const other = { kind: "phrase", words: phraseOf(Buffer.alloc(32, 9)) } as const;
    await expect(restoreKey(folder, other, PASSPHRASE)).rejects.toMatchObject({ code: "IDENTITY_EXISTS" });
    expect(readFileSync(join(folder, IDENTITY_FILE), "utf8")).toBe(before);
  });

  test("that is no backup is said to be none", async () => {
    const folder = await withKey();
    const junk = { kind: "file", text: '{"v":1}', passphrase: OTHER } as const;
    await expect(checkBackup(folder, junk)).rejects.toMatchObject({ code: "BACKUP_UNREADABLE" });
  });

  test("whose note was damaged has to be checked again", async () => {
    const damaged = tempFolder();
    await restoreKey(damaged, { kind: "phrase", words: phraseOf(SEED) }, PASSPHRASE);
    writeFileSync(join(damaged, "backup-checked.json"), "{");
    expect(await isBackupChecked(damaged)).toBe(false);
  });
});

test("while a key is replaced there is one at every moment", async () => {
  const folder = tempFolder();
  await restoreKey(folder, { kind: "phrase", words: phraseOf(SEED) }, null);
  const path = join(folder, IDENTITY_FILE);
  let looks = 0;
  let isOver = false;
  const watching = (async () => {
    for (; !isOver; looks++) {
      expect(KeyFileSchema.safeParse(JSON.parse(readFileSync(path, "utf8"))).success).toBe(true);
      await new Promise((resolve) => setImmediate(resolve));
    }
  })();
  for (let seed = 1; seed <= 20; seed++)
    await rotateKey(folder, Buffer.alloc(32, seed), null, new Date(seed));
  isOver = true;
  await watching;
  expect(looks).toBeGreaterThan(20);
  expect(readdirSync(folder).filter((name) => name.includes("retired"))).toHaveLength(20);
});

test("a replacement that fails leaves the key that was", async () => {
  const folder = tempFolder();
  await restoreKey(folder, { kind: "phrase", words: phraseOf(SEED) }, null);
  await rotateKey(folder, Buffer.alloc(32, 8), null, new Date(0));
  // The second would get the name that the first one's old key has.
  await expect(rotateKey(folder, Buffer.alloc(32, 9), null, new Date(0))).rejects.toMatchObject({
    code: "IDENTITY_EXISTS",
  });
  expect((await readIdentity(folder, null)).seed).toEqual(Buffer.alloc(32, 8));
  expect(readdirSync(folder).filter((name) => name.endsWith(".tmp"))).toEqual([]);
});

test("a rotation keeps the old key beside the new one, which needs a backup of its own", async () => {
  const folder = tempFolder();
  await restoreKey(folder, { kind: "phrase", words: phraseOf(SEED) }, PASSPHRASE);
  const { before, after, retiredFile } = await rotateKey(
    folder,
    Buffer.alloc(32, 8),
    PASSPHRASE,
    new Date(0),
  );
  expect(after.providerId).not.toBe(before.provider_id);
  expect((await identityFacts(folder))?.providerId).toBe(after.providerId);
  expect(await isBackupChecked(folder)).toBe(false);
  expect(JSON.parse(readFileSync(retiredFile, "utf8"))).toEqual(before);

  const failed = tempFolder();
  await restoreKey(failed, { kind: "phrase", words: phraseOf(SEED) }, PASSPHRASE);
  await expect(
    rotateKey(failed, Buffer.alloc(32, 8), "the wrong passphrase", new Date(0)),
  ).rejects.toMatchObject({
    code: "PASSPHRASE_WRONG",
  });
  expect(readdirSync(failed).sort()).toEqual(["backup-checked.json", IDENTITY_FILE]);
  expect((await readIdentity(failed, PASSPHRASE)).seed).toEqual(SEED);
});
