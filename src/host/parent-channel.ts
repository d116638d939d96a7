/**
 * The child's end of the channel to whoever started it: Node's fork channel, Electron's parentPort, or, in a brokered
 * child, the port that main hands over as the first message (see broker-protocol.ts).
 */
import { MILLISECOND } from "../shared/durations.ts";
import { BrokeredPortSchema, isBrokerMessage } from "./broker-protocol.ts";
import { Ending, Inbox } from "./listeners.ts";
import type { ParentChannel } from "./process-host.ts";

/** Electron does not say when a posted message has left the process; this was always enough. */
const UTILITY_FLUSH = 50 * MILLISECOND;

/** What we use of Electron's MessagePortMain and of its `process.parentPort`, which starts by itself. */
export interface UtilityPort {
  postMessage(message: unknown): void;
  on(event: "message", listener: (event: { data: unknown; ports?: UtilityPort[] }) => void): unknown;
  on(event: "close", listener: () => void): unknown;
  start?(): void;
  close?(): void;
}

/** Null when this process was started by hand: nobody is there to talk to. */
export function openParentChannel(): ParentChannel | null {
  const parentPort = utilityParentPort();
  if (parentPort) return new UtilityParentChannel(parentPort);
  return typeof process.send === "function" ? new ForkParentChannel() : null;
}

/** Electron's parentPort, found without importing electron; null outside a utilityProcess. */
export function utilityParentPort(): UtilityPort | null {
  return (process as unknown as { parentPort?: UtilityPort }).parentPort ?? null;
}

class ForkParentChannel implements ParentChannel {
  readonly kind = "fork";
  readonly #closing = new Ending();
  #lastSend: Promise<void> = Promise.resolve();

  constructor() {
    process.on("disconnect", () => this.#closing.end());
    if (!process.connected) this.#closing.end();
  }

  post(message: unknown): void {
    if (!process.connected) return;
    this.#lastSend = new Promise((resolve) => process.send?.(message, undefined, undefined, () => resolve()));
  }

  flush(): Promise<void> {
    return this.#lastSend;
  }

  onMessage(listener: (message: unknown) => void): () => void {
    // Node keeps messages until the first listener is there.
    process.on("message", listener);
    return () => process.off("message", listener);
  }

  onClose(listener: () => void): () => void {
    return this.#closing.on(listener);
  }
}

class UtilityParentChannel implements ParentChannel {
  readonly kind = "utility";
  readonly #messages = new Inbox<unknown>();
  readonly #closing = new Ending();
  /** Null until the first message has decided which port is ours. */
  #port: UtilityPort | null = null;
  #unsent: unknown[] = [];

  constructor(parentPort: UtilityPort) {
    parentPort.on("message", ({ data, ports }) => {
      const handed = BrokeredPortSchema.safeParse(data).success ? ports?.[0] : undefined;
      if (this.#port === null && handed) this.#listenTo(handed);
      if (this.#port === null) this.#settleOn(handed ?? parentPort);
      if (!isBrokerMessage(data)) this.#messages.emit(data);
    });
    parentPort.on("close", () => this.#closing.end());
  }

  post(message: unknown): void {
    if (this.#port) this.#port.postMessage(message);
    else this.#unsent.push(message);
  }

  flush(): Promise<void> {
    return new Promise((resolve) => setTimeout(resolve, UTILITY_FLUSH));
  }

  onMessage(listener: (message: unknown) => void): () => void {
    return this.#messages.on(listener);
  }

  onClose(listener: () => void): () => void {
    return this.#closing.on(listener);
  }

  #listenTo(port: UtilityPort): void {
    port.on("message", ({ data }) => this.#messages.emit(data));
    port.on("close", () => this.#closing.end());
    port.start?.();
  }

  #settleOn(port: UtilityPort): void {
    this.#port = port;
    for (const message of this.#unsent) port.postMessage(message);
    this.#unsent = [];
  }
}
