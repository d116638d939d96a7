/** Time as the markets see it: wall milliseconds, and a block height that follows from them. */

import { sha3_256 } from "../shared/digest.ts";
import { SECOND } from "../shared/durations.ts";

/** Unix milliseconds. Tests hand in their own. */
export type Clock = () => number;

/** Both networks' documented block time (protocols/aicf.md §2.4, "~12 s"). */
export const DEFAULT_BLOCK_MS = 12 * SECOND;

export interface ChainHead {
  readonly height: number;
  /** 0x + 64 hex; follows from genesis and height, so that a restart changes no past block. */
  readonly hash: string;
  /** Unix ms at which that block appeared. */
  readonly timeMs: number;
}

/** A chain that only counts: one block each `blockMs` since genesis, block 1 being the genesis itself. */
export class BlockClock {
  readonly #genesisMs: number;
  readonly #blockMs: number;
  readonly #clock: Clock;

  constructor(genesisMs: number, blockMs: number, clock: Clock) {
    this.#genesisMs = genesisMs;
    this.#blockMs = blockMs;
    this.#clock = clock;
  }

  height(): number {
    return 1 + Math.max(0, Math.floor((this.#clock() - this.#genesisMs) / this.#blockMs));
  }

  /** Unix ms at which a height is reached. */
  timeOf(height: number): number {
    return this.#genesisMs + (height - 1) * this.#blockMs;
  }

  head(): ChainHead {
    const height = this.height();
    const hash = `0x${sha3_256(Buffer.from(`bellows-devnet/${this.#genesisMs}/${height}`, "utf8"))}`;
    return { height, hash, timeMs: this.timeOf(height) };
  }
}
