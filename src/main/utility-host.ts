/**
 * ProcessHost over Electron's utilityProcess, and the broker's main side: the engine asks here for its runtimes,
 * because only main can fork one (host/broker-protocol.ts).
 */
import { MessageChannelMain, type UtilityProcess, utilityProcess } from "electron";
import { type BrokerEvent, type BrokerRequest, BrokerRequestSchema } from "../host/broker-protocol.ts";
import { mergeEnvironment } from "../host/environment.ts";
import { Ending, Inbox } from "../host/listeners.ts";
import type { ManagedProcess, ProcessExit, ProcessHost, ProcessSpec } from "../host/process-host.ts";
import { forwardLines, TextTail } from "../host/text-tail.ts";
import { unreachable } from "../shared/errors.ts";

export interface UtilityHostOptions {
  /** Entries a child may ask main to fork; anything else is refused. */
  readonly brokeredEntries: readonly string[];
  /** V8's options for what main itself spawns, not for what a child asks for. */
  readonly v8Options?: readonly string[];
  readonly onStderr?: (processName: string, line: string) => void;
}

/** Only after Electron's `ready`. */
export class UtilityProcessHost implements ProcessHost {
  readonly #options: UtilityHostOptions;

  constructor(options: UtilityHostOptions) {
    this.#options = options;
  }

  spawn(spec: ProcessSpec): ManagedProcess {
    const { v8Options = [] } = this.#options;
    const child = forkUtility(spec.name, spec.entry, spec.args ?? [], spec.env ?? {}, v8Options);
    const managed = new UtilityManagedProcess(spec.name, child, this.#options.onStderr);
    serveBroker(child, managed.exited, this.#options);
    return managed;
  }
}

function forkUtility(
  name: string,
  entry: string,
  args: readonly string[],
  env: Readonly<Record<string, string | null | undefined>>,
  v8Options: readonly string[] = [],
): UtilityProcess {
  return utilityProcess.fork(entry, [...args], {
    env: mergeEnvironment(process.env, env),
    serviceName: `Bellows ${name}`,
    stdio: ["ignore", "pipe", "pipe"],
    // Node does not read them here, as V8 has begun by then; Chromium does, under this name.
    execArgv: v8Options.length === 0 ? [] : [`--js-flags=${v8Options.join(" ")}`],
  });
}

class UtilityManagedProcess implements ManagedProcess {
  readonly name: string;
  readonly exited: Promise<ProcessExit>;
  readonly #child: UtilityProcess;
  readonly #messages = new Inbox<unknown>();
  readonly #closing = new Ending();
  readonly #stderr = new TextTail();
  #killed: "SIGTERM" | "SIGKILL" | null = null;

  constructor(name: string, child: UtilityProcess, onStderr: UtilityHostOptions["onStderr"]) {
    this.name = name;
    this.#child = child;
    child.on("message", (message: unknown) => this.#messages.emit(message));
    child.stderr?.on("data", (chunk: Buffer) => this.#stderr.append(chunk));
    if (child.stderr && onStderr) forwardLines(child.stderr, (line) => onStderr(name, line));
    child.stdout?.resume(); // A pipe that nobody reads fills up and blocks the child.
    this.exited = new Promise((resolve) => {
      child.once("exit", (code) => {
        this.#closing.end();
        // Electron tells no signal: an end that we asked for and that was not a clean one is ours.
        const byUs = code !== 0 && this.#killed !== null;
        resolve(byUs ? { code: null, signal: this.#killed } : { code, signal: null });
      });
    });
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  post(message: unknown): void {
    if (!this.#closing.ended) this.#child.postMessage(message);
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
    this.#killed = signal;
    killUtility(this.#child, signal);
  }
}

/** Carries out `spawn` and `kill` for one engine process, and ends all it forked when that process ends. */
function serveBroker(
  engine: UtilityProcess,
  engineExited: Promise<ProcessExit>,
  options: UtilityHostOptions,
): void {
  const children = new Map<number, UtilityProcess>();
  const tell = (event: BrokerEvent, ports: Electron.MessagePortMain[] = []) =>
    engine.postMessage(event, ports);

  engine.on("message", (message: unknown) => {
    const request = BrokerRequestSchema.safeParse(message);
    if (request.success) carryOut(request.data);
  });
  void engineExited.then(() => {
    for (const child of children.values()) killUtility(child, "SIGKILL");
    children.clear();
  });

  function carryOut(request: BrokerRequest): void {
    switch (request.type) {
      case "spawn":
        spawn(request);
        return;
      case "kill": {
        const child = children.get(request.id);
        if (child) killUtility(child, request.signal);
        return;
      }
      default:
        unreachable(request);
    }
  }

  function spawn({ id, spec }: Extract<BrokerRequest, { type: "spawn" }>): void {
    if (!options.brokeredEntries.includes(spec.entry)) {
      tell({ kind: "broker", type: "stderr", id, text: `${spec.entry} is not one of this app's runtimes\n` });
      tell({ kind: "broker", type: "exited", id, code: null, signal: null });
      return;
    }
    const child = forkUtility(spec.name, spec.entry, spec.args, spec.env);
    children.set(id, child);
    const { port1, port2 } = new MessageChannelMain();
    tell({ kind: "broker", type: "port", id }, [port1]);
    child.postMessage({ kind: "broker", type: "port" }, [port2]);
    child.once("spawn", () => {
      if (child.pid !== undefined) tell({ kind: "broker", type: "started", id, pid: child.pid });
    });
    child.stderr?.on("data", (chunk: Buffer) =>
      tell({ kind: "broker", type: "stderr", id, text: chunk.toString("utf8") }),
    );
    if (child.stderr && options.onStderr) {
      const { onStderr } = options;
      forwardLines(child.stderr, (line) => onStderr(spec.name, line));
    }
    child.stdout?.resume();
    child.once("exit", (code) => {
      if (!children.delete(id)) return; // The engine is gone: there is nobody to tell.
      tell({ kind: "broker", type: "exited", id, code, signal: null });
    });
  }
}

/** Electron knows only its own gentle end; the hard one goes to the process itself. */
function killUtility(child: UtilityProcess, signal: "SIGTERM" | "SIGKILL"): void {
  if (signal === "SIGTERM" || child.pid === undefined) {
    child.kill();
    return;
  }
  try {
    process.kill(child.pid, "SIGKILL");
  } catch {
    // It ended by itself in the meantime.
  }
}
