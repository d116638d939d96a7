/**
 * Start at login: switched in the system's own place and read back from there, because people change it behind our
 * back and that is their right. On Linux Electron does nothing, so the autostart file is ours (XDG Autostart).
 */
import { mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { AppError } from "../../shared/errors.ts";
import { t } from "../../shared/words/words.ts";
import type { Launcher } from "./launcher.ts";

export interface LoginItem {
  /** Why it can't be switched here; null: it can. */
  readonly impossible: string | null;
  /** What the system says; null: it does not. */
  read(): Promise<boolean | null>;
  /** Throws LOGIN_ITEM_FAILED. */
  write(enabled: boolean): Promise<void>;
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
): LoginItem {
  // Windows keeps one line of text, in which a space ends a word; Electron wants the quotes from us.
  const word = (text: string) => (platform === "win32" && /\s/.test(text) ? `"${text}"` : text);
  const item = { path: word(program), args: [...args, HIDDEN_ARGUMENT].map(word) };
  const names = Object.keys(env).join(", ");
  // macOS lists apps alone: of a checkout that would be an Electron without its app.
  const isCheckout = platform === "darwin" && args.length > 0;
  return {
    get impossible() {
      if (isCheckout) return t("app.system.loginCheckout");
      return names === "" ? null : t("app.system.loginEnvironment", { names });
    },
    read: async () => app.getLoginItemSettings(item).openAtLogin,
    async write(enabled) {
      app.setLoginItemSettings({ openAtLogin: enabled, ...item });
      if (app.getLoginItemSettings(item).openAtLogin !== enabled) {
        throw failed("The system did not take the change", "Look in the system's own list of start-up apps.");
      }
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
  return {
    impossible: null,
    read: async () => {
      const text = await readFile(file, "utf8").catch(() => null);
      return text !== null && isActive(text);
    },
    async write(enabled) {
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
    },
  };
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
    `Exec=${command.map(quoted).join(" ")}`,
    "Icon=bellows",
    "Terminal=false",
    "X-GNOME-Autostart-enabled=true",
    "",
  ].join("\n");
}

/** Desktop Entry Specification, "The Exec key": quote what holds a reserved character, double every percent sign. */
function quoted(argument: string): string {
  const escaped = argument.replaceAll("%", "%%");
  if (/^[A-Za-z0-9@%+=:,./_-]+$/.test(escaped)) return escaped;
  return `"${escaped.replace(/["`$\\]/g, (character) => `\\${character}`).replaceAll("\\", "\\\\")}"`;
}

function failed(message: string, help: string): AppError {
  return new AppError({ code: "LOGIN_ITEM_FAILED", message, actor: "machine", help });
}
