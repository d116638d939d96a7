/**
 * The real command line, as a user starts it, with a data folder of its own: its processes, its control API, its
 * devnet's log. Whatever a test leaves running is ended by pid.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { CommandInput, CommandName, CommandOutput } from "../../src/shared/contract/contract.ts";
import { COMMANDS } from "../../src/shared/contract/contract.ts";
import type { State } from "../../src/shared/contract/views.ts";
import { SECOND } from "../../src/shared/durations.ts";
import { delay } from "../../src/shared/wait.ts";
import { onTestFinished } from "./side-by-side.ts";
import { tempFolder } from "./temp-folder.ts";

const CLI = fileURLToPath(new URL("../../dist/node/cli.js", import.meta.url));
const LOOK = 50;

export interface Finished {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Run a command to its end. */
export async function bellows(args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Finished> {
  const started = startBellows(args, env);
  const code = await started.exited;
  return { code, stdout: started.stdout(), stderr: started.stderr() };
}

/** `cli`: the entry of another copy of the app. */
export function startBellows(args: readonly string[], env: NodeJS.ProcessEnv = {}, cli: string = CLI) {
  return startProgram(() => [process.execPath, cli, ...args], env);
}

/** With a process group of its own, as a terminal's job: a signal to `-pid` reaches the command and all it started. */
export function startGroup(args: readonly string[], env: NodeJS.ProcessEnv = {}) {
  return startProgram((cli) => [...cli, ...args], env, { detached: true });
}

/** What starts the command line in another way: `words` is given how it begins. */
export function startProgram(
  words: (cli: readonly string[]) => readonly string[],
  env: NodeJS.ProcessEnv = {},
  { detached = false } = {},
) {
  const [program = "", ...args] = words([process.execPath, CLI]);
  const child: ChildProcess = spawn(program, args, {
    env: { ...process.env, NO_COLOR: "1", ...env },
    stdio: ["ignore", "pipe", "pipe"],
    detached,
  });
  let stdout = "";
  let stderr = "";
  child.stdout?.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
  });
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
  });
  const exited = new Promise<number | null>((resolve) => child.once("close", (code) => resolve(code)));
  onTestFinished(async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill("SIGTERM");
    const patience = setTimeout(() => child.kill("SIGKILL"), 12 * SECOND);
    await exited;
    clearTimeout(patience);
  });
  return { child, exited, stdout: () => stdout, stderr: () => stderr };
}

/** A running demo, driven through its control API as the CLI and the dashboard do. */
export class RunningDemo {
  readonly folder: string;
  readonly process: ReturnType<typeof startBellows>;

  readonly #mode: "demo" | "live";
  #isWatched = false;

  /** Drives what `process` runs in `folder`, whether it is up already or not. */
  constructor(folder: string, process: ReturnType<typeof startBellows>, mode: "demo" | "live" = "demo") {
    this.folder = folder;
    this.process = process;
    this.#mode = mode;
  }

  static async start(...args: string[]): Promise<RunningDemo> {
    const folder = tempFolder();
    const demo = new RunningDemo(folder, startBellows(["demo", "--data", folder, "--port", "0", ...args]));
    await demo.until((state) => state.engine.intent === "running", "the engine to run");
    return demo;
  }

  async invoke<C extends CommandName>(command: C, input: CommandInput<C>): Promise<CommandOutput<C>> {
    const { url, token } = JSON.parse(readFileSync(this.#controlFile(), "utf8")) as {
      url: string;
      token: string;
    };
    const response = await fetch(`${url}/api/command/${command}`, {
      method: "POST",
      headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
      body: JSON.stringify(input),
    });
    const body: unknown = await response.json();
    if (!response.ok) throw new Error(`${command}: ${JSON.stringify(body)}`);
    return COMMANDS[command].output.parse(body) as CommandOutput<C>;
  }

  /** From now on `until` looks at the devices as an open window does: they are read every second, jobs or not. */
  watchDevices(): void {
    this.#isWatched = true;
  }

  async state(): Promise<State> {
    if (this.#isWatched) await this.invoke("devices.watch", {});
    return (await this.invoke("state.snapshot", {})).state;
  }

  /** Polls until `condition` holds; an engine that is down meanwhile is waited for. */
  async until(condition: (state: State) => boolean, what: string, patience = 90 * SECOND): Promise<State> {
    const deadline = Date.now() + patience;
    let last: unknown = null;
    while (Date.now() < deadline) {
      try {
        const state = await this.state();
        if (condition(state)) return state;
        last = state.headline;
      } catch (thrown) {
        last = thrown;
      }
      await delay(LOOK);
    }
    throw new Error(
      `Waited in vain for ${what}. Last: ${last instanceof Error ? last.message : JSON.stringify(last)}\n${this.process.stderr()}`,
    );
  }

  /** Pid of a child process of ours by the words of its command line (Linux). */
  pidOf(entry: "devnet" | "engine" | "runtime"): number | null {
    return (
      descendants(this.process.child.pid ?? 0).find((pid) => commandLine(pid).includes(`${entry}.js`)) ?? null
    );
  }

  get devnetLog(): string {
    return join(this.folder, "demo", "devnet", "log.jsonl");
  }

  #controlFile(): string {
    const file = join(this.folder, this.#mode, "control.json");
    if (!existsSync(file)) throw new Error("no control file yet");
    return file;
  }
}

/** The words a process was started with, a NUL behind each; empty when it has ended. */
export function commandLine(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8");
  } catch {
    return ""; // It has just ended.
  }
}

export function descendants(pid: number): number[] {
  const found: number[] = [];
  const queue = [pid];
  for (let parent = queue.shift(); parent !== undefined; parent = queue.shift()) {
    for (const child of childrenOf(parent)) {
      found.push(child);
      queue.push(child);
    }
  }
  return found;
}

function childrenOf(pid: number): number[] {
  try {
    const text = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim();
    return text === "" ? [] : text.split(" ").map(Number);
  } catch {
    return [];
  }
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    return false;
  }
}
