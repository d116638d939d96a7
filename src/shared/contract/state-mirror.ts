/**
 * A live copy of the engine's state: one snapshot, then deltas in sequence. A hole in the sequence, or a sequence
 * that starts again because the engine did, means the copy can't be trusted: it asks for a snapshot again.
 */
import type { ContractClient } from "./contract.ts";
import type { Delta, Snapshot } from "./views.ts";

export type MirrorClient = Pick<ContractClient, "invoke" | "on">;

export interface MirrorListener {
  /** The copy changed, or was confirmed by a new snapshot. */
  changed(snapshot: Snapshot): void;
  /** A snapshot could not be had; the copy stays as it was until `refresh` is called again. */
  failed(error: unknown): void;
}

/** What a delta means for a copy: the next one, an old one to ignore, or a hole. */
export function applyDelta(current: Snapshot, delta: Delta): Snapshot | "old" | "hole" {
  if (delta.seq === current.seq + 1) {
    return { seq: delta.seq, at: delta.at, state: { ...current.state, ...definedSlices(delta.slices) } };
  }
  if (delta.seq > current.seq) return "hole";
  // A lower number from a later time is a new engine counting from the start.
  return delta.at > current.at ? "hole" : "old";
}

export class StateMirror {
  readonly #client: MirrorClient;
  readonly #listener: MirrorListener;
  readonly #unsubscribe: () => void;
  #current: Snapshot | null = null;
  /** Deltas that arrived while a snapshot was on its way. */
  #waiting: Delta[] = [];
  #request: Promise<void> | null = null;
  #disposed = false;

  constructor(client: MirrorClient, listener: MirrorListener) {
    this.#client = client;
    this.#listener = listener;
    this.#unsubscribe = client.on("state.delta", (delta) => this.#receive(delta));
  }

  get current(): Snapshot | null {
    return this.#current;
  }

  /** Ask for a snapshot; calls while one is on its way join it. Never rejects. */
  refresh(): Promise<void> {
    this.#request ??= this.#fetch().finally(() => {
      this.#request = null;
    });
    return this.#request;
  }

  /** The engine this copy was of is gone: nothing of it is true any more. */
  forget(): void {
    this.#current = null;
    this.#waiting = [];
  }

  dispose(): void {
    this.#disposed = true;
    this.#unsubscribe();
  }

  async #fetch(): Promise<void> {
    try {
      const snapshot = await this.#client.invoke("state.snapshot", {});
      if (this.#disposed) return;
      const waiting = this.#waiting;
      this.#waiting = [];
      this.#set(waiting.reduce(catchUp, snapshot));
    } catch (error) {
      this.#waiting = [];
      if (!this.#disposed) this.#listener.failed(error);
    }
  }

  #receive(delta: Delta): void {
    if (this.#disposed) return;
    if (this.#request !== null) {
      this.#waiting.push(delta);
      return;
    }
    if (this.#current === null) return;
    const next = applyDelta(this.#current, delta);
    if (next === "old") return;
    if (next === "hole") {
      this.#waiting.push(delta);
      void this.refresh();
      return;
    }
    this.#set(next);
  }

  #set(snapshot: Snapshot): void {
    this.#current = snapshot;
    this.#listener.changed(snapshot);
  }
}

/** Deltas that overtook the snapshot follow on from it; those it contains already are dropped. */
function catchUp(current: Snapshot, delta: Delta): Snapshot {
  const next = applyDelta(current, delta);
  return typeof next === "string" ? current : next;
}

/** `undefined` in a slice must never overwrite what is known. */
function definedSlices(slices: Delta["slices"]): Partial<Snapshot["state"]> {
  return Object.fromEntries(Object.entries(slices).filter(([, value]) => value !== undefined));
}
