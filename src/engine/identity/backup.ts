/**
 * Copies of the provider key, outside the data folder: an encrypted file and 24 printable words. A backup counts only
 * once it was read back and gave the same key; until then nothing is staked with real money (users.md rule 20).
 */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { AppError } from "../../shared/errors.ts";
import { writePrivateFile } from "../config/data-folder.ts";
import {
  createIdentity,
  factsOf,
  IDENTITY_FILE,
  type IdentityFacts,
  type KeyLock,
  keyFileOf,
  readIdentity,
  seedInFile,
} from "./identity.ts";
import { type KeyFile, KeyFileSchema, readKeyFile, replaceKeyFile } from "./key-file.ts";
import { retiredName } from "./lost-key.ts";
import { keyPairFromSeed } from "./ml-dsa.ts";
import { seedOfPhrase } from "./phrase.ts";

const CHECK_FILE = "backup-checked.json";

const CheckSchema = z.object({
  public_key: z.string(),
  checked_at: z.string(),
  by: z.enum(["phrase", "words", "file", "restore"]),
});
export type BackupCheck = { readonly at: number; readonly by: z.infer<typeof CheckSchema>["by"] };

/** A backup as the person hands it over. */
export type Backup =
  | { readonly kind: "phrase"; readonly words: string }
  | { readonly kind: "file"; readonly text: string; readonly passphrase: string };

/** The key's file under a passphrase of its own: what `restore` reads anywhere. */
export async function exportKey(folder: string, lock: KeyLock, backupPassphrase: string): Promise<string> {
  const { seed } = await readIdentity(folder, lock);
  return `${JSON.stringify(await keyFileOf(seed, backupPassphrase), null, 2)}\n`;
}

/** Does this backup give the key that is in use? True is written down: from then on staking may begin. */
export async function checkBackup(folder: string, backup: Backup): Promise<boolean> {
  const file = await readKeyFile(join(folder, IDENTITY_FILE));
  if (file === null) throw noKey(folder);
  const { publicKey } = keyPairFromSeed(await seedIn(backup));
  const same = Buffer.from(publicKey).toString("hex") === file.public_key;
  if (same) await noteChecked(folder, file.public_key, backup.kind);
  return same;
}

/** Make the identity folder's key from a backup. Never over another key: IDENTITY_EXISTS. */
export async function restoreKey(folder: string, backup: Backup, lock: KeyLock): Promise<IdentityFacts> {
  const facts = await createIdentity(folder, await seedIn(backup), lock);
  await noteChecked(folder, facts.publicKeyHex, "restore");
  return facts;
}

/** A backup's key in the place of the one in use, whose file is kept beside it. */
export async function restoreOver(
  folder: string,
  backup: Backup,
  lock: KeyLock,
  now: Date,
): Promise<IdentityFacts> {
  const seed = await seedIn(backup);
  const { after } = await replaceKey(folder, seed, lock, now);
  await noteChecked(folder, after.publicKeyHex, "restore");
  return after;
}

/** Was a backup of this very key read back? */
export async function isBackupChecked(folder: string): Promise<boolean> {
  return (await backupCheck(folder)) !== null;
}

/** When and how a backup of this very key was read back; null: never. */
export async function backupCheck(folder: string): Promise<BackupCheck | null> {
  const file = await readKeyFile(join(folder, IDENTITY_FILE));
  const text = await readFile(join(folder, CHECK_FILE), "utf8").catch(() => null);
  if (file === null || text === null) return null;
  try {
    const { public_key, checked_at, by } = CheckSchema.parse(JSON.parse(text));
    return public_key === file.public_key ? { at: Date.parse(checked_at), by } : null;
  } catch {
    return null; // A damaged note proves nothing: check again.
  }
}

/** Some words of the phrase were asked for, and were right. */
export async function noteWordsChecked(folder: string): Promise<void> {
  const file = await readKeyFile(join(folder, IDENTITY_FILE));
  if (file === null) throw noKey(folder);
  await noteChecked(folder, file.public_key, "words");
}

/**
 * A new key in the old one's place; the old file stays beside it under a name of its own, because its stake and its
 * earnings are still reached only with it. The market sees a new provider: upstream knows no change of keys.
 */
export async function rotateKey(
  folder: string,
  seed: Uint8Array,
  lock: KeyLock,
  now: Date,
): Promise<Replaced> {
  // Proves that the old key can still be opened, before anything is moved.
  await readIdentity(folder, lock);
  return replaceKey(folder, seed, lock, now);
}

interface Replaced {
  readonly before: KeyFile;
  readonly retiredFile: string;
  readonly after: IdentityFacts;
}

async function replaceKey(folder: string, seed: Uint8Array, lock: KeyLock, now: Date): Promise<Replaced> {
  const path = join(folder, IDENTITY_FILE);
  const before = await readKeyFile(path);
  if (before === null) throw noKey(folder);
  const retiredFile = join(folder, retiredName(now));
  const after = await keyFileOf(seed, lock);
  await replaceKeyFile(path, after, retiredFile);
  return { before, retiredFile, after: factsOf(after) };
}

async function seedIn(backup: Backup): Promise<Uint8Array> {
  if (backup.kind === "phrase") return seedOfPhrase(backup.words);
  let file: KeyFile;
  try {
    file = KeyFileSchema.parse(JSON.parse(backup.text));
  } catch (cause) {
    throw new AppError({
      code: "BACKUP_UNREADABLE",
      message: "This is not a backup file of a provider key",
      actor: "user",
      help: "Name the file that `bellows identity export -o` wrote.",
      cause,
    });
  }
  const seed = await seedInFile(file, backup.passphrase);
  if (seed !== null) return seed;
  throw new AppError({
    code: "PASSPHRASE_WRONG",
    message: "The passphrase does not open this backup, or the file was damaged",
    actor: "user",
    help: "Set BELLOWS_BACKUP_PASSPHRASE to the one the backup was made with.",
  });
}

async function noteChecked(
  folder: string,
  publicKey: string,
  by: z.infer<typeof CheckSchema>["by"],
): Promise<void> {
  const note = { public_key: publicKey, checked_at: new Date().toISOString(), by };
  const path = join(folder, CHECK_FILE);
  writePrivateFile(path, `${JSON.stringify(note, null, 2)}\n`);
}

function noKey(folder: string): AppError {
  return new AppError({
    code: "NO_IDENTITY",
    message: `There is no provider key in ${folder} yet`,
    actor: "user",
    help: "Make one with `bellows identity new`, or bring one back with `bellows identity restore`.",
  });
}
