/** Runs an entry of ours in this very process, as Node would: what Electron adds never begins. */
import { spawn } from "node:child_process";
import os from "node:os";
import { pathToFileURL } from "node:url";
import type { AppPaths } from "../engine/config/paths.ts";
import { ENGINE_NODE_OPTIONS } from "../host/engine-node.ts";
import { withEngineNode } from "./engine-node.ts";
import type { Role } from "./role.ts";

/** As the command line has it. */
const WRONG_COMMAND_LINE = 2;

/** Never resolves: the process ends when the entry's work does. */
export async function playRole(role: Exclude<Role, { kind: "app" }>, paths: AppPaths): Promise<never> {
  if (role.kind === "none") process.exit(WRONG_COMMAND_LINE);
  if (role.kind === "part") {
    await run(role.entry, role.args);
    return forever(); // A part ends by itself.
  }
  const node = process.env.BELLOWS_ENGINE_NODE;
  if (node) process.exit(await handOver(node, withEngineNode(paths, process.env).entries.cli, role.args));
  await run(paths.entries.cli, role.args);
  // Resolved once the command is done; what it wrote into a pipe leaves first.
  await Promise.all([process.stdout, process.stderr].map(flushed));
  // Electron's own `exit` knows nothing of the code that was set.
  process.exit(Number(process.exitCode ?? 0));
}

async function run(entry: string, args: readonly string[]): Promise<void> {
  process.argv = [process.execPath, entry, ...args];
  await import(/* @vite-ignore */ pathToFileURL(entry).href);
}

const forever = (): Promise<never> => new Promise(() => undefined);

function flushed(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => void stream.write("", () => resolve()));
}

/** To the developer's Node where Electron's own is too old for the ledger. Resolves to the exit code a shell would show. */
function handOver(node: string, cli: string, args: readonly string[]): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(node, [...ENGINE_NODE_OPTIONS, cli, ...args], { stdio: "inherit" });
    // At a terminal the whole process group gets Ctrl-C already; a second one would mean "now, hard".
    const passOn = (signal: NodeJS.Signals) =>
      signal === "SIGINT" && process.stdin.isTTY ? undefined : child.kill(signal);
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, passOn);
    child.once("error", reject);
    child.once("close", (code, signal) => resolve(code ?? 128 + (signal ? os.constants.signals[signal] : 0)));
  });
}
