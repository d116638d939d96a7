/** `bellows service …`: this installation as a service that starts with the machine or with its person. */
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { commandProgram, isElectron } from "../../host/own-program.ts";
import { AppError } from "../../shared/errors.ts";
import type { CliContext } from "../context.ts";
import { advice, fields } from "../format.ts";
import { ask, carryOut, showPlan } from "../service/carry-out.ts";
import { windowsDataFolder } from "../service/installed.ts";
import type { ServicePlan } from "../service/plan.ts";
import {
  doubtOfConfig,
  doubtsOfPlaces,
  findUnreachable,
  isInHome,
  type Place,
  serviceAccount,
} from "../service/reach.ts";
import {
  readResource,
  readStatus,
  statusCommand,
  systemdInstall,
  systemdUninstall,
  systemdVersionIn,
} from "../service/systemd.ts";
import {
  isTaskRunning,
  windowsInstall,
  windowsStatusCommand,
  windowsUninstall,
} from "../service/windows-task.ts";
import { usageError } from "../usage.ts";

export interface ServiceOptions {
  readonly user: boolean;
  readonly dryRun: boolean;
  readonly now: boolean;
  readonly root: string | undefined;
  readonly data: string | undefined;
  readonly config: string | undefined;
}

export async function installService(context: CliContext, options: ServiceOptions): Promise<void> {
  const { terminal, paths } = context;
  if (context.env.APPIMAGE && isElectron()) throw appImage();
  const [own, ...args] = commandProgram(paths.entries.cli);
  const program = [fs.realpathSync(own), ...args] as const;
  // Of a packaged app the entry lies in an archive, which says nothing of rights; what lies beside it does.
  const read = isElectron()
    ? path.join(paths.resourcesFolder, "models", "catalogue.json")
    : paths.entries.cli;
  const plan = choose(options, {
    systemd: () => {
      const configFile = options.config === undefined ? null : path.resolve(options.config);
      const dataFolder = options.data === undefined ? null : path.resolve(options.data);
      if (!options.user) {
        tellReach(context, options, [program[0], read], configFile);
        tellPlaces(context, paths.entries.cli, configFile, dataFolder);
      }
      return systemdInstall({
        ...scopeOf(options, context),
        program,
        resourcesFolder: paths.resourcesFolder,
        dataFolder,
        configFile,
        startNow: options.now,
        systemdVersion:
          options.root === undefined ? systemdVersionIn(ask(["systemctl", "--version"]).stdout) : null,
      });
    },
    windows: () => {
      const dataFolder = windowsData(context, options);
      const definitionFile = path.win32.join(dataFolder, "service.xml");
      const configFile = options.config === undefined ? null : path.win32.resolve(options.config);
      const example = readResource(paths, "provider.env.example");
      return windowsInstall({
        program,
        dataFolder,
        configFile,
        example,
        definitionFile,
        startNow: options.now,
      });
    },
  });
  await finish(context, options, plan);
  if (!options.dryRun && options.now) terminal.print("Started.");
}

/** What the service's user can't read is refused, or noted where that can still be changed; a dry run notes it all. */
function tellReach(
  { terminal }: CliContext,
  { dryRun }: ServiceOptions,
  installation: readonly string[],
  configFile: string | null,
): void {
  const account = serviceAccount();
  try {
    const unreachable = findUnreachable(installation, account);
    if (unreachable !== null) throw unreachable;
    const doubt = configFile === null ? null : doubtOfConfig(configFile, account);
    if (doubt !== null) terminal.note(`Note: ${doubt}`);
  } catch (thrown) {
    if (!dryRun || !(thrown instanceof AppError)) throw thrown;
    terminal.note(`Note: it would be refused. ${advice(thrown.toValue())}`);
  }
}

const INSTEAD = {
  installation: "Put the installation into /opt/bellows and install from there.",
  config: "Put it beside /etc/bellows/provider.env, for example, and name it there.",
  data: "Leave --data away: ledger and keys lie in /var/lib/bellows then.",
} as const;

