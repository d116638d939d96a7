/**
 * One way to start, talk to and end our own processes, whoever really forks them: Node's child_process (headless),
 * Electron's utilityProcess (main), or Electron's main asked by the engine (brokered).
 */
import type { Channel } from "../shared/contract/rpc.ts";

export interface ProcessSpec {
  /** Shown in logs and process lists: "engine", "runtime cpu", "devnet". */
  readonly name: string;
  /** Absolute path of the built entry, dist/node/<entry>.js. */
  readonly entry: string;
  readonly args?: readonly string[];
  /** Added to the parent's environment; undefined removes a name. */
  readonly env?: Readonly<Record<string, string | undefined>>;
}

export interface ProcessExit {
  readonly code: number | null;
  readonly signal: string | null;
}

/** A started process. Its channel closes when it ends; `exited` always resolves, never rejects. */
export interface ManagedProcess extends Channel {
  /** A message posted after the channel closed is dropped: `onClose` and `exited` are what tells. */
  post(message: unknown): void;
  readonly name: string;
  /** Undefined until the operating system has answered. */
  readonly pid: number | undefined;
  readonly exited: Promise<ProcessExit>;
  /** Last lines of stderr, newest last: the cause when a native library dies. */
  stderrTail(): string;
  /** SIGTERM asks, SIGKILL ends within milliseconds (on Windows both terminate). */
  kill(signal: "SIGTERM" | "SIGKILL"): void;
}

export interface ProcessHost {
  spawn(spec: ProcessSpec): ManagedProcess;
}

/** The child's own end of the channel to whoever started it; null when it was started by hand. */
export interface ParentChannel extends Channel {
  readonly kind: "fork" | "utility";
  /** Resolves when everything posted so far has left this process: call it before process.exit. */
  flush(): Promise<void>;
}
