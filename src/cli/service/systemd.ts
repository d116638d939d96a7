/** Bellows as a systemd service, of the machine or of one person: the units of resources/deploy/systemd with real paths. */
import fs from "node:fs";
import path from "node:path";
import { AppError } from "../../shared/errors.ts";
import type { PlannedCommand, PlannedFile, ServicePlan, ServiceQuestion } from "./plan.ts";

export const UNIT = "bellows.service";
/** Makes the GPUs' device nodes; the machine's unit wants it. */
const DEVICES_UNIT = "bellows-devices.service";
/** The first systemd that can wait longer from failure to failure; an older one complains of the words. */
const LONGER_WAITS_SINCE = 254;
const LONGER_WAITS = ["RestartSteps=6", "RestartMaxDelaySec=5min"];
/** StateDirectory= of the machine's unit: systemd makes it and gives it to the service's user. */
const STATE_FOLDER = "/var/lib/bellows";
const ENV_FILE = "/etc/bellows/provider.env";

export interface SystemdInstall {
  /** The machine's own, or one person's. */
  readonly scope: "system" | "user";
  /** What starts the command line: an absolute program and the arguments before the command's own. */
  readonly program: readonly string[];
  readonly resourcesFolder: string;
  /** Null: /var/lib/bellows, or the person's own data folder. */
  readonly dataFolder: string | null;
  /** Absolute; null: the one in the data folder, if there is one. */
  readonly configFile: string | null;
  /** The person's configuration folder, for `user`. */
  readonly configHome: string;
  /** An image's root instead of this machine's; nothing is started there. */
  readonly root: string | null;
  readonly startNow: boolean;
  /** Of the systemd that will read the unit; null: not known, as of an image. */
  readonly systemdVersion: number | null;
}

/** Throws APP_INCOMPLETE without its unit files. */
export function systemdInstall(install: SystemdInstall): ServicePlan {
  const { scope, root, startNow } = install;
  const files = scope === "system" ? systemFiles(install) : userFiles(install);
  const make: PlannedCommand[] =
    scope === "system" ? [needed("systemd-sysusers", ...rootOption(root), sysusersFile(root))] : [];
  const reload = root === null ? [needed(...systemctl(scope), "daemon-reload")] : [];
  const enable = needed(...systemctl(scope, root), "enable", UNIT);
  const start: PlannedCommand[] =
    startNow && root === null ? [{ ...needed(...systemctl(scope), "restart", UNIT), waits: true }] : [];
  return {
    before: [],
    remove: [],
    files,
    after: [...make, ...reload, enable, ...start],
    service: questionOf(scope, root),
    next: nextSteps(install),
  };
}

export type SystemdRemoval = Pick<SystemdInstall, "scope" | "root" | "configHome">;

/** Data, keys and settings stay: only what tells systemd of Bellows goes. */
export function systemdUninstall({ scope, root, configHome }: SystemdRemoval): ServicePlan {
  const now = root === null ? ["--now"] : [];
  const unit = unitFile({ scope, root, configHome });
  return {
    before: [{ ...wanted(...systemctl(scope, root), "disable", ...now, UNIT), waits: true }],
    service: questionOf(scope, root),
    remove: scope === "system" ? [unit, devicesUnitFile(root), sysusersFile(root)] : [unit],
    files: [],
    after: root === null ? [needed(...systemctl(scope), "daemon-reload")] : [],
    next: [
      scope === "system"
        ? `Ledger, keys and settings stay where they are: ${STATE_FOLDER} and ${ENV_FILE}.`
        : "Ledger, keys and settings stay where they are.",
    ],
  };
}

function questionOf(scope: "system" | "user", root: string | null): ServiceQuestion | undefined {
  if (root !== null) return undefined;
  return {
    command: statusCommand(scope),
    read: (stdout) => {
      const { ActiveState: state = "unknown", StatusText: says } = readStatus(stdout);
      return {
        words: says ? `${state} (${says})` : state,
        rests: state === "inactive" || state === "failed",
      };
    },
  };
}

/** The properties that say how the service is, as `systemctl show` prints them. */
export const STATUS_PROPERTIES = [
  "LoadState",
  "UnitFileState",
  "ActiveState",
  "SubState",
  "StatusText",
  "Result",
  "MainPID",
  "NRestarts",
  "FragmentPath",
] as const;
export type StatusProperty = (typeof STATUS_PROPERTIES)[number];

export function statusCommand(scope: "system" | "user"): [string, ...string[]] {
  return [...systemctl(scope), "show", UNIT, `--property=${STATUS_PROPERTIES.join(",")}`];
}

export function readStatus(stdout: string): Partial<Record<StatusProperty, string>> {
  const entries = stdout.split("\n").flatMap((line) => {
    const at = line.indexOf("=");
    const name = STATUS_PROPERTIES.find((each) => each === line.slice(0, at));
    return name === undefined ? [] : [[name, line.slice(at + 1)] as const];
  });
  return Object.fromEntries(entries);
}

