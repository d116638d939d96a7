/** The names, options and help of `bellows gpu-pack …`. */
import { type Command, Option } from "commander";
import type { CliContext } from "../context.ts";
import { lazy } from "../lazy.ts";

const { gpuPackStatus, installGpuPack, removeGpuPack, verifyGpuPack } = lazy(() => import("./gpu-pack.ts"));

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
    .option("--from <file-folder-or-url>", "Take the archives from here; they must be the pinned ones")
    .option("--parts <ids>", "Only these, divided by commas (default: what is missing)")
    .addOption(json())
    .action(({ from, parts }: Options, command: Command) =>
      installGpuPack(context, {
        ...asked(command),
        from: typeof from === "string" ? from : undefined,
        parts: typeof parts === "string" ? parts.split(",").map((id) => id.trim()) : undefined,
      }),
    );
  pack
    .command("verify")
    .description(
      "Read every file again and look for CUDA; exit code 4 when a file is wrong or a part missing",
    )
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
