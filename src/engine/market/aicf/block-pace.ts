/** How fast the chain's blocks come, from the heights seen so far: what is told in blocks can be said in hours. */
import { SECOND } from "../../../shared/durations.ts";

/** Fewer tell nothing: one block more or less would be half the answer. */
const FEWEST_BLOCKS = 4;
const SHORTEST_SPAN = 10 * SECOND;

export class BlockPace {
  #first: { height: number; at: number } | null = null;
  #last: { height: number; at: number } | null = null;

  /** `at`: unix ms, by our clock. A height that falls (another chain, a reorganisation) begins anew. */
  note(height: number | null | undefined, at: number): void {
    if (height == null) return;
    if (this.#first === null || height < (this.#last?.height ?? 0)) this.#first = { height, at };
    this.#last = { height, at };
  }

  /** ms; null while too few blocks were seen. */
  get msPerBlock(): number | null {
    if (this.#first === null || this.#last === null) return null;
    const blocks = this.#last.height - this.#first.height;
    const span = this.#last.at - this.#first.at;
    return blocks < FEWEST_BLOCKS || span < SHORTEST_SPAN ? null : span / blocks;
  }
}
