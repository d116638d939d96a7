/**
 * One device's worker: take a batch of ready jobs of one model, run it, make the results durable with their receipts,
 * take the next. What failures mean for the device and its models is device-health.ts.
 */
import type { CatalogueModel } from "../../shared/catalogue.ts";
import type { DeviceView } from "../../shared/contract/views.ts";
import { SECOND } from "../../shared/durations.ts";
import { AppError, toErrorValue, unreachable } from "../../shared/errors.ts";
import type { ItemResult } from "../../shared/runtime/protocol.ts";
import { toBeat, type Wakeup } from "../../shared/wait.ts";
import { type Said, say } from "../../shared/words/said.ts";
import type { Telemetry } from "../device/telemetry.ts";
import type { HeldLease } from "../ledger/leases.ts";
import type { Ledger } from "../ledger/ledger.ts";
import type { ResolvedModel } from "../models/store.ts";
import type { ReceiptSigner } from "../receipt/receipt.ts";
import { errorOf, ModelNotLoaded } from "../runtime-client/answers.ts";
import type { RunAnswer } from "../runtime-client/device-runtime.ts";
import type { WorkBoard } from "./board.ts";
import type { Rest } from "./breaker.ts";
import { DeviceFit, type DeviceFitDeps, needsModelOf } from "./device-fit.ts";
import { DeviceHealth } from "./device-health.ts";
import type { ComputedItem } from "./market-word.ts";
import { describeResult, workOf } from "./result.ts";

/** Past its longest allowed time by this much, a batch hangs: its process is killed. */
const HANG_GRACE = 5 * SECOND;
const IDLE_LOOK = 5 * SECOND;
/** While nobody holds anything that could be run; what comes rings. */
const EMPTY_LOOK = 30 * SECOND;
/** What a runtime says of the files of a model, which are the store's to know. */
const OF_ITS_FILES: ReadonlySet<string> = new Set(["MODEL_MISSING", "MODEL_CORRUPT", "MODEL_UNSAFE"]);
/** One that runs, one that is ready to. */
const BATCHES_UNDER_WAY = 2;

export interface DeviceWorkerDeps extends DeviceFitDeps {
  readonly board: WorkBoard;
  readonly ledger: Ledger;
  readonly signer: ReceiptSigner;
  /** The id under which a market knows us; receipts carry it. */
  readonly providerIdAt: (lease: HeldLease) => string;
  /** How long a job may wait for company, so that one batch serves both, ms. */
  readonly latencyBudgetMs: number;
  /** Somebody rented this device as a whole: it runs no jobs. */
  readonly isReserved: () => boolean;
  /** It is left to the machine's person for now (engine/presence): it takes nothing. */
  readonly isPaused: () => boolean;
  /** This device, or a model on it, rests from now on or no longer. */
  readonly onHealth?: () => void;
  /** Why this device and no GPU, in words; null when it is a GPU. */
  readonly noGpuReason: string | null;
}

export class DeviceWorker {
  readonly #deps: DeviceWorkerDeps;
  readonly #health: DeviceHealth;
  readonly #fit: DeviceFit;
  readonly #listeners = new Set<() => void>();
  #running = 0;
  /** How many jobs made the last batch full; null: none ran yet. */
  #lastLimit: number | null = null;
  /** Models whose jobs came together the last time. */
  readonly #sociable = new Set<string>();

