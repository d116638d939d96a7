/**
 * One device's worker: take a batch of ready jobs of one model, run it, make the results durable with their receipts,
 * take the next. What failures mean for the device and its models is device-health.ts.
 */
import type { CatalogueModel } from "../../shared/catalogue.ts";
import type { DeviceView } from "../../shared/contract/views.ts";
import { SECOND } from "../../shared/durations.ts";
import { AppError, isAbort, toErrorValue, unreachable } from "../../shared/errors.ts";
import type { ItemResult } from "../../shared/runtime/protocol.ts";
import type { Wakeup } from "../../shared/wait.ts";
import { type Said, say } from "../../shared/words/said.ts";
import { needsModel } from "../../shared/work.ts";
import type { Telemetry } from "../device/telemetry.ts";
import type { HeldLease } from "../ledger/leases.ts";
import type { Ledger } from "../ledger/ledger.ts";
import type { ModelStore, ResolvedModel } from "../models/store.ts";
import type { ReceiptSigner } from "../receipt/receipt.ts";
import { errorOf } from "../runtime-client/answers.ts";
import type { DeviceRuntime, RunAnswer } from "../runtime-client/runtime-client.ts";
import { jobsPerBatch } from "./batch-size.ts";
import type { BatchTaker, ComputedItem, WorkBoard } from "./board.ts";
import type { Rest } from "./breaker.ts";
import { DeviceHealth } from "./device-health.ts";
import type { ModelMemory } from "./model-memory.ts";
import { describeResult, workOf } from "./result.ts";

/** A batch may take this long when its leases do not say. */
const DEFAULT_MAX_RUNTIME = 90 * SECOND;
/** Past its longest allowed time by this much, a batch hangs: its process is killed. */
const HANG_GRACE = 5 * SECOND;
const IDLE_LOOK = 5 * SECOND;
/** One that runs, one that is ready to. */
const BATCHES_UNDER_WAY = 2;

export interface DeviceWorkerDeps {
  readonly runtime: DeviceRuntime;
  readonly board: WorkBoard;
  readonly models: ModelStore;
  readonly ledger: Ledger;
  readonly signer: ReceiptSigner;
  /** The id under which a market knows us; receipts carry it. */
  readonly providerIdAt: (lease: HeldLease) => string;
  /** Jobs of a model run together at most; null: the model's batch table decides. */
  readonly batchSize: number | null;
  /** How long a job may wait for company, so that one batch serves both, ms. */
  readonly latencyBudgetMs: number;
  /** Of this device; null: unknown. */
  readonly freeMemoryMb: () => number | null;
  /** What our own process holds of this device's memory; null: unknown. */
  readonly ownMemoryMb: () => number | null;
  readonly memory: ModelMemory;
  /** Ids of the other devices that work. */
  readonly others: () => readonly string[];
  /** Somebody rented this device as a whole: it runs no jobs. */
  readonly isReserved: () => boolean;
  /** It is left to the machine's person for now (engine/presence): it takes nothing. */
  readonly isPaused: () => boolean;
  /** This device's newest self-test found that model's answers wrong here. */
  readonly isDistrusted?: (model: string) => boolean;
  /** This device, or a model on it, rests from now on or no longer. */
  readonly onHealth?: () => void;
  /** A job is ended after this long whatever its market allows, ms; absent: what it allows. */
  readonly jobMaxRuntimeMs?: number | undefined;
  /** Why this device and no GPU, in words; null when it is a GPU. */
  readonly noGpuReason: string | null;
  readonly now: () => number;
}

export class DeviceWorker {
  readonly #deps: DeviceWorkerDeps;
  readonly #health: DeviceHealth;
  readonly #listeners = new Set<() => void>();
  #running = 0;
  /** How many jobs made the last batch full; null: none ran yet. */
  #lastLimit: number | null = null;
  /** Models whose jobs came together the last time. */
  readonly #sociable = new Set<string>();
  /** The present process, and the one model it has run; null: several. */
  #only: { pid: number; model: string | null } = { pid: -1, model: null };

