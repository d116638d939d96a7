/**
 * The app as it is shipped: packed by the package script, its switches set, so no debugger of Node's can be attached.
 * Chromium's own remote debugging, on a port it chooses itself, is what is left to look at the page.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { cpSync, existsSync, readFileSync, rmSync } from "node:fs";
import path from "node:path";
import { FuseV1Options, FuseVersion, flipFuses } from "@electron/fuses";
import { type Browser, chromium, type Page } from "playwright";
import { SECOND } from "../../../src/shared/durations.ts";
import { REPOSITORY } from "./electron-app.ts";

const FOLDER = path.join(REPOSITORY, "release", "linux-unpacked");
export const PACKAGED_PROGRAM = path.join(FOLDER, "bellows");
export const PACKAGED_RESOURCES = path.join(FOLDER, "resources");
/** What `/usr/bin/bellows` of an installed package leads to. */
export const PACKAGED_COMMAND = path.join(PACKAGED_RESOURCES, "bin", "bellows");

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

/**
 * A copy of the packed app that Playwright can attach to: one of its switches is set the other way, the one that keeps
 * Node's debugger out. All else is as it is shipped.
 */
export async function packForTests(): Promise<void> {
  await packApp();
  const copy = path.join(REPOSITORY, "release", "for-tests");
  rmSync(copy, { recursive: true, force: true });
  cpSync(FOLDER, copy, { recursive: true, verbatimSymlinks: true });
  await flipFuses(path.join(copy, "bellows"), {
    version: FuseVersion.V1,
    [FuseV1Options.EnableNodeCliInspectArguments]: true,
  });
}

export function startPackaged(env: Record<string, string>, args: readonly string[] = []): ChildProcess {
  const rootless = process.getuid?.() === 0 ? ["--no-sandbox"] : [];
  return spawn(PACKAGED_PROGRAM, [...rootless, "--remote-debugging-port=0", ...args], {
    env,
    stdio: "ignore",
  });
}

export interface CommandEnd {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A command as a terminal without a display runs it, and nothing in its environment but the paths. */
export function runCommand(
  program: string,
  args: readonly string[],
  { cwd, dataFolder }: { readonly cwd: string; readonly dataFolder: string },
): Promise<CommandEnd> {
  return new Promise((resolve, reject) => {
    const { PATH, HOME } = process.env;
    const env = { PATH, HOME, BELLOWS_DATA_DIR: dataFolder };
    const child = spawn(program, args, { cwd, env, stdio: ["ignore", "pipe", "pipe"] });
    const said = { stdout: "", stderr: "" };
    for (const name of ["stdout", "stderr"] as const) {
      child[name].on("data", (chunk: Buffer) => {
        said[name] += chunk.toString("utf8");
      });
    }
    child.once("error", reject);
    child.once("close", (code) => resolve({ code, ...said }));
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
