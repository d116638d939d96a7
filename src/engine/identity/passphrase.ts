/** Another passphrase for the same key: the provider, its stake and its backups stay what they are. */
import { join } from "node:path";
import { AppError } from "../../shared/errors.ts";
import {
  factsOf,
  IDENTITY_FILE,
  type IdentityFacts,
  keyFileOf,
  readIdentity,
  seedInFile,
} from "./identity.ts";
import { readKeyFile, rewriteKeyFile, unreadable } from "./key-file.ts";

/**
 * The new file is on the disk and was opened with the new passphrase before it takes the old one's place. Throws
 * NO_IDENTITY, PASSPHRASE_WRONG, PASSPHRASE_WEAK, NO_PASSPHRASE for a key that no passphrase opens.
 */
export async function changePassphrase(
  folder: string,
  before: string,
  after: string,
): Promise<IdentityFacts> {
  const path = join(folder, IDENTITY_FILE);
  const old = await readKeyFile(path);
  if (old !== null && old.protection !== "passphrase") throw noPassphrase(path);
  const { seed } = await readIdentity(folder, before);
  const made = await keyFileOf(seed, after);
  const file = { ...made, created_at: old?.created_at ?? made.created_at };
  await rewriteKeyFile(path, file, async (written) => {
    const read = await seedInFile(written, after);
    if (read === null || !Buffer.from(read).equals(seed)) throw unreadable(path, "its copy does not open");
  });
  return factsOf(file);
}

function noPassphrase(path: string): AppError {
  return new AppError({
    code: "NO_PASSPHRASE",
    message: `The provider key in ${path} is under no passphrase`,
    actor: "user",
    help: "A key of the desktop app is under its user's key store; `bellows identity export -o` gives a copy under a passphrase.",
  });
}