/** Where the unit's own view of the machine has nothing. */
function tellPlaces(
  { terminal }: CliContext,
  entry: string,
  config: string | null,
  data: string | null,
): void {
  const places: Place[] = [];
  // Of these two a home is told by tellReach.
  if (!isInHome(entry)) places.push({ what: "The installation", path: entry, instead: INSTEAD.installation });
  if (config !== null && !isInHome(config))
    places.push({ what: "The configuration file", path: config, instead: INSTEAD.config });
  if (data !== null) places.push({ what: "The data folder", path: data, instead: INSTEAD.data });
  for (const doubt of doubtsOfPlaces(places)) terminal.note(`Note: ${doubt}`);
}

export async function uninstallService(context: CliContext, options: ServiceOptions): Promise<void> {
  const plan = choose(options, {
    systemd: () => systemdUninstall(scopeOf(options, context)),
    windows: () => windowsUninstall(windowsData(context, options)),
  });
  await finish(context, options, plan);
}

/** Resolves to whether it runs. */
export function serviceStatus(
  { terminal }: CliContext,
  options: ServiceOptions & { json: boolean },
): boolean {
  return choose(options, {
    systemd: () => {
      const { ok, stdout, output } = ask(statusCommand(options.user ? "user" : "system"));
      if (!ok) throw noSystemd(output);
      const status = readStatus(stdout);
      const running = status.ActiveState === "active";
      if (options.json) terminal.json({ running, ...status });
      else {
        const installed = status.LoadState === "loaded";
        const lines = fields([
          ["Service", installed ? `${status.ActiveState} (${status.SubState})` : "not installed"],
          ...(installed
            ? ([
                ["Says", status.StatusText || "–"],
                ["At start-up", status.UnitFileState === "enabled" ? "yes" : "no"],
                ["Restarts", status.NRestarts ?? "–"],
                ["Last result", status.Result ?? "–"],
                ["Unit", status.FragmentPath ?? "–"],
              ] as const)
            : []),
        ]);
        for (const line of lines) terminal.print(line);
      }
      return running;
    },
    windows: () => {
      const { ok, stdout, output } = ask(windowsStatusCommand());
      const running = ok && isTaskRunning(stdout);
      if (options.json) terminal.json({ running, text: stdout.trim() });
      else terminal.print(ok ? stdout.trim() : output);
      return running;
    },
  });
}

function choose<T>(options: ServiceOptions, by: { systemd: () => T; windows: () => T }): T {
  if (options.root !== undefined && options.user) throw usageError("--root and --user do not go together");
  switch (process.platform) {
    case "linux":
      return by.systemd();
    case "win32":
      if (options.user || options.root !== undefined)
        throw usageError("--user and --root are for systemd; on Windows the task is of the machine");
      return by.windows();
    default:
      throw new AppError({
        code: "SERVICE_UNSUPPORTED",
        message: `Bellows installs no service on ${process.platform}`,
        actor: "user",
        help: "Run `bellows serve` from whatever starts your programs.",
      });
  }
}

async function finish({ terminal }: CliContext, options: ServiceOptions, plan: ServicePlan): Promise<void> {
  if (options.dryRun) {
    showPlan(terminal, plan);
    return;
  }
  if (process.platform === "linux" && options.root === undefined) refuseWithoutSystemd();
  await carryOut(terminal, plan);
}

function scopeOf({ user, root }: ServiceOptions, { env }: CliContext) {
  const configHome = env.XDG_CONFIG_HOME?.startsWith("/")
    ? env.XDG_CONFIG_HOME
    : path.join(os.homedir(), ".config");
  return {
    scope: user ? ("user" as const) : ("system" as const),
    root: root === undefined ? null : path.resolve(root),
    configHome,
  };
}

const windowsData = ({ env }: CliContext, { data }: ServiceOptions): string => data ?? windowsDataFolder(env);

/** As sd_booted(3) asks. */
function refuseWithoutSystemd(): void {
  if (!fs.existsSync("/run/systemd/system")) throw noSystemd("this machine was not started by systemd");
}

/** It is mounted in a place of its own at each start, and the process that systemd would watch is not ours. */
function appImage(): AppError {
  return new AppError({
    code: "SERVICE_UNSUPPORTED",
    message: "An AppImage can't be a service",
    actor: "user",
    help: "Install the deb or rpm package and run this command of theirs.",
  });
}

function noSystemd(why: string): AppError {
  return new AppError({
    code: "SERVICE_NO_SYSTEMD",
    message: `systemd can't be asked: ${why}`,
    actor: "machine",
    help: "See what would be done with --dry-run, or install into an image with --root DIR.",
  });
}
