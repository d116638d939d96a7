/** Where the installed service of this machine keeps its data: `bellows status` is asked about that one too. */
import fs from "node:fs";
import path from "node:path";

/** Our own installation first, then a package's. */
const UNIT_FILES = ["/etc/systemd/system/bellows.service", "/usr/lib/systemd/system/bellows.service"];

export interface Machine {
  readonly platform: NodeJS.Platform;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly unitFiles?: readonly string[];
}

/** null: no service of the machine is installed here, or not by `bellows service install`. */
export function installedDataFolder({ platform, env, unitFiles = UNIT_FILES }: Machine): string | null {
  switch (platform) {
    case "linux":
      return (
        unitFiles
          .map(readText)
          .map(dataFolderInUnit)
          .find((folder) => folder !== null) ?? null
      );
    case "win32": {
      const folder = windowsDataFolder(env);
      return fs.existsSync(folder) ? folder : null;
    }
    default:
      return null;
  }
}

export const windowsDataFolder = (env: Machine["env"]): string =>
  path.win32.join(env.ProgramData ?? "C:\\ProgramData", "Bellows");

/** Nobody but its own user and root gets in. */
export function isClosed(folder: string): boolean {
  try {
    fs.accessSync(folder, fs.constants.R_OK | fs.constants.X_OK);
    return false;
  } catch (thrown) {
    return (
      thrown instanceof Error && "code" in thrown && (thrown.code === "EACCES" || thrown.code === "EPERM")
    );
  }
}

/** The argument of `--data` as the unit writes it: a bare word, or quoted with its specifiers doubled. */
export function dataFolderInUnit(unit: string): string | null {
  const [, quoted, bare] = /^ExecStart=.* --data (?:"((?:[^"\\]|\\.)*)"|(\S+))/m.exec(unit) ?? [];
  const word = quoted?.replaceAll(/\\(.)/g, "$1") ?? bare;
  return word?.replaceAll("%%", "%").replaceAll("$$", "$") ?? null;
}

function readText(file: string): string {
  try {
    return fs.readFileSync(file, "utf8");
  } catch {
    return "";
  }
}
