/** `bellows identity passphrase`: the key under another passphrase, from the environment or as typed. */
import { secretIn } from "../../engine/config/secret-files.ts";
import { MIN_PASSPHRASE_LENGTH, PASSPHRASE_VARIABLE } from "../../engine/identity/identity.ts";
import { retiredKeys } from "../../engine/identity/lost-key.ts";
import { changePassphrase } from "../../engine/identity/passphrase.ts";
import { AppError } from "../../shared/errors.ts";
import { askSecret } from "../ask-secret.ts";
import type { CliContext } from "../context.ts";
import { usageError } from "../usage.ts";
import { liveIdentityFolder, passphraseIn } from "./aicf-counter.ts";
import { NEW_PASSPHRASE_VARIABLE } from "./identity-program.ts";

interface Options {
  readonly data: string | undefined;
  readonly json: boolean;
}

/** Throws PASSPHRASE_NEEDED where nobody can be asked, USAGE, and as changePassphrase. */
export async function identityPassphrase(context: CliContext, options: Options): Promise<void> {
  const { env, terminal } = context;
  const folder = liveIdentityFolder(context, options);
  const before = passphraseIn(env) ?? (await typed("Passphrase of the key: ", PASSPHRASE_VARIABLE));
  const after = secretIn(env, NEW_PASSPHRASE_VARIABLE) ?? (await typedTwice());
  if (after === before) throw usageError("The new passphrase is the old one", "Choose another");
  const { providerId } = await changePassphrase(folder, before, after);
  const retired = await retiredKeys(folder);
  if (options.json) return terminal.json({ provider_id: providerId, retired: retired.length });
  terminal.print(`The key of ${providerId} is under the new passphrase.`);
  terminal.note(`The next start needs it as ${PASSPHRASE_VARIABLE}; an engine that runs goes on.`);
  terminal.note("Backup files keep the passphrase they were made with, and the 24 words need none.");
  if (retired.length > 0) terminal.note(`Keys that were replaced keep theirs too: ${retired.join(", ")}.`);
}

async function typedTwice(): Promise<string> {
  const first = await typed(
    `New passphrase, ${MIN_PASSPHRASE_LENGTH} characters or more: `,
    NEW_PASSPHRASE_VARIABLE,
  );
  if ((await askSecret("The new one again: ")) === first) return first;
  throw usageError("The two are not the same", "Nothing was changed; try again");
}

async function typed(question: string, variable: string): Promise<string> {
  const answer = await askSecret(question);
  if (answer !== null) return answer;
  throw new AppError({
    code: "PASSPHRASE_NEEDED",
    message: "A passphrase is needed, and there is no terminal to ask at",
    actor: "user",
    help: `Set ${variable}, or ${variable}_FILE to a file that holds it.`,
  });
}
