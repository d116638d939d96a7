/** The two kinds of subscription a channel needs: a stream that forgets nothing, and an ending that happens once. */

/** A stream of values; what comes before anybody has ever listened is kept for the first listener. */
export class Inbox<T> {
  readonly #listeners = new Set<(value: T) => void>();
  /** Null once somebody has listened: from then on nothing is kept. */
  #waiting: T[] | null = [];

  emit(value: T): void {
    this.#waiting?.push(value);
    for (const listener of [...this.#listeners]) listener(value);
  }

  /** Returns the unsubscribe function. */
  on(listener: (value: T) => void): () => void {
    this.#listeners.add(listener);
    const waiting = this.#waiting ?? [];
    this.#waiting = null;
    for (const value of waiting) listener(value);
    return () => this.#listeners.delete(listener);
  }
}

/** Something that happens at most once; whoever subscribes later is told as well. */
export class Ending {
  readonly #listeners = new Set<() => void>();
  #ended = false;

  get ended(): boolean {
    return this.#ended;
  }

  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    for (const listener of [...this.#listeners]) listener();
    this.#listeners.clear();
  }

  /** Returns the unsubscribe function. */
  on(listener: () => void): () => void {
    if (this.#ended) queueMicrotask(listener);
    else this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}
