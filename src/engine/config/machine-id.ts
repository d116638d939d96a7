/** What the operating system calls this machine: the same after every start, another one on every other machine. */
import { execFile } from "node:child_process";
import fs from "node:fs";
import { SECOND } from "../../shared/durations.ts";
import { plainEnvironment } from "../../shared/secret-variables.ts";
import { isInContainer } from "./fleeting-folder.ts";

const ANSWER_WITHIN = 5 * SECOND;
/** machine-id(5); the second is older systems'. */
const LINUX_FILES = ["/etc/machine-id", "/var/lib/dbus/machine-id"];
const LINUX_ID = /^[0-9a-f]{32}$/;
const UUID = "[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}";

/** How the system is asked; tests ask one of their own. */
export interface MachineAsk {
  readonly platform: NodeJS.Platform;
  readonly isInContainer: () => boolean;
  /** null: there is no such file. */
  readonly read: (file: string) => string | null;
  /** What the command prints; empty when it can't be run. */
  readonly run: (file: string, args: readonly string[]) => Promise<string>;
}

/** null: it has no name that lasts, as a container, or does not tell. Never throws. */
export async function readMachineId(ask: MachineAsk = SYSTEM): Promise<string | null> {
  switch (ask.platform) {
    case "linux":
      return ask.isInContainer() ? null : (LINUX_FILES.map(linuxId(ask)).find((id) => id !== null) ?? null);
    case "win32": {
      const key = "HKLM\\SOFTWARE\\Microsoft\\Cryptography";
      const told = await ask.run("reg.exe", ["query", key, "/v", "MachineGuid", "/reg:64"]);
      return found(new RegExp(`MachineGuid\\s+REG_SZ\\s+(${UUID})`), told);
    }
    case "darwin": {
      const told = await ask.run("/usr/sbin/ioreg", ["-rd1", "-c", "IOPlatformExpertDevice"]);
      return found(new RegExp(`"IOPlatformUUID" = "(${UUID})"`), told);
    }
    default:
      return null;
  }
}

/** An image that was not started yet says "uninitialized". */
const linuxId = (ask: MachineAsk) => (file: string) => {
  const text = ask.read(file)?.trim() ?? "";
  return LINUX_ID.test(text) ? text : null;
};

const found = (pattern: RegExp, text: string): string | null =>
  pattern.exec(text)?.[1]?.toLowerCase() ?? null;

const SYSTEM: MachineAsk = {
  platform: process.platform,
  isInContainer,
  read: (file) => {
    try {
      return fs.readFileSync(file, "utf8");
    } catch {
      return null;
    }
  },
  run: (file, args) =>
    new Promise((resolve) => {
      const options = { timeout: ANSWER_WITHIN, windowsHide: true, env: plainEnvironment(process.env) };
      execFile(file, [...args], options, (error, stdout) => resolve(error === null ? stdout : ""));
    }),
};
