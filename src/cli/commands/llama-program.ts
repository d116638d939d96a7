/** The names, options and help of `bellows llama …`. */
import { type Command, Option } from "commander";
import type { CliContext } from "../context.ts";
import { lazy } from "../lazy.ts";

const { installOfLlama, llamaStatus, removeOfLlama, verifyOfLlama } = lazy(() => import("./llama.ts"));

type Options = Readonly<Record<string, unknown>>;

/** `onNo` is called when a check found something wrong. */
export function addLlama(
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
  const status = (_options: Options, command: Command) => llamaStatus(context, asked(command));

  const llama = program
    .command("llama")
    .description("llama.cpp, which text generation needs and the app does not bring: is it here?")
    .addOption(json())
    .action(status);
  llama.command("status").description("The same").addOption(json()).action(status);
  llama
    .command("install")
    .description("Fetch it, or go on with it; ends when every file is checked and in place")
    .option("--cuda", "Its CUDA build too: faster on NVIDIA GPUs, needs CUDA 13's libraries")
    .option(
      "--vulkan",
      "Its Vulkan build, which needs the GPU's driver only (the default where there is one)",
    )
    .option("--no-vulkan", "Without it")
    .option("--registry <url>", "An npm registry that has the packages (default: the one that npm here uses)")
    .addOption(json())
    .action(({ cuda, vulkan, registry }: Options, command: Command) =>
      installOfLlama(context, {
        ...asked(command),
        cuda: cuda === true,
        vulkan: typeof vulkan === "boolean" ? vulkan : undefined,
        registry: typeof registry === "string" ? registry : undefined,
      }),
    );
  llama
    .command("verify")
    .description("Read every file again; exit code 4 when one is wrong or nothing is installed")
    .addOption(json())
    .action(async (_options: Options, command: Command) => {
      if (!(await verifyOfLlama(context, asked(command)))) onNo();
    });
  llama
    .command("remove")
    .description("Remove it from the disk")
    .addOption(json())
    .action((_options: Options, command: Command) => removeOfLlama(context, asked(command)));
}
