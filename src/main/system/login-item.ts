/**
 * Start at login: switched in the system's own place and read back from there, because people change it behind our
 * back and that is their right. On Linux Electron does nothing, so the autostart file is ours (XDG Autostart).
 */
import { existsSync } from "node:fs";
import { mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { AppError } from "../../shared/errors.ts";
import { t } from "../../shared/words/words.ts";
import { execLine, wordsOfExec } from "./exec-line.ts";
import type { Launcher } from "./launcher.ts";
import type { LoginLine, LoginNote } from "./login-note.ts";

export interface LoginItem {
  /** Why it can't be switched here; null: it can. */
  readonly impossible: string | null;
  /** What the system says; null: it does not. */
  read(): Promise<boolean | null>;
  /** Throws LOGIN_ITEM_FAILED. */
  write(enabled: boolean): Promise<void>;
  /**
   * An entry of ours that is on and starts what is gone, as after a checkout was moved, starts this app from now on; true:
   * it was so. One that starts another app that is there is the person's choice. Throws LOGIN_ITEM_FAILED.
   */
  mend(): Promise<boolean>;
}

/** Started by the system, so without a window: only the tray. */
export const HIDDEN_ARGUMENT = "--hidden";

/** Electron's app, as far as it is used. */
export interface SystemLoginItems {
  getLoginItemSettings(options: { path: string; args: string[] }): { openAtLogin: boolean };
  setLoginItemSettings(settings: { openAtLogin: boolean; path: string; args: string[] }): void;
}

/** Windows and macOS keep the list themselves: of programs and arguments, never with an environment. */
export function systemLoginItem(
  app: SystemLoginItems,
  { program, args, env }: Launcher,
  platform: NodeJS.Platform,
  note: LoginNote,
): LoginItem {
  // Windows keeps one line of text, in which a space ends a word; Electron wants the quotes from us.
  const word = (text: string) => (platform === "win32" && /\s/.test(text) ? `"${text}"` : text);
  const item = { path: word(program), args: [...args, HIDDEN_ARGUMENT].map(word) };
  const names = Object.keys(env).join(", ");
  // macOS lists apps alone: of a checkout that would be an Electron without its app.
  const isCheckout = platform === "darwin" && args.length > 0;
  const isOn = (of: LoginLine) => app.getLoginItemSettings(of).openAtLogin;
  async function write(enabled: boolean): Promise<void> {
    app.setLoginItemSettings({ openAtLogin: enabled, ...item });
    if (isOn(item) !== enabled) {
      throw failed("The system did not take the change", "Look in the system's own list of start-up apps.");
    }
    if (enabled) await note.write(item);
  }
  return {
    get impossible() {
      if (isCheckout) return t("app.system.loginCheckout");
      return names === "" ? null : t("app.system.loginEnvironment", { names });
    },
    read: async () => isOn(item),
    write,
    async mend() {
      if (isOn(item)) {
        await note.write(item);
        return false;
      }
      const noted = await note.read();
      if (this.impossible !== null || noted === null || !isOn(noted) || !startsWhatIsGone(noted))
        return false;
      app.setLoginItemSettings({ openAtLogin: false, ...noted });
      await write(true);
      return true;
    },
  };
}

export interface XdgPlaces {
  readonly home: string;
  /** XDG_CONFIG_HOME. */
  readonly configHome: string | undefined;
}

/** Where XDG's autostart files of this user lie. */
export function autostartFile({ home, configHome }: XdgPlaces): string {
  const config = configHome?.startsWith("/") ? configHome : path.join(home, ".config");
  return path.join(config, "autostart", "bellows.desktop");
}

export function xdgLoginItem(file: string, { program, args, env }: Launcher): LoginItem {
  const set = Object.entries(env).map(([name, value]) => `${name}=${value}`);
  const command = [...(set.length === 0 ? [] : ["env", ...set]), program, ...args, HIDDEN_ARGUMENT];
  const content = () => readFile(file, "utf8").catch(() => "");
  async function write(enabled: boolean): Promise<void> {
    try {
      if (!enabled) {
        await rm(file, { force: true });
        return;
      }
      await mkdir(path.dirname(file), { recursive: true });
      await writeFile(`${file}.next`, desktopEntry(command), { mode: 0o644 });
      await rename(`${file}.next`, file);
    } catch (thrown) {
      const cause = thrown instanceof Error ? thrown.message : String(thrown);
      throw failed(`${file} could not be changed: ${cause}`, "Make the folder writable, then try again.");
    }
  }
  return {
    impossible: null,
    read: async () => isActive(await content()),
    write,
    async mend() {
      const text = await content();
      const line = /^Exec\s*=\s*(.*)$/m.exec(text)?.[1];
      if (line === undefined || !isActive(text) || !startsWhatIsGone(commandIn(line))) return false;
      await write(true);
      return true;
    },
  };
}

/** Without the environment that is set before it. */
function commandIn(line: string): LoginLine {
  const words = wordsOfExec(line);
  const begin = words[0] === "env" ? words.findIndex((word, i) => i > 0 && !/^\w+=/.test(word)) : 0;
  const [program = "", ...args] = words.slice(Math.max(0, begin));
  return { path: program, args };
}

/** The program, or the folder of the checkout it runs. */
function startsWhatIsGone({ path: program, args }: LoginLine): boolean {
  const places = [program, ...args].map((word) => word.replace(/^"(.*)"$/, "$1"));
  return places.some((place) => path.isAbsolute(place) && !existsSync(place));
}

/** A desktop's own settings switch an entry off inside the file instead of removing it. */
function isActive(text: string): boolean {
  const has = (line: RegExp) => line.test(text);
  return (
    has(/^\[Desktop Entry\]\s*$/m) &&
    !has(/^Hidden\s*=\s*true\s*$/im) &&
    !has(/^X-GNOME-Autostart-enabled\s*=\s*false\s*$/im)
  );
}

function desktopEntry(command: readonly string[]): string {
  return [
    "[Desktop Entry]",
    "Type=Application",
    "Name=Bellows",
    "Comment=Earn with this computer's GPU",
    `Exec=${execLine(command)}`,
    "Icon=bellows",
    "Terminal=false",
    "X-GNOME-Autostart-enabled=true",
    "",
  ].join("\n");
}

function failed(message: string, help: string): AppError {
  return new AppError({ code: "LOGIN_ITEM_FAILED", message, actor: "machine", help });
}
