/** The built app in a real Electron on a screen of its own (Xvfb), with a data folder of its own. */
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { _electron, type ElectronApplication } from "playwright";
import { PATIENCE } from "./patience.ts";

export const REPOSITORY = fileURLToPath(new URL("../../../", import.meta.url));
const CACHE = path.join(REPOSITORY, ".cache");
const XVFB = "/usr/bin/Xvfb";

/** null: set-up found no Electron for this machine. */
export const electronFile: string | null = findElectron();
/** BELLOWS_TEST_APP=packaged: the tests drive the app as it is packed (packaged-app.ts), else that of this checkout. */
export const isPackaged = process.env.BELLOWS_TEST_APP === "packaged" && electronFile !== null;
const PACKAGED_FOR_TESTS = path.join(REPOSITORY, "release", "for-tests", "bellows");
const appFile = isPackaged ? PACKAGED_FOR_TESTS : (electronFile ?? "");

/** Where there is neither a screen nor Xvfb, no window can be shown. */
export const canShowWindows = electronFile !== null && (process.platform !== "linux" || existsSync(XVFB));

function findElectron(): string | null {
  const note = path.join(CACHE, "electron.json");
  if (!existsSync(note)) return null;
  const { executable } = JSON.parse(readFileSync(note, "utf8")) as { executable: string };
  const file = path.resolve(CACHE, executable);
  return existsSync(file) ? file : null;
}

export interface Screen {
  /** Value of DISPLAY; undefined where the system's own screen is used. */
  readonly display: string | undefined;
  close(): void;
}

/** Xvfb chooses a free display number itself and says which. */
export async function openScreen(): Promise<Screen> {
  if (process.platform !== "linux") return { display: undefined, close: () => undefined };
  const server = spawn(XVFB, ["-displayfd", "3", "-screen", "0", "1400x900x24", "-nolisten", "tcp"], {
    stdio: ["ignore", "ignore", "ignore", "pipe"],
  });
  const close = () => {
    process.off("exit", close);
    server.kill("SIGTERM");
  };
  // A run that is cut short leaves no screen behind either.
  process.on("exit", close);
  const numbers = server.stdio[3];
  if (!numbers || !("read" in numbers)) throw new Error("Xvfb gives no display number");
  for await (const line of createInterface({ input: numbers as NodeJS.ReadableStream })) {
    return { display: `:${line.trim()}`, close };
  }
  throw new Error("Xvfb ended before it had a display");
}

/** Chromium refuses to start as root inside its own sandbox. */
const ARGUMENTS = process.platform === "linux" && process.getuid?.() === 0 ? ["--no-sandbox"] : [];

/** What `more` has as undefined is taken away. */
export function appEnvironment(
  screen: Screen,
  more: Record<string, string | undefined>,
): Record<string, string> {
  // The set-up would stand in front of every test, and work would wait for Start; who tests that takes these away.
  const all = {
    BELLOWS_FIRST_RUN: "done",
    BELLOWS_START: "running",
    ...process.env,
    DISPLAY: screen.display,
    ...more,
  };
  const env: Record<string, string> = {};
  for (const [name, value] of Object.entries(all)) {
    // A set ELECTRON_RUN_AS_NODE would turn the app into a plain Node.
    if (value !== undefined && name !== "ELECTRON_RUN_AS_NODE") env[name] = value;
  }
  return env;
}

/** The app in the tray, without a window. */
export function launchHidden(env: Record<string, string>): Promise<ElectronApplication> {
  return _electron.launch({
    executablePath: appFile,
    args: [...ARGUMENTS, "--hidden"],
    env,
    timeout: 2 * PATIENCE.timeout,
  });
}

/** A second start of the app by hand, without anybody driving it. */
export function startApp(
  env: Record<string, string>,
  args: readonly string[] = [],
  stdio: "ignore" | "pipe" = "ignore",
): ChildProcess {
  return spawn(appFile, [...ARGUMENTS, ...args], { env, stdio });
}

export function exitOf(child: ChildProcess): Promise<number | null> {
  return new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) resolve(child.exitCode);
    else child.once("exit", resolve);
  });
}
