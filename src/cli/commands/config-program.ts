/** `bellows config …`: names, options and help. */
import { Command, Option } from "commander";
import type { Flags } from "../../engine/config/from-environment.ts";
import type { CliContext } from "../context.ts";
import { lazy } from "../lazy.ts";

const { checkConfig, configSchema, printConfig } = lazy(() => import("./config.ts"));

/** `flags`: `--data` and `--config`, which go with every command. */
export function configProgram(context: CliContext, flags: () => Flags): Command {
  const { env, paths, terminal } = context;
  const sources = () => ({ env, paths, flags: flags() });
  const config = new Command("config").description(
    "The configuration: what holds, is it right, what there is",
  );
  config
    .command("print")
    .description("Every setting as a configuration file would say it; what is not set is commented out")
    .option("--sources", "Say beside each where it was set")
    .addOption(new Option("--json", "Print one line of JSON, with the places"))
    .action((options: Record<string, unknown>) =>
      printConfig(context, sources(), { sources: options.sources === true, json: options.json === true }),
    );
  config
    .command("check [file]")
    .description(
      "Is this file right (TOML, YAML or NAME=value lines)? Without one: would everything that holds let it start?",
    )
    .action((file: string | undefined) => checkConfig(context, sources(), file));
  config
    .command("schema")
    .description("The JSON Schema of a configuration file, for editors")
    .action(async () => terminal.print(JSON.stringify(await configSchema(), null, 2)));
  return config;
}
