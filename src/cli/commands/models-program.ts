/** The names, options and help of `bellows models …`. */
import { type Command, Option } from "commander";
import { byteSize, positiveByteSize } from "../../engine/config/parsers.ts";
import type { CliContext } from "../context.ts";
import { lazy } from "../lazy.ts";
import type { ModelsDesk } from "../models-desk.ts";
import { readFlag } from "../usage.ts";

const { openModelsDesk } = lazy(() => import("../models-desk.ts"));
const { allowModel, downloadModel, listModels, pinModel, pruneModels, removeModel, verifyModel } = lazy(
  () => import("./models.ts"),
);

type Options = Readonly<Record<string, unknown>>;

/** Made by the program's own `command`, so that it inherits how the program ends and what it prints. */
export function addModels(program: Command, context: CliContext, dataFolder: () => string | undefined): void {
  const withDesk = async (act: (desk: ModelsDesk) => Promise<void>) => {
    const { env, paths } = context;
    const desk = await openModelsDesk({ env, paths, flags: { dataFolder: dataFolder() } });
    try {
      await act(desk);
    } finally {
      await desk.close();
    }
  };
  const json = () => new Option("--json", "Print one line of JSON");
  const asksJson = (command: Command) => command.optsWithGlobals().json === true;
  const list = (_options: Options, command: Command) =>
    withDesk((desk) => listModels(context, desk, { json: asksJson(command) }));

  const models = program
    .command("models")
    .description("The models there are, what is here of them, and whether they may run")
    .addOption(json())
    .action(list);
  models.command("list").description("The same").addOption(json()).action(list);
  models
    .command("download <id>")
    .description("Fetch a model, or go on with it; ends when every file is checked and in place")
    .option("--limit-rate <size>", "At most this many bytes per second, such as 5M")
    .addOption(json())
    .action((id: string, { limitRate }: Options, command: Command) => {
      const bytesPerSecond =
        typeof limitRate === "string" ? readFlag("--limit-rate", limitRate, positiveByteSize) : undefined;
      return withDesk((desk) =>
        downloadModel(context, desk, id, { bytesPerSecond, json: asksJson(command) }),
      );
    });
  models
    .command("verify <id>")
    .description("Read every file of a model again")
    .addOption(json())
    .action((id: string, _options: Options, command: Command) =>
      withDesk((desk) => verifyModel(context, desk, id, { json: asksJson(command) })),
    );
  models
    .command("remove <id>")
    .description("Remove a fetched model from the disk")
    .action((id: string) => withDesk((desk) => removeModel(context, desk, id)));
  models
    .command("prune")
    .description("Remove fetched models, the longest unused first, until the rest is small enough")
    .option("--to <size>", "Small enough is this, such as 20G (default: BELLOWS_MODELS_SIZE)")
    .addOption(json())
    .action(({ to }: Options, command: Command) => {
      const toBytes = typeof to === "string" ? readFlag("--to", to, byteSize) : undefined;
      return withDesk((desk) => pruneModels(context, desk, { toBytes, json: asksJson(command) }));
    });
  for (const [name, allowed, means] of [
    ["allow", true, "Offer and run a model again"],
    ["deny", false, "Neither offer nor run a model"],
  ] as const) {
    models
      .command(`${name} <id>`)
      .description(means)
      .action((id: string) => withDesk((desk) => allowModel(context, desk, id, allowed)));
  }
  for (const [name, pinned, means] of [
    ["pin", true, "Never prune a model"],
    ["unpin", false, "A model may be pruned again"],
  ] as const) {
    models
      .command(`${name} <id>`)
      .description(means)
      .action((id: string) => withDesk((desk) => pinModel(context, desk, id, pinned)));
  }
}
