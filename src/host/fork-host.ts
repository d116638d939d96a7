/** ProcessHost over Node's child_process: the headless engine's runtimes, and the engine itself on an external Node. */
import { type ChildProcess, spawn } from "node:child_process";
import { MILLISECOND } from "../shared/durations.ts";
import { mergeEnvironment } from "./environment.ts";
import { Ending, Inbox } from "./listeners.ts";
import { partProgram } from "./own-program.ts";
import type { ManagedProcess, ProcessExit, ProcessHost, ProcessSpec } from "./process-host.ts";
import { forwardLines, TextTail } from "./text-tail.ts";

/** How long an ended process's stderr may stay open (a grandchild can hold it) before `exited` stops waiting. */
const STDERR_GRACE = 200 * MILLISECOND;

export interface ForkHostOptions {
  /** The Node that runs the entry; default: the program that we are. */
  readonly execPath?: string;
  /** What stands before the entry; default nothing of ours, so that no debugger port or loader is inherited. */
  readonly execArgv?: readonly string[];
  readonly onStdout?: (processName: string, line: string) => void;
  readonly onStderr?: (processName: string, line: string) => void;
}

/** Spawns with structured-clone messages (typed arrays arrive as such) and stdin closed. */
export class ForkProcessHost implements ProcessHost {
  readonly #options: ForkHostOptions;

  constructor(options: ForkHostOptions = {}) {
    this.#options = options;
  }

  spawn(spec: ProcessSpec): ManagedProcess {
    const own = partProgram();
    const { execPath = own.execPath, execArgv = own.execArgv } = this.#options;
    // Not `fork`: Electron's would ask for a plain Node, which a packaged app is not.
    const child = spawn(execPath, [...execArgv, spec.entry, ...(spec.args ?? [])], {
      env: mergeEnvironment(process.env, spec.env),
      serialization: "advanced",
      stdio: ["ignore", "pipe", "pipe", "ipc"],
      windowsHide: true,
    });
    endWithUs(child);
    return new ForkedProcess(spec.name, child, this.#options);
  }
}

class ForkedProcess implements ManagedProcess {
  readonly name: string;
  readonly exited: Promise<ProcessExit>;
  readonly #child: ChildProcess;
  readonly #messages = new Inbox<unknown>();
  readonly #closing = new Ending();
  readonly #stderr = new TextTail();

  constructor(name: string, child: ChildProcess, options: ForkHostOptions) {
    this.name = name;
    this.#child = child;
    child.on("message", (message) => this.#messages.emit(message));
    child.on("disconnect", () => this.#closing.end());
    child.stderr?.on("data", (chunk: Buffer) => this.#stderr.append(chunk));
    const { onStdout, onStderr } = options;
    if (child.stderr && onStderr) forwardLines(child.stderr, (line) => onStderr(name, line));
    // A pipe that nobody reads fills up and blocks the child.
    if (child.stdout && onStdout) forwardLines(child.stdout, (line) => onStdout(name, line));
    else child.stdout?.resume();
    this.exited = this.#awaitExit();
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  post(message: unknown): void {
    // The callback takes the error of a channel that closes under the message; `exited` reports the cause.
    if (this.#child.connected) this.#child.send(message as object, () => undefined);
  }

  onMessage(listener: (message: unknown) => void): () => void {
    return this.#messages.on(listener);
  }

  onClose(listener: () => void): () => void {
    return this.#closing.on(listener);
  }

  stderrTail(): string {
    return this.#stderr.toString();
  }

  kill(signal: "SIGTERM" | "SIGKILL"): void {
    this.#child.kill(signal);
  }

  #awaitExit(): Promise<ProcessExit> {
    return new Promise((resolve) => {
      const settle = (exit: ProcessExit) => {
        this.#closing.end();
        resolve(exit);
      };
      this.#child.on("exit", (code, signal) => {
        const grace = setTimeout(() => settle({ code, signal }), STDERR_GRACE);
        this.#child.on("close", () => {
          clearTimeout(grace);
          settle({ code, signal });
        });
      });
      this.#child.on("error", (error) => {
        // Also emitted for a failed send or kill: only a process that never began ends here.
        if (this.#child.pid !== undefined) return;
        this.#stderr.append(`${error.message}\n`);
        settle({ code: null, signal: null });
      });
    });
  }
}

const alive = new Set<ChildProcess>();

/** When this process exits, by whatever way runs JavaScript, its children are asked to end as well. */
function endWithUs(child: ChildProcess): void {
  if (alive.size === 0) process.on("exit", endAll);
  alive.add(child);
  const forget = () => {
    alive.delete(child);
    if (alive.size === 0) process.off("exit", endAll);
  };
  child.on("exit", forget);
  child.on("error", () => {
    if (child.pid === undefined) forget();
  });
}

function endAll(): void {
  for (const child of alive) child.kill("SIGTERM");
}