  constructor(deps: DeviceWorkerDeps) {
    this.#deps = deps;
    this.#health = new DeviceHealth(deps.now, () => {
      this.#tell();
      deps.onHealth?.();
    });
    this.#fit = new DeviceFit(deps, this.#health);
    deps.runtime.onStatus(() => this.#tell());
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** It failed too often and takes nothing for a while; null: it works. */
  get rest(): Rest | null {
    return this.#health.rest;
  }

  /** Why the model is not run on this device for a while; null: it may be. */
  modelTrouble(model: string): AppError | null {
    return this.#health.modelTrouble(model);
  }

  /** false: this model (by id) is not this device's to run. */
  canBeAskedFor(model: string): boolean {
    return this.#fit.canBeAskedFor(model);
  }

  /** Why this device has no memory for the model now, in words; null: it has, or nobody knows. */
  memoryShortage(model: CatalogueModel): string | null {
    return this.#fit.memoryShortage(model);
  }

  /** Why this device is too slow for the job, in words; null: it is not, or nobody knows. */
  tooLong(lease: HeldLease, model: CatalogueModel): string | null {
    return this.#fit.pace.tooLong(lease, model);
  }

  /** Jobs that keep this device busy: one batch that runs and one that is ready to, of the model it ran last. */
  get appetite(): number {
    if (this.#health.isOnTrial) return 1;
    return BATCHES_UNDER_WAY * (this.#lastLimit ?? this.#fit.smallestLimit());
  }

  view(telemetry: Telemetry): DeviceView {
    const { device, status } = this.#deps.runtime;
    const stepDown = status.runtimeClass?.reason ?? null;
    const why = this.#whyNotAtWork();
    return {
      id: device.id,
      kind: device.kind,
      name: device.name,
      backend: status.runtimeClass?.backend ?? null,
      backendReason: device.kind === "cpu" ? this.#deps.noGpuReason : stepDown,
      state: this.rest?.kind === "failures" ? "breaker" : status.state,
      stateReason: why?.text ?? null,
      ...(why?.said && { stateSaid: why.said }),
      runtimePid: status.pid,
      enabled: true,
      paused: null,
      runningJobs: this.#running,
      temperatureC: telemetry.temperatureC,
      powerW: telemetry.powerW,
      utilisationPct: telemetry.utilisationPct,
      memoryUsedMb: telemetry.memoryUsedMb,
      memoryTotalMb: device.memoryTotalMb,
      textsPerSecond: status.textsPerSecond,
    };
  }

  #whyNotAtWork(): { readonly text: string; readonly said?: Said } | null {
    if (this.rest !== null) return this.rest;
    if (this.#deps.isReserved()) return say("rentedOut");
    const { reason } = this.#deps.runtime.status;
    return reason === null ? this.#health.modelSentence : { text: reason };
  }

  async run(signal: AbortSignal): Promise<void> {
    const { board } = this.#deps;
    const underWay = new Set<Promise<void>>();
    while (!signal.aborted) {
      if (underWay.size > 0) await this.#untilNextMayGo(underWay, signal);
      if (this.rest !== null) {
        await Promise.all(underWay);
        await this.#waitOutRest(this.rest, signal);
        continue;
      }
      if (this.#deps.isReserved() || this.#deps.isPaused()) {
        await ring(board.workReady, IDLE_LOOK, signal);
        continue;
      }
      await this.#waitForCompany(signal);
      if (signal.aborted) break;
      if (this.rest !== null || this.#deps.isPaused()) continue; // Since the wait for company.
      const taker = this.#fit.taker;
      const batch = board.takeBatch(taker);
      const [first] = batch;
      if (first === undefined) {
        if (underWay.size > 0) await Promise.race(underWay);
        else await ring(board.workReady, toBeat(board.count() === 0 ? EMPTY_LOOK : IDLE_LOOK), signal);
        continue;
      }
      const name = taker.modelOf(first);
      if (batch.length > 1) this.#sociable.add(name);
      else this.#sociable.delete(name);
      this.#lastLimit = this.#fit.usualBatch(taker, first);
      this.#count(batch.length);
      const running = this.#runBatch(batch, signal).finally(() => {
        underWay.delete(running);
        this.#count(-batch.length);
      });
      underWay.add(running);
    }
    await Promise.all(underWay);
  }

  /**
   * Jobs of one model that came together last time may do so again: until the batch is full, or the oldest of them has
   * waited long enough. One that comes alone is never kept waiting.
   */
  async #waitForCompany(signal: AbortSignal): Promise<void> {
    const { board, latencyBudgetMs } = this.#deps;
    while (!signal.aborted && this.#sociable.size > 0) {
      const next = board.nextBatch(this.#fit.taker);
      if (next === null || next.jobs >= next.limit || !this.#sociable.has(next.model)) return;
      const left = latencyBudgetMs - next.waitedMs;
      if (left <= 0) return;
      await ring(board.workReady, left, signal);
    }
  }

  /**
   * A second batch goes to the runtime while the first one runs, so that the device has it at once; but only a full
   * one: a smaller one may still grow.
   */
  async #untilNextMayGo(underWay: ReadonlySet<Promise<void>>, signal: AbortSignal): Promise<void> {
    const { board, runtime } = this.#deps;
    while (underWay.size > 0 && !signal.aborted) {
      const mayGo = underWay.size < BATCHES_UNDER_WAY && !this.#health.isOnTrial;
      const next = mayGo && runtime.status.state === "working" ? board.nextBatch(this.#fit.taker) : null;
      if (next !== null && next.jobs >= next.limit) return;
      if (this.rest !== null) return;
      await Promise.race([...underWay, ring(board.workReady, IDLE_LOOK, signal)]);
    }
  }

  #count(change: number): void {
    this.#running += change;
    this.#tell();
  }

  async #runBatch(batch: readonly HeldLease[], signal: AbortSignal): Promise<void> {
    const { board, runtime, now } = this.#deps;
    const startedAt = now();
    let resolved: ResolvedModel | null = null;
    let answer: RunAnswer;
    try {
      resolved = this.#fit.modelOf(batch[0] as HeldLease);
      answer = await runtime.run({
        model: resolved?.spec ?? null,
        items: batch.map((lease) => ({ key: String(lease.row), work: workOf(lease) })),
        deadlineMs: this.#fit.pace.allowance(batch, resolved?.model ?? null) + HANG_GRACE,
        signal,
      });
    } catch (thrown) {
      // Stopped: what is still held is either given back already or runs again after the next start.
      if (signal.aborted) return;
      const error = asAppError(thrown);
      // Whoever stopped it may have seen to these jobs; those that it did not know of must not wait for ever.
      if (error.code === "RUNTIME_STOPPED") board.putBack(batch, error.message);
      else {
        const gone = resolved !== null && (await this.#hasGone(resolved.model, error, signal));
        if (!signal.aborted) this.#giveUp(batch, gone ? null : resolved, error);
      }
      return;
    }
    this.#health.noteAnswer(resolved?.model.id ?? null, batch, answer);
    this.#fit.noteMemory(resolved?.model ?? null, batch.length);
    if (answer.items.every(({ ok }) => ok))
      this.#fit.pace.note(batch, resolved?.model ?? null, answer.totalMs, answer.runtimeClass.backend);
    board.noteServed(batch, answer.totalMs);
    this.#finish(batch, answer, resolved, startedAt);
  }

  /** Its files were taken away, or written to, since they were last looked at: no device is to rest for that. */
  async #hasGone(model: CatalogueModel, error: AppError, signal: AbortSignal): Promise<boolean> {
    if (!OF_ITS_FILES.has(error.code)) return false;
    try {
      await this.#deps.models.verify(model.id, signal);
      return false;
    } catch (thrown) {
      if (thrown instanceof AppError || signal.aborted) return !signal.aborted;
      throw thrown;
    }
  }

  /** The batch was not computed. `resolved`: null where it needs no model, or its model is not here any more. */
  #giveUp(batch: readonly HeldLease[], resolved: ResolvedModel | null, error: AppError): void {
    const { board, ledger, runtime, now, others } = this.#deps;
    ledger.audit("runtime-failed", now(), { device: runtime.device.id, ...error.toValue() });
    if (resolved !== null && isOutOfRoom(error) && this.#fit.noteNoRoom(resolved.model)) {
      // It was not the jobs that took the memory: another device has it, or they go back.
      board.putBack(batch, error.message);
      board.judgeAgain();
      return;
    }
    // The model went missing since the jobs were admitted: no device had a part in it.
    const isMissing = resolved === null && batch.some(needsModelOf);
    const fate = isMissing ? "elsewhere" : this.#health.noteThrown(resolved?.model.id ?? null, batch, error);
    switch (fate) {
      case "again":
        board.requeue(batch, error);
        break;
      case "put-back":
        board.putBack(batch, error.message);
        break;
      case "elsewhere":
        if (isMissing || others().length === 0) board.handBack(batch, error);
        else {
          board.putBack(batch, error.message);
          board.judgeAgain();
        }
        break;
      default:
        unreachable(fate);
    }
  }

  #finish(
    batch: readonly HeldLease[],
    answer: RunAnswer,
    resolved: ResolvedModel | null,
    startedAt: number,
  ): void {
    const { board, signer, providerIdAt, now } = this.#deps;
    const results = new Map<string, ItemResult>(answer.items.map((item) => [item.key, item]));
    const computed: ComputedItem[] = [];
    for (const lease of batch) {
      const item = results.get(String(lease.row));
      if (item?.ok !== true) {
        const error = item ? errorOf(item) : noAnswer();
        if (error.retryable) board.requeue([lease], error);
        else board.fail(lease, error);
        continue;
      }
      const timing = { startedAt, computedAt: now(), inferMs: answer.inferMs };
      const providerId = providerIdAt(lease);
      const about = { lease, item, answer, resolved, timing, batchSize: batch.length, providerId };
      computed.push(describeResult(about, signer));
    }
    board.completeBatch(computed);
  }

  async #waitOutRest(rest: Rest, signal: AbortSignal): Promise<void> {
    const left = Math.max(0, rest.until - this.#deps.now());
    await ring(this.#deps.board.workReady, Math.min(left, IDLE_LOOK), signal);
    this.#health.lookAtRest();
  }

  #tell(): void {
    for (const listener of this.#listeners) listener();
  }
}

function asAppError(thrown: unknown): AppError {
  return thrown instanceof AppError ? thrown : AppError.fromValue(toErrorValue(thrown));
}

function isOutOfRoom(error: AppError): boolean {
  return error instanceof ModelNotLoaded && error.code === "OUT_OF_MEMORY";
}

function noAnswer(): AppError {
  return new AppError({
    code: "RUNTIME_UNREADABLE",
    message: "The runtime left this job out of its answer",
    actor: "bug",
    retryable: true,
  });
}

/** Until the bell or the time; an abort ends the wait quietly, the loop around it looks at its signal next. */
async function ring(bell: Wakeup, ms: number, signal: AbortSignal): Promise<void> {
  await bell.wait(signal, ms).catch(() => undefined);
}
