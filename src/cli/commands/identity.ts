/** `bellows identity …`: the provider key, and copies of it that can be trusted. */
import { randomBytes } from "node:crypto";
import fs from "node:fs";
import path from "node:path";
import { secretIn } from "../../engine/config/secret-files.ts";
import {
  type Backup,
  checkBackup,
  exportKey,
  isBackupChecked,
  restoreKey,
  rotateKey,
} from "../../engine/identity/backup.ts";
import {
  createIdentity,
  type IdentityFacts,
  identityFacts,
  PASSPHRASE_VARIABLE,
  readIdentity,
} from "../../engine/identity/identity.ts";
import { SEED_BYTES } from "../../engine/identity/ml-dsa.ts";
import { phraseOf } from "../../engine/identity/phrase.ts";
import { AppError } from "../../shared/errors.ts";
import type { CliContext } from "../context.ts";
import { fields } from "../format.ts";
import { usageError } from "../usage.ts";
import { liveIdentityFolder, passphraseIn } from "./aicf-counter.ts";
import { BACKUP_PASSPHRASE_VARIABLE } from "./identity-program.ts";

const STDIN_FD = 0;
const WORDS_PER_LINE = 6;
const OWNER_ONLY = 0o600;

const PROTECTION = {
  "none-demo": "none (demo)",
  passphrase: "passphrase",
  "os-store": "this user's key store (desktop app)",
} as const satisfies Record<IdentityFacts["protection"], string>;

interface Options {
  readonly data: string | undefined;
  readonly json: boolean;
}
/** Which copy to read: a file written by `export -o`, or the words (a file of them, or `-` for stdin). */
interface BackupOptions {
  readonly file: string | undefined;
  readonly phrase: string | undefined;
}

export async function identityNew(context: CliContext, options: Options): Promise<void> {
  const folder = liveIdentityFolder(context, options);
  const facts = await createIdentity(folder, randomBytes(SEED_BYTES), ownPassphrase(context));
  show(context, facts, false, options, "A new provider key was made.");
  context.terminal.note(
    "Next: write its phrase down with `bellows identity export --phrase`, then `bellows identity check`.",
  );
}

export async function identityShow(context: CliContext, options: Options): Promise<void> {
  const folder = liveIdentityFolder(context, options);
  const facts = await identityFacts(folder);
  if (facts === null) {
    throw new AppError({
      code: "NO_IDENTITY",
      message: `There is no provider key in ${folder} yet`,
      actor: "user",
      help: "Make one with `bellows identity new`.",
    });
  }
  show(context, facts, await isBackupChecked(folder), options);
}

/** The words on stdout, or the encrypted file. */
export async function identityExport(
  context: CliContext,
  options: Options & { phrase: boolean; output: string | undefined },
): Promise<void> {
  if (options.phrase === (options.output !== undefined)) {
    throw usageError("Name one kind of backup", "Write --phrase, or -o and a file");
  }
  const folder = liveIdentityFolder(context, options);
  if (options.output !== undefined) {
    const backupPassphrase = secretIn(context.env, BACKUP_PASSPHRASE_VARIABLE) ?? ownPassphrase(context);
    writeOnce(
      path.resolve(options.output),
      await exportKey(folder, passphraseIn(context.env), backupPassphrase),
    );
    context.terminal.note(
      `Written to ${path.resolve(options.output)}. Prove it with: bellows identity check --file ${options.output}`,
    );
    return;
  }
  const { seed } = await readIdentity(folder, passphraseIn(context.env));
  const words = phraseOf(seed).split(" ");
  if (options.json) return context.terminal.json({ words });
  for (let at = 0; at < words.length; at += WORDS_PER_LINE) {
    const line = words
      .slice(at, at + WORDS_PER_LINE)
      .map((word, i) => `${String(at + i + 1).padStart(2)}. ${word.padEnd(9)}`);
    context.terminal.print(line.join(" ").trimEnd());
  }
  context.terminal.note(
    "Whoever has these words has the provider: write them on paper, keep them apart from this machine.",
  );
}

