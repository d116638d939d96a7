/**
 * Jobs that failed here: ran out of memory, or took their runtime down. Which one of a batch did it nobody knows, so each
 * runs by itself the next time, on a device where it has not failed, and after a few failures no more.
 */

/** A runtime that dies with the same job this often takes no further victim. */
const MAX_FAILURES = 3;

interface Suspicion {
  readonly failures: number;
  readonly failedOn: ReadonlySet<string>;
}

const NONE: Suspicion = { failures: 0, failedOn: new Set() };

export class Suspects {
  /** By the job's row. */
  readonly #suspicions = new Map<number, Suspicion>();
  /** By device: the jobs that failed there last, until it has taken others. */
  readonly #justFailed = new Map<string, Set<number>>();

  /** Returns whether that was once too often. */
  note(row: number, device: string | null): boolean {
    const { failures, failedOn } = this.#suspicions.get(row) ?? NONE;
    if (device !== null)
      this.#justFailed.set(device, (this.#justFailed.get(device) ?? new Set<number>()).add(row));
    this.#suspicions.set(row, {
      failures: failures + 1,
      failedOn: device === null ? failedOn : new Set([...failedOn, device]),
    });
    return failures + 1 >= MAX_FAILURES;
  }

  /** It ran when the engine ended, perhaps because of it: one more run at least. */
  recall(row: number, runs: number): void {
    this.#suspicions.set(row, { failures: Math.min(runs, MAX_FAILURES - 1), failedOn: new Set() });
  }

  has(row: number): boolean {
    return this.#suspicions.has(row);
  }

  /** It failed on this device and has not been tried on each of the others. */
  isLeftToOthers(row: number, device: string, others: readonly string[]): boolean {
    const failedOn = this.#suspicions.get(row)?.failedOn;
    return failedOn?.has(device) === true && others.some((other) => !failedOn.has(other));
  }

  /**
   * Did it fail as the last thing this device did? Then another job has its turn first: what becomes of that one tells
   * whether the job or the device is to blame.
   */
  hasJustFailed(row: number, device: string): boolean {
    return this.#justFailed.get(device)?.has(row) === true;
  }

  noteTaken(device: string): void {
    this.#justFailed.delete(device);
  }

  delete(row: number): void {
    this.#suspicions.delete(row);
  }
}
