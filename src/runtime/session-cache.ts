/**
 * The models a device holds, within the memory they may fill: the least recently used one makes room. One always
 * stays, however big: the work that asked for it is worth the try, and the device itself says when it is too much.
 */
import { MIB } from "../shared/durations.ts";

export interface Releasable {
  release(): Promise<void>;
}

/** Where the free memory is unknown, this many models are few enough for any device that can work at all. */
const MODELS_WITHOUT_KNOWLEDGE = 2;
/** Working memory of a session beside its weights. */
const SESSION_BYTES = 128 * MIB;

interface Entry<T> {
  readonly model: T;
  readonly bytes: number;
}

export class SessionCache<T extends Releasable> {
  readonly #capacityBytes: number | null;
  /** A Map keeps its keys in order of insertion: the first is the least recently used. */
  readonly #entries = new Map<string, Entry<T>>();

  /** `capacityBytes`: memory of the device that models may fill; null: unknown. */
  constructor(capacityBytes: number | null) {
    this.#capacityBytes = capacityBytes;
  }

  /** The model, now the most recently used one. */
  get(id: string): T | undefined {
    const entry = this.#entries.get(id);
    if (entry === undefined) return undefined;
    this.#entries.delete(id);
    this.#entries.set(id, entry);
    return entry.model;
  }

  /** Call before a model of that size is loaded: releases what would not fit beside it. */
  async makeRoom(bytes: number): Promise<void> {
    while (this.#entries.size > 0 && !this.#fits(bytes)) await this.#releaseOldest();
  }

  put(id: string, model: T, bytes: number): void {
    this.#entries.set(id, { model, bytes });
  }

  /** One that is not held is none to release. */
  async release(id: string): Promise<void> {
    const entry = this.#entries.get(id);
    this.#entries.delete(id);
    await entry?.model.release();
  }

  /** Releases all, but for `kept`; returns how many there were. */
  async clear(kept?: string): Promise<number> {
    const others = this.ids.filter((id) => id !== kept);
    for (const id of others) await this.release(id);
    return others.length;
  }

  get ids(): string[] {
    return [...this.#entries.keys()];
  }

  #fits(bytes: number): boolean {
    if (this.#capacityBytes === null) return this.#entries.size < MODELS_WITHOUT_KNOWLEDGE;
    const held = [...this.#entries.values()].reduce((sum, entry) => sum + entry.bytes, 0);
    return held + bytes <= this.#capacityBytes;
  }

  async #releaseOldest(): Promise<void> {
    const [oldest] = this.#entries.keys();
    if (oldest !== undefined) await this.release(oldest);
  }
}

/** What a model takes on the device: what the engine knows of that, else its files and a session's working memory. */
export function memoryOf(spec: {
  readonly memoryBytes?: number | undefined;
  readonly files: readonly { readonly bytes: number }[];
}): number {
  return spec.memoryBytes ?? spec.files.reduce((sum, file) => sum + file.bytes, SESSION_BYTES);
}
