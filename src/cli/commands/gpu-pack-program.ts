/** The names, options and help of `bellows gpu-pack …`. */
import { type Command, Option } from "commander";
import type { CliContext } from "../context.ts";
import { gpuPackStatus, installGpuPack, removeGpuPack, verifyGpuPack } from "./gpu-pack.ts";

type Options = Readonly<Record<string, unknown>>;

/** `onNo` is called when a check found something wrong. */
export function addGpuPack(
  program: Command,
  context: CliContext,
  dataFolder: () => string | undefined,
  onNo: () => void,
): void {
  const json = () => new Option("--json", "Print one line of JSON");
  const asked = (command: Command) => ({
    data: dataFolder(),
    json: command.optsWithGlobals().json === true,
  });
  const status = (_options: Options, command: Command) => gpuPackStatus(context, asked(command));

  const pack = program
    .command("gpu-pack")
    .description("What CUDA needs and the app does not bring: is it here?")
    .addOption(json())
    .action(status);
  pack.command("status").description("The same").addOption(json()).action(status);
  pack
    .command("install")
    .description("Fetch it, or go on with it; ends when every file is checked and in place")
    .option("--from <file-or-url>", "Take the archive from here; it must be the pinned one")
    .addOption(json())
    .action(({ from }: Options, command: Command) =>
      installGpuPack(context, { ...asked(command), from: typeof from === "string" ? from : undefined }),
    );
  pack
    .command("verify")
    .description("Read every file again; exit code 4 when one is wrong or missing")
    .addOption(json())
    .action(async (_options: Options, command: Command) => {
      if (!(await verifyGpuPack(context, asked(command)))) onNo();
    });
  pack
    .command("remove")
    .description("Remove it from the disk")
    .addOption(json())
    .action((_options: Options, command: Command) => removeGpuPack(context, asked(command)));
}
