/** `bellows gpu-pack …` and `bellows llama …`: what the app does not bring is installed, verified and removed alike. */
import { type Command, Option } from "commander";
import type { CliContext } from "../context.ts";

export type Options = Readonly<Record<string, unknown>>;

export interface Asked {
  /** --data */
  readonly data: string | undefined;
  readonly json: boolean;
}

export interface KeptFolderCommands {
  readonly name: string;
  readonly description: string;
  readonly verifyDescription: string;
  status(context: CliContext, asked: Asked): Promise<void>;
  /** Adds the options that are its own. */
  withInstallOptions(install: Command): Command;
  install(context: CliContext, asked: Asked, options: Options): Promise<void>;
  /** False: something is wrong. */
  verify(context: CliContext, asked: Asked): Promise<boolean>;
  remove(context: CliContext, asked: Asked): Promise<void>;
}

/** `onNo` is called when a check found something wrong. */
export function addKeptFolder(
  commands: KeptFolderCommands,
  program: Command,
  context: CliContext,
  dataFolder: () => string | undefined,
  onNo: () => void,
): void {
  const json = () => new Option("--json", "Print one line of JSON");
  const asked = (command: Command): Asked => ({
    data: dataFolder(),
    json: command.optsWithGlobals().json === true,
  });
  const status = (_options: Options, command: Command) => commands.status(context, asked(command));

  const parent = program
    .command(commands.name)
    .description(commands.description)
    .addOption(json())
    .action(status);
  parent.command("status").description("The same").addOption(json()).action(status);
  commands
    .withInstallOptions(
      parent
        .command("install")
        .description("Fetch it, or go on with it; ends when every file is checked and in place"),
    )
    .addOption(json())
    .action((options: Options, command: Command) => commands.install(context, asked(command), options));
  parent
    .command("verify")
    .description(commands.verifyDescription)
    .addOption(json())
    .action(async (_options: Options, command: Command) => {
      if (!(await commands.verify(context, asked(command)))) onNo();
    });
  parent
    .command("remove")
    .description("Remove it from the disk")
    .addOption(json())
    .action((_options: Options, command: Command) => commands.remove(context, asked(command)));
}
