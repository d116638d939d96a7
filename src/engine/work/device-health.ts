/**
 * What a device's failures mean: the device rests, one of its models rests on it, or nobody is to blame. And what becomes
 * of the jobs that were not computed.
 */
import { SECOND } from "../../shared/durations.ts";
import type { AppError } from "../../shared/errors.ts";
import { type Sentence, say, sayError } from "../../shared/words/said.ts";
import type { HeldLease } from "../ledger/leases.ts";
import { errorOf, failedOnDevice, isModelTrouble } from "../runtime-client/answers.ts";
import type { RunAnswer } from "../runtime-client/device-runtime.ts";
import { Breaker, type Rest } from "./breaker.ts";
import { ModelRests } from "./model-rests.ts";

/** A catalogue id; null: work that needs no model. */
type ModelId = string | null;

/**
 * `again`: they run again, each by itself. `put-back`: they never began. `elsewhere`: this device can't compute them,
 * another one may.
 */
export type Fate = "again" | "put-back" | "elsewhere";

/** Of a runtime that is not started again yet and does not say when it will be. */
const UNSAID_PAUSE = SECOND;

export class DeviceHealth {
  readonly #breaker = new Breaker();
  readonly #models = new ModelRests();
  readonly #now: () => number;
  readonly #onChange: () => void;

  /** `onChange`: the device, or a model on it, rests from now on or no longer. */
  constructor(now: () => number, onChange: () => void) {
    this.#now = now;
    this.#onChange = onChange;
  }

  /** null: the device works. */
  get rest(): Rest | null {
    return this.#breaker.rest;
  }

  get isOnTrial(): boolean {
    return this.#breaker.isOnTrial;
  }

  /** Why this model is not run here now; null: it may be. */
  modelTrouble(model: string): AppError | null {
    return this.#models.reason(model, this.#now());
  }

  /** For whoever looks at the device; null: no model rests here. */
  get modelSentence(): Sentence | null {
    const resting = this.#models.first(this.#now());
    return resting && say("modelRests", { model: resting.model, cause: sayError(resting.error).said });
  }

  /** To be called while the device rests: ends the rest when its time is over. */
  lookAtRest(): void {
    if (this.#breaker.endRest(this.#now())) this.#onChange();
  }

  noteAnswer(model: ModelId, batch: readonly HeldLease[], answer: RunAnswer): void {
    if (!failedOnDevice(answer.runtimeClass, answer.items)) {
      // One item that came out is proof; a batch of which each item was refused for its own fault proves nothing.
      if (!answer.items.some(({ ok }) => ok)) return;
      this.#breaker.noteSuccess();
      if (model !== null) this.#models.noteSuccess(model);
      return;
    }
    const [error] = answer.items.flatMap((item) => (item.ok ? [] : [errorOf(item)]));
    if (error !== undefined) this.#noteFailure(model, batch, error);
  }

  /** The runtime threw. */
  noteThrown(model: ModelId, batch: readonly HeldLease[], error: AppError): Fate {
    const now = this.#now();
    // Less beside it, or another device, may have the memory.
    if (error.code === "OUT_OF_MEMORY") return "again";
    if (model !== null && isModelTrouble(error)) {
      this.#models.noteNotLoaded(model, error, now);
      this.#onChange();
      return "elsewhere";
    }
    if (error.code === "RUNTIME_BACKING_OFF") {
      this.#breaker.holdFor(error.retryAfterMs ?? UNSAID_PAUSE, sayError(error), now);
      this.#onChange();
      return "put-back";
    }
    // Not of a process that lived: it never came to the jobs, and it says that trying again is no use.
    const isFinal = !error.retryable && !error.code.startsWith("RUNTIME_");
    this.#noteFailure(model, batch, error, isFinal);
    return isFinal ? "elsewhere" : "again";
  }

  #noteFailure(model: ModelId, batch: readonly HeldLease[], error: AppError, isFinal = false): void {
    const now = this.#now();
    const jobs = batch.map(({ row }) => row);
    if (!this.#breaker.noteFailure(jobs, sayError(error).said, now, isFinal)) return;
    if (this.#breaker.rest !== null) {
      this.#models.forgetFailures();
      this.#onChange();
    } else if (model !== null && this.#models.noteFailedBatch(model, error, now)) this.#onChange();
  }
}
