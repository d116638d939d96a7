/** The names and options of `bellows machine …`. */
import { type Command, Option } from "commander";
import type { CliContext } from "../context.ts";
import type { Where } from "../engine-client.ts";
import { lazy } from "../lazy.ts";

const { settleMachine } = lazy(() => import("./machine.ts"));

type Options = Readonly<Record<string, unknown>>;

export function addMachine(program: Command, context: CliContext, where: () => Where): void {
  const machine = program
    .command("machine")
    .description("The data folder comes from another machine: say how")
    .helpCommand(false);
  const add = (as: "moved" | "copied", means: string) =>
    machine
      .command(as)
      .description(means)
      .addOption(new Option("--json", "Print one line of JSON"))
      .action(({ json }: Options) => settleMachine(context, where(), { as, json: json === true }));
  add("moved", "It was moved here: go on under its names at the markets");
  add("copied", "The other one still runs: give this one names of its own, and leave that one's jobs to it");
}
