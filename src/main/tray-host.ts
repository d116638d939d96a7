/** Does this desktop show tray icons? Only Linux may not: GNOME has none without an extension. */
import { execFile } from "node:child_process";
import { SECOND } from "../shared/durations.ts";
import { plainEnvironment } from "../shared/secret-variables.ts";

const WATCHER = "org.kde.StatusNotifierWatcher";
const ASK_WITHIN = SECOND;

/** Each asks the session bus whether somebody has the watcher's name; whichever of them is installed answers. */
const ASKERS: readonly { file: string; args: readonly string[]; yes: RegExp }[] = [
  {
    file: "busctl",
    args: [
      "--user",
      "call",
      "org.freedesktop.DBus",
      "/org/freedesktop/DBus",
      "org.freedesktop.DBus",
      "NameHasOwner",
      "s",
      WATCHER,
    ],
    yes: /^b true/,
  },
  {
    file: "gdbus",
    args: [
      "call",
      "--session",
      "--dest=org.freedesktop.DBus",
      "--object-path=/org/freedesktop/DBus",
      "--method=org.freedesktop.DBus.NameHasOwner",
      WATCHER,
    ],
    yes: /true/,
  },
  {
    file: "dbus-send",
    args: [
      "--session",
      "--print-reply=literal",
      "--dest=org.freedesktop.DBus",
      "/org/freedesktop/DBus",
      "org.freedesktop.DBus.NameHasOwner",
      `string:${WATCHER}`,
    ],
    yes: /true/,
  },
];

export interface TrayHostQuestion {
  readonly platform: NodeJS.Platform;
  /** BELLOWS_TRAY: "yes" or "no" answers for a desktop that can't be asked. */
  readonly override: string | undefined;
  readonly run?: (file: string, args: readonly string[]) => Promise<string>;
}

/** False also when nobody can tell: a minimised window is found again, a hidden one is not. Within a few seconds. */
export async function hasTrayHost({
  platform,
  override,
  run = runQuietly,
}: TrayHostQuestion): Promise<boolean> {
  if (override === "yes" || override === "no") return override === "yes";
  if (platform !== "linux") return true;
  for (const { file, args, yes } of ASKERS) {
    try {
      return yes.test((await run(file, args)).trim());
    } catch {
      // Not installed, or no session bus: ask with the next one.
    }
  }
  return false;
}

function runQuietly(file: string, args: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const options = { env: plainEnvironment(process.env), timeout: ASK_WITHIN, windowsHide: true };
    execFile(file, [...args], options, (error, stdout) => (error ? reject(error) : resolve(stdout)));
  });
}
