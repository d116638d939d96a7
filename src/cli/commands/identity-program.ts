/** The names and flags of `bellows identity`. */
import { Command, Option } from "commander";
import type { CliContext } from "../context.ts";
import { lazy } from "../lazy.ts";

const { identityCheck, identityExport, identityNew, identityRestore, identityRotate, identityShow } = lazy(
  () => import("./identity.ts"),
);
const { identityPassphrase } = lazy(() => import("./identity-passphrase.ts"));

/** Opens and seals backup files; absent: the key's own. */
export const BACKUP_PASSPHRASE_VARIABLE = "BELLOWS_BACKUP_PASSPHRASE";
/** What `bellows identity passphrase` puts the key under; absent: it asks. */
export const NEW_PASSPHRASE_VARIABLE = "BELLOWS_NEW_KEY_PASSPHRASE";

type Options = Readonly<Record<string, unknown>>;

export function identityProgram(
  context: CliContext,
  dataFolder: () => string | undefined,
  onWrong: () => void,
): Command {
  const identity = new Command("identity")
    .description(
      "The provider key of the live markets: make, show, back up, check, restore, replace, lock anew",
    )
    .helpOption("-h, --help", "Print help")
    .helpCommand(false)
    .addHelpText(
      "after",
      `\nThe key opens with BELLOWS_KEY_PASSPHRASE; backup files with ${BACKUP_PASSPHRASE_VARIABLE}, or the same.`,
    );
  const add = (name: string, means: string) =>
    identity.command(name).description(means).addOption(new Option("--json", "Print one line of JSON"));
  const common = (options: Options) => ({ data: dataFolder(), json: options.json === true });
  const backup = (options: Options) => ({ file: text(options.file), phrase: text(options.phrase) });

  add("new", "Make a key").action((options: Options) => identityNew(context, common(options)));
  add("show", "Id, address, and whether a backup was checked").action((options: Options) =>
    identityShow(context, common(options)),
  );
  add("export", "A copy: 24 words to print, or an encrypted file")
    .option("--phrase", "Print the 24 words")
    .option("-o, --output <file>", "Write the encrypted file")
    .action((options: Options) =>
      identityExport(context, {
        ...common(options),
        phrase: options.phrase === true,
        output: text(options.output),
      }),
    );
  add("check", "Prove that a backup gives the key in use")
    .option("--file <file>", "The encrypted file")
    .option("--phrase <file>", "A file of the words; - for stdin")
    .action(async (options: Options) => {
      if (!(await identityCheck(context, { ...common(options), ...backup(options) }))) onWrong();
    });
  add("restore", "Bring the key back from a backup")
    .option("--file <file>", "The encrypted file")
    .option("--phrase <file>", "A file of the words; - for stdin")
    .action((options: Options) => identityRestore(context, { ...common(options), ...backup(options) }));
  add("rotate", "Replace the key by a new one; the old one is kept beside it")
    .option("--yes", "Although the new key is a new provider")
    .action((options: Options) => identityRotate(context, { ...common(options), yes: options.yes === true }));
  add(
    "passphrase",
    `Another passphrase for the key: asks for both, or takes ${NEW_PASSPHRASE_VARIABLE}`,
  ).action((options: Options) => identityPassphrase(context, common(options)));
  return identity;
}

const text = (value: unknown): string | undefined => (typeof value === "string" ? value : undefined);