  constructor(deps: DeviceWorkerDeps) {
    this.#deps = deps;
    this.#health = new DeviceHealth(deps.now, () => {
      this.#tell();
      deps.onHealth?.();
    });
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
    const { models, runtime } = this.#deps;
    try {
      return runtime.canRun(models.resolve(model).spec);
    } catch (thrown) {
      if (thrown instanceof AppError) return true; // It is not here now, on no device.
      throw thrown;
    }
  }

  /** Jobs that keep this device busy: one batch that runs and one that is ready to, of the model it ran last. */
  get appetite(): number {
    if (this.#health.isOnTrial) return 1;
    return BATCHES_UNDER_WAY * (this.#lastLimit ?? this.#smallestLimit());
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
      const taker = this.#taker;
      const batch = board.takeBatch(taker);
      const [first] = batch;
      if (first === undefined) {
        if (underWay.size > 0) await Promise.race(underWay);
        else await ring(board.workReady, IDLE_LOOK, signal);
        continue;
      }
      const name = taker.modelOf(first);
      if (batch.length > 1) this.#sociable.add(name);
      else this.#sociable.delete(name);
      this.#lastLimit = taker.limit(first);
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
      const next = board.nextBatch(this.#taker);
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
      const next = mayGo && runtime.status.state === "working" ? board.nextBatch(this.#taker) : null;
      if (next !== null && next.jobs >= next.limit) return;
      if (this.rest !== null) return;
      await Promise.race([...underWay, ring(board.workReady, IDLE_LOOK, signal)]);
    }
  }

  #count(change: number): void {
    this.#running += change;
    this.#tell();
  }

  /** For one look at the board: what is found out of a model holds for all its jobs. */
  get #taker(): BatchTaker {
    const resolved = new Map<string, ResolvedModel | null>();
    const modelOf = (lease: HeldLease): ResolvedModel | null => {
      if (!needsModelOf(lease)) return null;
      if (!resolved.has(lease.model)) resolved.set(lease.model, this.#modelOrNull(lease));
      return resolved.get(lease.model) ?? null;
    };
    const runnable = new Map<ResolvedModel, boolean>();
    return {
      device: this.#deps.runtime.device.id,
      others: this.#deps.others(),
      limit: (first) =>
        this.#health.isOnTrial ? 1 : this.#limitOf(modelOf(first)?.model.batchTable ?? null),
      modelOf: (lease) => modelOf(lease)?.model.id ?? nameWithoutModel(lease),
      canRun: (lease) => {
        const model = modelOf(lease);
        if (model === null) return true;
        const known = runnable.get(model) ?? this.#canRun(model);
        runnable.set(model, known);
        return known;
      },
    };
  }

  #canRun({ model, spec }: ResolvedModel): boolean {
    if (!this.#deps.runtime.canRun(spec)) return false;
    if (this.#deps.isDistrusted?.(model.id) === true || this.modelTrouble(model.id) !== null) return false;
    return this.memoryShortage(model) === null;
  }

  /** ms */
  #mayTake({ maxRuntimeMs }: HeldLease): number {
    const { jobMaxRuntimeMs = Number.POSITIVE_INFINITY } = this.#deps;
    return Math.min(maxRuntimeMs ?? DEFAULT_MAX_RUNTIME, jobMaxRuntimeMs);
  }

  /** Why this device has no memory for the model now, in words; null: it has, or nobody knows. */
  memoryShortage(model: CatalogueModel): string | null {
    const { runtime, memory } = this.#deps;
    if (runtime.device.kind === "cpu" || runtime.holds(model.id)) return null;
    return memory.shortage(model, runtime.device, this.#usableMemoryMb());
  }

  /** What is free, and what our own process holds for other models: it gives that up for the next one. */
  #usableMemoryMb(): number | null {
    const { freeMemoryMb, ownMemoryMb } = this.#deps;
    const free = freeMemoryMb();
    return free === null ? null : free + (ownMemoryMb() ?? 0);
  }

  #limitOf(table: CatalogueModel["batchTable"] | null): number {
    const { batchSize, runtime } = this.#deps;
    return jobsPerBatch(table, {
      kind: runtime.device.kind,
      freeMb: this.#usableMemoryMb(),
      wanted: batchSize,
    });
  }

  /** Before the first batch nobody knows which model is asked for. */
  #smallestLimit(): number {
    const { models } = this.#deps;
    const limits = models.offeredNames().map((name) => this.#limitOf(models.find(name).batchTable));
    return Math.min(...limits, this.#limitOf(null));
  }

  #modelOrNull(lease: HeldLease): ResolvedModel | null {
    try {
      return this.#modelOf(lease);
    } catch (thrown) {
      if (thrown instanceof AppError) return null;
      throw thrown;
    }
  }

  /** null: its work needs none. */
  #modelOf(lease: HeldLease): ResolvedModel | null {
    return needsModelOf(lease) ? this.#deps.models.resolve(lease.model) : null;
  }

  async #runBatch(batch: readonly HeldLease[], signal: AbortSignal): Promise<void> {
    const { board, runtime, now } = this.#deps;
    const startedAt = now();
    let resolved: ResolvedModel | null = null;
    let answer: RunAnswer;
    try {
      resolved = this.#modelOf(batch[0] as HeldLease);
      answer = await runtime.run({
        model: resolved?.spec ?? null,
        items: batch.map((lease) => ({ key: String(lease.row), work: workOf(lease) })),
        deadlineMs: Math.max(...batch.map((lease) => this.#mayTake(lease))) + HANG_GRACE,
        signal,
      });
    } catch (thrown) {
      // Stopped: what is still held is either given back already or runs again after the next start.
      if (signal.aborted || isAbort(thrown)) return;
      const error = asAppError(thrown);
      if (error.code !== "RUNTIME_STOPPED") this.#giveUp(batch, resolved, error);
      return;
    }
    this.#health.noteAnswer(resolved?.model.id ?? null, batch, answer);
    this.#noteMemory(resolved?.model ?? null);
    board.noteServed(batch, answer.totalMs);
    this.#finish(batch, answer, resolved, startedAt);
  }

  /** The batch was not computed. */
  #giveUp(batch: readonly HeldLease[], resolved: ResolvedModel | null, error: AppError): void {
    const { board, ledger, runtime, now, others } = this.#deps;
    ledger.audit("runtime-failed", now(), { device: runtime.device.id, ...error.toValue() });
    // It went missing since it was admitted, or the work is none: no device had a part in it.
    const atFault = resolved === null && batch.some(needsModelOf);
    const fate = atFault ? "elsewhere" : this.#health.noteThrown(resolved?.model.id ?? null, batch, error);
    switch (fate) {
      case "again":
        board.requeue(batch, error);
        break;
      case "put-back":
        board.putBack(batch, error.message);
        break;
      case "elsewhere":
        if (atFault || others().length === 0) board.handBack(batch, error);
        else {
          board.putBack(batch, error.message);
          board.judgeAgain();
        }
        break;
      default:
        unreachable(fate);
    }
  }

  /** While a process has run one model only, what it holds is what the model needs. */
  #noteMemory(model: CatalogueModel | null): void {
    const { runtime, ownMemoryMb, memory } = this.#deps;
    const { pid } = runtime.status;
    if (model === null || pid === null || runtime.device.kind === "cpu") return;
    if (this.#only.pid !== pid) this.#only = { pid, model: model.id };
    else if (this.#only.model !== model.id) this.#only = { pid, model: null };
    const used = ownMemoryMb();
    if (this.#only.model !== null && used !== null) memory.noteAlone(model, runtime.device, used);
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

function needsModelOf({ work }: HeldLease): boolean {
  return work.kind === "unsupported" || needsModel(work.kind);
}

/** Such jobs share a batch all the same; those of a model that went missing are handed back when they run. */
function nameWithoutModel({ work, model }: HeldLease): string {
  return work.kind === "vector" ? work.kind : model;
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
