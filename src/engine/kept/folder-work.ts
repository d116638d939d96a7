/**
 * What a person has done about a folder that is fetched, checked and removed on their word: one thing at a time, with the
 * folder locked against other processes, told as it goes on, and ended at their word. What it is done to, and how, is
 * handed in.
 */
import type { FolderDoing, FolderWorkView } from "../../shared/contract/folder-work.ts";
import { SECOND } from "../../shared/durations.ts";
import { toErrorValue } from "../../shared/errors.ts";

const PROGRESS_EVERY = SECOND / 4;

interface Lock {
  release(): Promise<void>;
}

export interface FolderWorkOptions<Doing extends FolderDoing> {
  readonly idle: Doing;
  /** Rejects while another process or another work has the folder. */
  readonly lock: () => Promise<Lock>;
  /** After each work: what is there now. */
  readonly look: () => Promise<unknown>;
}

/** `Change`: what a listener is told of; "progress" is that numbers moved. */
export class FolderWork<Doing extends FolderDoing, Change extends string> {
  readonly #options: FolderWorkOptions<Doing>;
  readonly #listeners = new Set<(change: Change | "progress") => void>();
  #doing: Doing;
  #error: FolderWorkView["error"] = null;
  #checked: FolderWorkView["checked"] = null;
  #stop: AbortController | null = null;
  #work: Promise<void> = Promise.resolve();
  #toldAt = 0;

  constructor(options: FolderWorkOptions<Doing>) {
    this.#options = options;
    this.#doing = options.idle;
  }

  onChange(listener: (change: Change | "progress") => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  get doing(): Doing {
    return this.#doing;
  }

  view(): Doing & FolderWorkView {
    return { ...this.#doing, error: this.#error, checked: this.#checked };
  }

  /** Resolves when the work has the folder for itself. */
  async begin(doing: Partial<Doing>, work: (signal: AbortSignal) => Promise<void>): Promise<void> {
    const lock = await this.#options.lock();
    const stop = new AbortController();
    this.#stop = stop;
    this.#doing = { ...this.#options.idle, ...doing };
    this.#error = null;
    this.#checked = null;
    this.tell("progress");
    this.#work = this.#run(work, lock, stop);
  }

  /** Never rejects: what went wrong is in the view. */
  async #run(work: (signal: AbortSignal) => Promise<void>, lock: Lock, stop: AbortController): Promise<void> {
    try {
      await work(stop.signal).finally(() => lock.release());
    } catch (thrown) {
      if (!stop.signal.aborted) this.#error = toErrorValue(thrown);
    }
    this.#stop = null;
    this.#doing = this.#options.idle;
    try {
      await this.#options.look();
    } catch (thrown) {
      this.#error ??= toErrorValue(thrown);
      this.tell("progress");
    }
  }

  /** How far it is: told at once where something other than the bytes changed, else a few times a second. */
  note(now: Doing): void {
    const before = this.#doing;
    this.#doing = now;
    const isNews = now.step !== before.step || now.part !== before.part;
    if (isNews || performance.now() - this.#toldAt >= PROGRESS_EVERY) this.tell("progress");
  }

  noteChecked(checked: NonNullable<FolderWorkView["checked"]>): void {
    this.#checked = checked;
  }

  tell(change: Change | "progress"): void {
    this.#toldAt = performance.now();
    for (const listener of [...this.#listeners]) listener(change);
  }

  /** Resolves when nothing is under way any more; what went wrong is in the view. */
  async ended(): Promise<void> {
    await this.#work;
  }

  /** Ends what is under way, for the person; resolves when it has ended. */
  async cancel(): Promise<void> {
    this.#stop?.abort(new DOMException("Cancelled", "AbortError"));
    await this.#work;
  }

  /** Stops what is under way; it goes on when a person says so again. */
  async close(): Promise<void> {
    this.#stop?.abort(new DOMException("Shutting down", "AbortError"));
    await this.#work;
    this.#listeners.clear();
  }
}
