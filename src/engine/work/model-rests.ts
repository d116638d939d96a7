/**
 * Models that one device can't compute: such a model rests on that device alone, the device goes on with the others. A
 * model that does not load rests at once; one whose batches fail while others succeed, after three of them.
 */
import { MINUTE } from "../../shared/durations.ts";
import type { AppError } from "../../shared/errors.ts";
import { hasPassed } from "../../shared/wait.ts";

const FAILED_BATCHES_TO_REST = 3;
const REST = { first: 3 * MINUTE, longest: 48 * MINUTE } as const;

interface Trouble {
  /** Batches that failed in a row. */
  readonly failures: number;
  /** Rests since the model last ran here. */
  readonly rests: number;
  /** The present rest, or the last one: unix ms, ms. */
  readonly since: number;
  readonly length: number;
  readonly error: AppError | null;
}

const NONE: Trouble = { failures: 0, rests: 0, since: 0, length: 0, error: null };

export class ModelRests {
  readonly #troubles = new Map<string, Trouble>();

  noteSuccess(model: string): void {
    this.#troubles.delete(model);
  }

  noteNotLoaded(model: string, error: AppError, now: number): void {
    this.#rest(model, error, now);
  }

  /** No job of a batch came out. Returns whether the model rests now. */
  noteFailedBatch(model: string, error: AppError, now: number): boolean {
    const before = this.#troubles.get(model) ?? NONE;
    if (before.failures + 1 < FAILED_BATCHES_TO_REST && before.rests === 0) {
      this.#troubles.set(model, { ...before, failures: before.failures + 1 });
      return false;
    }
    this.#rest(model, error, now);
    return true;
  }

  /** The device itself was found to blame: what was held against its models is taken back. */
  forgetFailures(): void {
    for (const [model, trouble] of this.#troubles) if (trouble.error === null) this.#troubles.delete(model);
  }

  /** Why the model is not run here now; null: it may be. */
  reason(model: string, now: number): AppError | null {
    const trouble = this.#troubles.get(model);
    if (trouble === undefined || hasPassed(trouble.length, trouble.since, now)) return null;
    return trouble.error;
  }

  /** The first of those that rest now. */
  first(now: number): { readonly model: string; readonly error: AppError } | null {
    for (const model of this.#troubles.keys()) {
      const error = this.reason(model, now);
      if (error !== null) return { model, error };
    }
    return null;
  }

  #rest(model: string, error: AppError, now: number): void {
    const { rests } = this.#troubles.get(model) ?? NONE;
    const length = Math.min(REST.longest, REST.first * 2 ** rests);
    this.#troubles.set(model, { failures: 0, rests: rests + 1, since: now, length, error });
  }
}
