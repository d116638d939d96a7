/** ProcessHost of an engine inside an Electron utilityProcess: main forks for it (see broker-protocol.ts). */
import { unreachable } from "../shared/errors.ts";
import { type BrokerEvent, BrokerEventSchema, type BrokerRequest } from "./broker-protocol.ts";
import { Ending, Inbox } from "./listeners.ts";
import { type UtilityPort, utilityParentPort } from "./parent-channel.ts";
import type { ManagedProcess, ProcessExit, ProcessHost, ProcessSpec } from "./process-host.ts";
import { TextTail } from "./text-tail.ts";

/** Null outside a utilityProcess, where ForkProcessHost does the same work. */
export function openBrokeredHost(): BrokeredProcessHost | null {
  const parentPort = utilityParentPort();
  return parentPort && new BrokeredProcessHost(parentPort);
}

export class BrokeredProcessHost implements ProcessHost {
  readonly #main: UtilityPort;
  readonly #processes = new Map<number, BrokeredProcess>();
  #nextId = 1;

  constructor(main: UtilityPort) {
    this.#main = main;
    main.on("message", ({ data, ports }) => {
      const event = BrokerEventSchema.safeParse(data);
      if (event.success) this.#receive(event.data, ports?.[0]);
    });
  }

  spawn(spec: ProcessSpec): ManagedProcess {
    const id = this.#nextId++;
    const child = new BrokeredProcess(spec.name, (signal) =>
      this.#send({ kind: "broker", type: "kill", id, signal }),
    );
    this.#processes.set(id, child);
    const env = Object.fromEntries(
      Object.entries(spec.env ?? {}).map(([name, value]) => [name, value ?? null]),
    );
    this.#send({
      kind: "broker",
      type: "spawn",
      id,
      spec: { name: spec.name, entry: spec.entry, args: [...(spec.args ?? [])], env },
    });
    return child;
  }

  #send(request: BrokerRequest): void {
    this.#main.postMessage(request);
  }

  #receive(event: BrokerEvent, port: UtilityPort | undefined): void {
    const child = this.#processes.get(event.id);
    if (!child) return; // It has exited; what comes late about it means nothing.
    switch (event.type) {
      case "port":
        if (port) child.connect(port);
        return;
      case "started":
        child.pid = event.pid;
        return;
      case "stderr":
        child.stderr.append(event.text);
        return;
      case "exited":
        this.#processes.delete(event.id);
        child.end({ code: event.code, signal: event.signal });
        return;
      default:
        unreachable(event);
    }
  }
}

class BrokeredProcess implements ManagedProcess {
  readonly name: string;
  readonly exited: Promise<ProcessExit>;
  readonly stderr = new TextTail();
  pid: number | undefined;
  readonly kill: (signal: "SIGTERM" | "SIGKILL") => void;
  readonly #messages = new Inbox<unknown>();
  readonly #closing = new Ending();
  #port: UtilityPort | null = null;
  #unsent: unknown[] = [];
  #resolveExit: (exit: ProcessExit) => void = () => undefined;

  constructor(name: string, kill: (signal: "SIGTERM" | "SIGKILL") => void) {
    this.name = name;
    this.kill = kill;
    this.exited = new Promise((resolve) => {
      this.#resolveExit = resolve;
    });
  }

  connect(port: UtilityPort): void {
    this.#port = port;
    port.on("message", ({ data }) => this.#messages.emit(data));
    port.on("close", () => this.#closing.end());
    port.start?.();
    for (const message of this.#unsent) port.postMessage(message);
    this.#unsent = [];
  }

  end(exit: ProcessExit): void {
    this.#port?.close?.();
    this.#closing.end();
    this.#resolveExit(exit);
  }

  post(message: unknown): void {
    if (this.#closing.ended) return;
    if (this.#port) this.#port.postMessage(message);
    else this.#unsent.push(message);
  }

  onMessage(listener: (message: unknown) => void): () => void {
    return this.#messages.on(listener);
  }

  onClose(listener: () => void): () => void {
    return this.#closing.on(listener);
  }

  stderrTail(): string {
    return this.stderr.toString();
  }
}
