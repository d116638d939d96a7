/** The lines of a list that changes by itself: while it is held they stay in their places, each as it is now. */

export interface ShownLines<T> {
  readonly lines: readonly T[];
  /** New ones that come when it is let go. */
  readonly waiting: number;
}

interface StillOptions<T> {
  /** Where a line that is listed no more is still found; else it is shown as it was. */
  readonly all?: readonly T[];
  /** Which list it is, such as its order: another one is taken anew. */
  readonly list?: unknown;
}

export class StillLines<T> {
  readonly #keyOf: (line: T) => string;
  #kept: { readonly lines: readonly T[]; readonly list: unknown } | null = null;

  constructor(keyOf: (line: T) => string) {
    this.#keyOf = keyOf;
  }

  /** What is to be shown of the list as it is by now. */
  shown(now: readonly T[], held: boolean, { all = now, list = null }: StillOptions<T> = {}): ShownLines<T> {
    if (!held || this.#kept === null || this.#kept.list !== list) {
      this.#kept = held ? { lines: now, list } : null;
      return { lines: now, waiting: 0 };
    }
    const newest = new Map(all.map((line) => [this.#keyOf(line), line]));
    const lines = this.#kept.lines.map((line) => newest.get(this.#keyOf(line)) ?? line);
    const known = new Set(lines.map(this.#keyOf));
    this.#kept = { lines, list };
    return { lines, waiting: now.filter((line) => !known.has(this.#keyOf(line))).length };
  }
}
