/** The names and options of `bellows ledger …`. */
import { type Command, Option } from "commander";
import type { CliContext } from "../context.ts";
import type { Where } from "../engine-client.ts";
import { lazy } from "../lazy.ts";

const { ledgerGoBack } = lazy(() => import("./ledger.ts"));

type Options = Readonly<Record<string, unknown>>;

export function addLedger(program: Command, context: CliContext, where: () => Where): void {
  program
    .command("ledger")
    .description("The file that holds jobs, earnings and activity")
    .helpCommand(false)
    .command("go-back")
    .description("A newer version wrote it: go on from the copy made before that, at the next start")
    .option("--yes", "Although what happened since then is not in it")
    .addOption(new Option("--json", "Print one line of JSON"))
    .action(({ yes, json }: Options) =>
      ledgerGoBack(context, where(), { yes: yes === true, json: json === true }),
    );
}
