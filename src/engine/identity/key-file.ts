/**
 * The file that holds the provider key. It is written whole or not at all, readable by its owner only, and no key is
 * ever lost to another: losing it means losing stake and earnings (docs: users.md rule 20).
 */

import { randomBytes } from "node:crypto";
import { constants } from "node:fs";
import { chmod, copyFile, link, open, rename, stat, unlink } from "node:fs/promises";
import { dirname, join } from "node:path";
import { z } from "zod";
import { syncFile, syncFolder } from "../../shared/durable.ts";
import { AppError } from "../../shared/errors.ts";
import { leaveToOwner, makeFolder } from "../config/data-folder.ts";
import { ML_DSA_65, PUBLIC_KEY_BYTES, SEED_BYTES } from "./ml-dsa.ts";
import { SealedSeedSchema, StoreSealedSeedSchema } from "./sealed-seed.ts";

const OWNER_ONLY_FILE = 0o600;
const OTHERS = 0o077;
const MAX_FILE_BYTES = 64 * 1024;

const hexOf = (bytes: number) => z.string().regex(new RegExp(`^[0-9a-f]{${bytes * 2}}$`));

const Common = {
  v: z.literal(1),
  algorithm: z.literal(ML_DSA_65),
  created_at: z.string(),
  provider_id: z.string(),
  address: z.string(),
  public_key: hexOf(PUBLIC_KEY_BYTES),
};

export const KeyFileSchema = z.discriminatedUnion("protection", [
  /** Play money only: the seed stands there for everyone who can read the file. */
  z.strictObject({ ...Common, protection: z.literal("none-demo"), seed: hexOf(SEED_BYTES) }),
  z.strictObject({ ...Common, protection: z.literal("passphrase"), sealed: SealedSeedSchema }),
  /** Under a secret that the system's key store keeps for the app; `store` names the store. */
  z.strictObject({
    ...Common,
    protection: z.literal("os-store"),
    store: z.string().max(100),
    sealed: StoreSealedSeedSchema,
  }),
]);
export type KeyFile = z.infer<typeof KeyFileSchema>;

/** The file's content, or null when there is none. Throws IDENTITY_UNREADABLE or IDENTITY_EXPOSED, and changes nothing. */
export async function readKeyFile(path: string): Promise<KeyFile | null> {
  const text = await readText(path);
  if (text === null) return null;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw unreadable(path, "it is not JSON", cause);
  }
  const parsed = KeyFileSchema.safeParse(value);
  if (!parsed.success)
    throw unreadable(
      path,
      `${parsed.error.issues[0]?.path.join(".") || "its content"} is not as it should be`,
    );
  return parsed.data;
}

/** Create the file. Throws IDENTITY_EXISTS when there is one already, whatever it holds. */
export async function createKeyFile(path: string, content: KeyFile): Promise<void> {
  await writeKeyFile(path, content, (written) => putInPlace(written, path));
}

/**
 * Another key in this one's place, which is kept as `retired`. There is a key at every moment, whenever the power goes: the
 * new one is on the disk before the old one has its second name, and takes the first in one step.
 */
export async function replaceKeyFile(path: string, content: KeyFile, retired: string): Promise<void> {
  await writeKeyFile(path, content, async (written) => {
    await keepAs(path, retired);
    try {
      await rename(written, path);
    } catch (thrown) {
      await unlink(retired);
      throw thrown;
    }
  });
}

/** The same key in another file: `prove` throws where what was written is not what it should be, and the old one stays. */
export async function rewriteKeyFile(
  path: string,
  content: KeyFile,
  prove: (written: KeyFile) => Promise<void>,
): Promise<void> {
  await writeKeyFile(path, content, async (written) => {
    const read = await readKeyFile(written);
    if (read === null) throw unreadable(written, "it is gone");
    await prove(read);
    await rename(written, path);
  });
}

/** `put` gives the file, which is on the disk, its name. */
async function writeKeyFile(
  path: string,
  content: KeyFile,
  put: (written: string) => Promise<void>,
): Promise<void> {
  makeFolder(dirname(path));
  const temporary = join(dirname(path), `.provider-key.${randomBytes(6).toString("hex")}.tmp`);
  const file = await open(temporary, "wx", OWNER_ONLY_FILE);
  try {
    try {
      leaveToOwner(dirname(path), file.fd);
      await file.writeFile(`${JSON.stringify(content, null, 2)}\n`, "utf8");
      await file.sync();
    } finally {
      await file.close();
    }
    await put(temporary);
    await syncFolder(dirname(path));
  } finally {
    await unlink(temporary).catch(ignoreMissing);
  }
}

async function readText(path: string): Promise<string | null> {
  // Not blocking, so that a pipe in the file's place can't hang the start.
  const file = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0)).catch((thrown: unknown) => {
    if (codeOf(thrown) === "ENOENT") return null;
    throw unreadable(path, wordsOf(thrown), thrown);
  });
  if (file === null) return null;
  try {
    const { mode, size } = await file.stat();
    if (process.platform !== "win32" && (mode & OTHERS) !== 0) throw exposed(path, mode);
    if (size > MAX_FILE_BYTES) throw unreadable(path, "it is far too big");
    return await file.readFile("utf8");
  } catch (thrown) {
    if (thrown instanceof AppError) throw thrown;
    throw unreadable(path, wordsOf(thrown), thrown);
  } finally {
    await file.close();
  }
}

/** A hard link fails when the name is taken, a rename does not; only where there are no links is the name looked at first. */
async function putInPlace(temporary: string, path: string): Promise<void> {
  try {
    await link(temporary, path);
  } catch (thrown) {
    if (codeOf(thrown) === "EEXIST") throw exists(path);
    if (await stat(path).catch(ignoreMissing)) throw exists(path);
    await rename(temporary, path);
  }
}

/** A second name for the file; where there are no links, a copy. */
async function keepAs(path: string, name: string): Promise<void> {
  try {
    await link(path, name);
  } catch (thrown) {
    if (codeOf(thrown) === "EEXIST") throw exists(name);
    await copyFile(path, name, constants.COPYFILE_EXCL);
    await chmod(name, OWNER_ONLY_FILE);
    await syncFile(name);
  }
  await syncFolder(dirname(name));
}

function ignoreMissing(thrown: unknown): undefined {
  if (codeOf(thrown) !== "ENOENT") throw thrown;
  return undefined;
}

function codeOf(thrown: unknown): string | null {
  return thrown instanceof Error && "code" in thrown && typeof thrown.code === "string" ? thrown.code : null;
}

function wordsOf(thrown: unknown): string {
  return codeOf(thrown) ?? "it could not be read";
}

export function unreadable(path: string, why: string, cause?: unknown): AppError {
  return new AppError({
    code: "IDENTITY_UNREADABLE",
    message: `The provider key in ${path} can't be used: ${why}`,
    actor: "user",
    help: "Nothing was changed. Restore the file from a backup; delete it only if you accept losing this provider's stake and earnings.",
    ...(cause === undefined ? {} : { cause }),
  });
}

function exposed(path: string, mode: number): AppError {
  return new AppError({
    code: "IDENTITY_EXPOSED",
    message: `Other users of this machine can open the provider key in ${path} (mode ${(mode & 0o777).toString(8)})`,
    actor: "user",
    help: `Run: chmod 600 "${path}"`,
  });
}

function exists(path: string): AppError {
  return new AppError({
    code: "IDENTITY_EXISTS",
    message: `There is a provider key in ${path} already`,
    actor: "user",
  });
}
