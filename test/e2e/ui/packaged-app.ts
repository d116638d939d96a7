/**
 * The app as it is shipped: packed by the package script, its switches set, so no debugger of Node's can be attached.
 * Chromium's own remote debugging, on a port it chooses itself, is what is left to look at the page.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { type Browser, chromium, type Page } from "playwright";
import { SECOND } from "../../../src/shared/durations.ts";
import { REPOSITORY } from "./electron-app.ts";

const FOLDER = path.join(REPOSITORY, "release", "linux-unpacked");
export const PACKAGED_PROGRAM = path.join(FOLDER, "bellows");
export const PACKAGED_RESOURCES = path.join(FOLDER, "resources");

/** Rejects with what the script said. */
export function packApp(): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [path.join(REPOSITORY, "scripts", "package.mjs"), "dir"], {
      cwd: REPOSITORY,
      env: { ...process.env, NO_COLOR: "1" },
    });
    let said = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream.on("data", (chunk: Buffer) => {
        said += chunk.toString("utf8");
      });
    }
    child.once("error", reject);
    child.once("exit", (code) => (code === 0 ? resolve(said) : reject(new Error(said))));
  });
}

export function startPackaged(env: Record<string, string>, args: readonly string[] = []): ChildProcess {
  const rootless = process.getuid?.() === 0 ? ["--no-sandbox"] : [];
  return spawn(PACKAGED_PROGRAM, [...rootless, "--remote-debugging-port=0", ...args], {
    env,
    stdio: "ignore",
  });
}

/** null: it has not opened its port yet. `userData`: the app's own folder. */
export async function openPage(userData: string): Promise<Page | null> {
  const note = path.join(userData, "DevToolsActivePort");
  if (!existsSync(note)) return null;
  const [port] = readFileSync(note, "utf8").split("\n");
  const browser = await connect(`http://127.0.0.1:${port}`);
  if (browser === null) return null;
  // Never closed from here: the connection ends with the app.
  return browser.contexts()[0]?.pages()[0] ?? null;
}

/** A window that opens while Playwright connects makes it wait for ever: then it is tried again. */
function connect(address: string): Promise<Browser | null> {
  return chromium.connectOverCDP(address, { timeout: 5 * SECOND }).catch(() => null);
}