function systemFiles(install: SystemdInstall): PlannedFile[] {
  const { root, dataFolder } = install;
  const resource = (name: string) => readResource(install, name);
  const text = fillUnit(resource("systemd/bellows.service"), {
    command: [...install.program, "serve", "--data", dataFolder ?? STATE_FOLDER, ...configWords(install)],
    // Everything else is read-only for the service (ProtectSystem=strict).
    extra: [...(dataFolder === null ? [] : [`ReadWritePaths=${quoted(dataFolder)}`]), ...waits(install)],
    edit: "systemctl edit bellows",
  });
  return [
    { path: unitFile(install), text, mode: 0o644, keep: false },
    {
      path: devicesUnitFile(root),
      text: resource(`systemd/${DEVICES_UNIT}`),
      mode: 0o644,
      keep: false,
    },
    { path: sysusersFile(root), text: resource("systemd/bellows.sysusers"), mode: 0o644, keep: false },
    { path: under(root, ENV_FILE), text: resource("provider.env.example"), mode: 0o600, keep: true },
  ];
}

function userFiles(install: SystemdInstall): PlannedFile[] {
  const { dataFolder } = install;
  const data = dataFolder === null ? [] : ["--data", dataFolder];
  const text = fillUnit(readResource(install, "systemd/bellows-user.service"), {
    command: [...install.program, "serve", ...data, ...configWords(install)],
    extra: waits(install),
    edit: "systemctl --user edit bellows",
  });
  const settings = path.posix.join(install.configHome, "bellows", "provider.env");
  return [
    { path: unitFile(install), text, mode: 0o644, keep: false },
    { path: settings, text: readResource(install, "provider.env.example"), mode: 0o600, keep: true },
  ];
}

const waits = ({ systemdVersion }: SystemdInstall): readonly string[] =>
  systemdVersion !== null && systemdVersion >= LONGER_WAITS_SINCE ? LONGER_WAITS : [];

/** Of what `systemctl --version` prints; null: not to be told. */
export function systemdVersionIn(stdout: string): number | null {
  const version = /^systemd (\d+)/.exec(stdout)?.[1];
  return version === undefined ? null : Number(version);
}

const configWords = ({ configFile }: SystemdInstall) => (configFile === null ? [] : ["--config", configFile]);

/** The unit with another command, and lines added behind it. */
export function fillUnit(
  unit: string,
  { command, extra, edit }: { command: readonly string[]; extra: readonly string[]; edit: string },
): string {
  // Only the arguments are looked through for variables, not the program.
  const [program = "", ...args] = command;
  const words = [quoted(program), ...args.map((word) => quoted(word.replaceAll("$", "$$$$")))];
  const line = [`ExecStart=${words.join(" ")}`, ...extra].join("\n");
  // A function: `$` means something in a replacement text.
  const madeBy = `# Made by \`bellows service install\`; changes belong into a drop-in: \`${edit}\`.`;
  return unit.replace(/^ExecStart=.*$/m, () => line).replace(/^# .*\n(# .*\n)*/, `${madeBy}\n`);
}

/** A word of a unit: spaces kept together, specifiers taken literally. */
export function quoted(word: string): string {
  const literal = word.replaceAll("%", "%%");
  if (/^[\w@+=:,./%$-]+$/.test(literal)) return literal;
  return `"${literal.replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"`;
}

function unitFile({ scope, root, configHome }: SystemdRemoval): string {
  return scope === "system"
    ? under(root, `/etc/systemd/system/${UNIT}`)
    : path.posix.join(configHome, "systemd/user", UNIT);
}

const devicesUnitFile = (root: string | null): string => under(root, `/etc/systemd/system/${DEVICES_UNIT}`);
const sysusersFile = (root: string | null): string => under(root, "/etc/sysusers.d/bellows.conf");
const under = (root: string | null, file: string): string =>
  root === null ? file : path.posix.join(root, file);
const rootOption = (root: string | null): string[] => (root === null ? [] : [`--root=${root}`]);

function systemctl(scope: "system" | "user", root: string | null = null): [string, ...string[]] {
  return ["systemctl", ...(scope === "user" ? ["--user"] : []), ...rootOption(root)];
}

const needed = (...command: [string, ...string[]]): PlannedCommand => ({ command, needed: true });
const wanted = (...command: [string, ...string[]]): PlannedCommand => ({ command, needed: false });

function nextSteps({ scope, root, configHome, startNow }: SystemdInstall): string[] {
  const file =
    scope === "system" ? under(root, ENV_FILE) : path.posix.join(configHome, "bellows/provider.env");
  const user = scope === "user" ? "--user " : "";
  return [
    ...(startNow ? [] : [`Fill in ${file}, then: systemctl ${user}start bellows`]),
    `Its log: journalctl ${user}-u bellows -f`,
    ...(scope === "user" && root === null
      ? ["It ends at your last logout, unless: loginctl enable-linger"]
      : []),
  ];
}

/** Below resources/deploy. Throws APP_INCOMPLETE. */
export function readResource(
  { resourcesFolder }: Pick<SystemdInstall, "resourcesFolder">,
  name: string,
): string {
  const file = path.join(resourcesFolder, "deploy", name);
  try {
    return fs.readFileSync(file, "utf8");
  } catch (thrown) {
    throw new AppError({
      code: "APP_INCOMPLETE",
      message: `${file} is missing`,
      actor: "machine",
      help: "Install Bellows again.",
      cause: thrown,
    });
  }
}
