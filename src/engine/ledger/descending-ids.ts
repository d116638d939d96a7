/** Ids of one sort of row, the highest first, read ahead in growing chunks; several such streams merge into one. */

const FIRST_CHUNK = 32;
const GROWTH = 4;

export class DescendingIds {
  readonly #read: (below: number, count: number) => number[];
  #chunk: number[];
  #size = FIRST_CHUNK;
  #at = 0;

  /** `read`: the highest `count` ids below `below`, the highest first. */
  constructor(read: (below: number, count: number) => number[], below: number) {
    this.#read = read;
    this.#chunk = read(below, this.#size);
  }

  /** The highest that was not taken yet; null: there are no more. */
  get id(): number | null {
    return this.#chunk[this.#at] ?? null;
  }

  advance(): void {
    const last = this.id;
    this.#at++;
    if (last === null || this.#at < this.#chunk.length || this.#chunk.length < this.#size) return;
    this.#size *= GROWTH;
    this.#chunk = this.#read(last, this.#size);
    this.#at = 0;
  }
}

/** The highest `limit` ids of all streams together; no id may be in two of them. */
export function newestOf(streams: readonly DescendingIds[], limit: number): number[] {
  const ids: number[] = [];
  while (ids.length < limit) {
    let best: DescendingIds | null = null;
    let highest = Number.NEGATIVE_INFINITY;
    for (const stream of streams) {
      const { id } = stream;
      if (id === null || id <= highest) continue;
      best = stream;
      highest = id;
    }
    if (best === null) break;
    ids.push(highest);
    best.advance();
  }
  return ids;
}
