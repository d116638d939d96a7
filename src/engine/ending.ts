/**
 * An end in order that comes in time: every step has until its share of the whole time is gone, what is late or fails is
 * left behind, and the next step is reached all the same.
 */
import { delay } from "../shared/wait.ts";

const LOOK = 50;

/** Waits until `condition` holds, at most `patience` ms. */
export async function until(condition: () => boolean, patience: number): Promise<void> {
  const end = performance.now() + patience;
  while (!condition() && performance.now() < end) await delay(LOOK);
}

export class OrderlyEnd {
  readonly #began = performance.now();
  readonly #withinMs: number;
  readonly #troubles: unknown[] = [];

  constructor(withinMs: number) {
    this.#withinMs = withinMs;
  }

  /** Waits until `condition` holds, at most until `share` of the whole time is gone, nor longer than `atMost` ms. */
  async until(share: number, condition: () => boolean, atMost = Number.POSITIVE_INFINITY): Promise<void> {
    await this.now(() => until(condition, Math.min(this.#left(share), atMost)));
  }

  /** A step that takes a moment or is waited for by nobody. What it throws, or rejects with, waits for `result`. */
  async now(work: () => unknown): Promise<void> {
    try {
      await work();
    } catch (thrown) {
      this.#troubles.push(thrown);
    }
  }

  /** A step that is waited for until `share` of the whole time is gone; then its signal aborts, and it is left behind. */
  async step(share: number, work: (late: AbortSignal) => Promise<unknown>): Promise<void> {
    const late = new AbortController();
    const left = new AbortController();
    const over = delay(this.#left(share), left.signal).then(
      () => late.abort(new DOMException("The end can't wait for it", "TimeoutError")),
      () => undefined,
    );
    const unlessLate = async () => {
      await work(late.signal).catch((thrown: unknown) => {
        if (!late.signal.aborted) throw thrown;
      });
    };
    await Promise.race([this.now(unlessLate), over]);
    left.abort();
  }

  /** Throws the first thing that went wrong. */
  result(): void {
    if (this.#troubles.length > 0) throw this.#troubles[0];
  }

  #left(share: number): number {
    return Math.max(0, share * this.#withinMs - (performance.now() - this.#began));
  }
}