export async function identityCheck(context: CliContext, options: Options & BackupOptions): Promise<boolean> {
  const folder = liveIdentityFolder(context, options);
  const same = await checkBackup(folder, backupOf(context, options));
  if (options.json) context.terminal.json({ same });
  else context.terminal.print(same ? "This backup gives the key in use." : "This backup gives another key.");
  return same;
}

export async function identityRestore(context: CliContext, options: Options & BackupOptions): Promise<void> {
  const folder = liveIdentityFolder(context, options);
  const facts = await restoreKey(folder, backupOf(context, options), ownPassphrase(context));
  show(context, facts, true, options, "The provider key was restored.");
}

export async function identityRotate(
  context: CliContext,
  options: Options & { yes: boolean },
): Promise<void> {
  if (!options.yes) {
    throw usageError(
      "A new key is a new provider: the old one's stake stays with the old key",
      "Unstake and claim first, then repeat with --yes",
    );
  }
  const folder = liveIdentityFolder(context, options);
  const seed = randomBytes(SEED_BYTES);
  const { before, retiredFile, after } = await rotateKey(
    folder,
    seed,
    ownPassphrase(context),
    new Date(context.now()),
  );
  if (options.json) {
    return context.terminal.json({
      before: before.provider_id,
      after: after.providerId,
      retired: retiredFile,
    });
  }
  show(
    context,
    after,
    false,
    options,
    `${before.provider_id} is replaced; its key is kept in ${retiredFile}.`,
  );
}

function show(
  { terminal }: CliContext,
  facts: IdentityFacts,
  backupChecked: boolean,
  { json }: Options,
  done?: string,
): void {
  if (json) {
    terminal.json({
      provider_id: facts.providerId,
      address: facts.address,
      protection: facts.protection,
      backup_checked: backupChecked,
    });
    return;
  }
  if (done !== undefined) terminal.print(done);
  for (const line of fields([
    ["Provider", facts.providerId],
    ["Address", facts.address],
    ["Protection", PROTECTION[facts.protection]],
    ["Backup", backupChecked ? "checked" : "not checked yet: nothing is staked before it is"],
  ])) {
    terminal.print(line);
  }
}

function backupOf(context: CliContext, { file, phrase }: BackupOptions): Backup {
  if ((file === undefined) === (phrase === undefined)) {
    throw usageError(
      "Name one backup",
      "Write --file and the backup file, or --phrase and a file of the words (- for stdin)",
    );
  }
  if (phrase !== undefined) return { kind: "phrase", words: readText(phrase) };
  const passphrase = secretIn(context.env, BACKUP_PASSPHRASE_VARIABLE) ?? ownPassphrase(context);
  return { kind: "file", text: readText(file ?? ""), passphrase };
}

function ownPassphrase({ env }: CliContext): string {
  const passphrase = passphraseIn(env);
  if (passphrase !== null) return passphrase;
  throw new AppError({
    code: "PASSPHRASE_NEEDED",
    message: "A provider key is stored only under a passphrase, and none was given",
    actor: "user",
    help: `Set ${PASSPHRASE_VARIABLE}, 12 characters or more.`,
  });
}

function readText(file: string): string {
  try {
    return fs.readFileSync(file === "-" ? STDIN_FD : file, "utf8");
  } catch (cause) {
    const why = cause instanceof Error && "code" in cause ? String(cause.code) : String(cause);
    throw new AppError({
      code: "FILE_NOT_READ",
      message: `${file} can't be read (${why})`,
      actor: "user",
      cause,
    });
  }
}

/** A backup is never written over another one. */
function writeOnce(file: string, text: string): void {
  try {
    fs.writeFileSync(file, text, { mode: OWNER_ONLY, flag: "wx", flush: true });
  } catch (cause) {
    const why = cause instanceof Error && "code" in cause ? String(cause.code) : String(cause);
    throw new AppError({
      code: "FILE_NOT_WRITTEN",
      message: `${file} can't be written (${why})`,
      actor: "user",
      help: "Name a file that does not exist yet.",
      cause,
    });
  }
}
