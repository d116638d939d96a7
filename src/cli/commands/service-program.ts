/** The names, options and help of `bellows service …`. */
import { type Command, Option } from "commander";
import type { CliContext } from "../context.ts";
import { lazy } from "../lazy.ts";
import type { ServiceOptions } from "./service.ts";

const { installService, serviceStatus, uninstallService } = lazy(() => import("./service.ts"));

type Options = Readonly<Record<string, unknown>>;

/** `onStopped` is called when `status` finds no running service. */
export function addService(
  program: Command,
  context: CliContext,
  place: () => { readonly dataFolder?: string | undefined; readonly configFile?: string | undefined },
  onStopped: () => void,
): void {
  const asked = ({ user, dryRun, now, root }: Options): ServiceOptions => ({
    user: user === true,
    dryRun: dryRun === true,
    now: now === true,
    root: typeof root === "string" ? root : undefined,
    data: place().dataFolder,
    config: place().configFile,
  });
  const own = () => new Option("--user", "Your own service, without root, instead of the machine's");
  const dryRun = () => new Option("--dry-run", "Only print what would be done");
  const root = () => new Option("--root <dir>", "Into the image that has its root there; nothing is started");

  const service = program.command("service").description("Run this installation as a service");
  service
    .command("install")
    .description("Start with the machine: writes the unit with this installation's paths and enables it")
    .addOption(own())
    .option("--now", "Start it at once")
    .addOption(root())
    .addOption(dryRun())
    .action((options: Options) => installService(context, asked(options)));
  service
    .command("uninstall")
    .description("Stop and forget the service; ledger, keys and settings stay")
    .addOption(own())
    .addOption(root())
    .addOption(dryRun())
    .action((options: Options) => uninstallService(context, asked(options)));
  service
    .command("status")
    .description("Does it run, and what does it say; exit code 3 when it does not run")
    .addOption(own())
    .option("--json", "Print one line of JSON")
    .action(async (options: Options) => {
      if (!(await serviceStatus(context, { ...asked(options), json: options.json === true }))) onStopped();
    });
}
