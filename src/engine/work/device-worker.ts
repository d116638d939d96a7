/**
 * One device's worker: take a batch of ready jobs of one model, run it, make the results durable with their receipts,
 * take the next. Three failures in a row open the breaker: the device rests, and says why.
 */
import type { CatalogueModel } from "../../shared/catalogue.ts";
import type { DeviceView } from "../../shared/contract/views.ts";
import { MILLISECOND, MINUTE, SECOND } from "../../shared/durations.ts";
import { AppError, isAbort, toErrorValue } from "../../shared/errors.ts";
import type { ItemResult } from "../../shared/runtime/protocol.ts";
import { pause, type Wakeup } from "../../shared/wait.ts";
import { needsModel } from "../../shared/work.ts";
import type { Telemetry } from "../device/telemetry.ts";
import type { HeldLease } from "../ledger/leases.ts";
import type { Ledger } from "../ledger/ledger.ts";
import type { ModelStore, ResolvedModel } from "../models/store.ts";
import type { ReceiptSigner } from "../receipt/receipt.ts";
import type { DeviceRuntime, RunAnswer } from "../runtime-client/runtime-client.ts";
import { jobsPerBatch } from "./batch-size.ts";
import type { BatchTaker, ComputedItem, WorkBoard } from "./board.ts";
import type { ModelMemory } from "./model-memory.ts";
import { describeResult, workOf } from "./result.ts";

const FAILURES_TO_BREAK = 3;
const BREAK = 3 * MINUTE;
/** A batch may take this long when its leases do not say. */
const DEFAULT_MAX_RUNTIME = 90 * SECOND;
/** Past its longest allowed time by this much, a batch hangs: its process is killed. */
const HANG_GRACE = 5 * SECOND;
const IDLE_LOOK = 5 * SECOND;
/** One that runs, one that is ready to. */
const BATCHES_UNDER_WAY = 2;
/** How long a job may wait for company, so that one batch serves both. */
const LATENCY_BUDGET = 5 * MILLISECOND;

export interface DeviceWorkerDeps {
  readonly runtime: DeviceRuntime;
  readonly board: WorkBoard;
  readonly models: ModelStore;
  readonly ledger: Ledger;
  readonly signer: ReceiptSigner;
  /** The id under which a market knows us; receipts carry it. */
  readonly providerIdAt: (lease: HeldLease) => string;
  readonly batchSize: number;
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
  /** A job is ended after this long whatever its market allows, ms; absent: what it allows. */
  readonly jobMaxRuntimeMs?: number | undefined;
  /** Why this device and no GPU, in words; null when it is a GPU. */
  readonly noGpuReason: string | null;
  readonly now: () => number;
}

export class DeviceWorker {
  readonly #deps: DeviceWorkerDeps;
  readonly #listeners = new Set<() => void>();
  #running = 0;
  #failuresInRow = 0;
  /** How many jobs made the last batch full. */
  #fullBatch = Number.POSITIVE_INFINITY;
  /** The present process, and the one model it has run; null: several. */
  #only: { pid: number; model: string | null } = { pid: -1, model: null };
  #breaker: { until: number; reason: string } | null = null;

  constructor(deps: DeviceWorkerDeps) {
    this.#deps = deps;
    deps.runtime.onStatus(() => this.#tell());
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  view(telemetry: Telemetry): DeviceView {
    const { device, status } = this.#deps.runtime;
    const stepDown = status.runtimeClass?.reason ?? null;
    return {
      id: device.id,
      kind: device.kind,
      name: device.name,
      backend: status.runtimeClass?.backend ?? null,
      backendReason: device.kind === "cpu" ? this.#deps.noGpuReason : stepDown,
      state: this.#breaker ? "breaker" : status.state,
      stateReason:
        this.#breaker?.reason ?? (this.#deps.isReserved() ? "Rented out: it runs no jobs" : status.reason),
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

  async run(signal: AbortSignal): Promise<void> {
    const { board } = this.#deps;
    const underWay = new Set<Promise<void>>();
    let lastBatch = 0;
    while (!signal.aborted) {
      if (underWay.size > 0) await this.#untilNextMayGo(underWay, signal);
      if (this.#breaker !== null) {
        await Promise.all(underWay);
        await this.#restIfBroken(signal);
        continue;
      }
      if (this.#deps.isReserved() || this.#deps.isPaused()) {
        await ring(board.workReady, IDLE_LOOK, signal);
        continue;
      }
      // Jobs that came together last time may do so again; one that comes alone is never kept waiting.
      if (lastBatch > 1 && board.readyCount() === 1) await ring(board.workReady, LATENCY_BUDGET, signal);
      if (signal.aborted) break;
      if (this.#deps.isPaused()) continue; // Since the wait for company.
      const batch = board.takeBatch(this.#taker);
      if (batch.length === 0) {
        if (underWay.size > 0) await Promise.race(underWay);
        else await ring(board.workReady, IDLE_LOOK, signal);
        continue;
      }
      lastBatch = batch.length;
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
   * A second batch goes to the runtime while the first one runs, so that the device has it at once; but only a full
   * one: a smaller one may still grow.
   */
  async #untilNextMayGo(underWay: ReadonlySet<Promise<void>>, signal: AbortSignal): Promise<void> {
    const { board, runtime } = this.#deps;
    const one = Promise.race(underWay).then(() => true);
    while (!signal.aborted) {
      const ready = board.readyCount((lease) => this.#canRun(lease));
      if (underWay.size < BATCHES_UNDER_WAY && runtime.status.state === "working" && ready >= this.#fullBatch)
        return;
      if (await Promise.race([one, ring(board.workReady, IDLE_LOOK, signal).then(() => false)])) return;
    }
  }

  #count(change: number): void {
    this.#running += change;
    this.#tell();
  }

  get #taker(): BatchTaker {
    return {
      device: this.#deps.runtime.device.id,
      others: this.#deps.others(),
      limit: (first) => {
        this.#fullBatch = this.#batchLimit(first);
        return this.#fullBatch;
      },
      modelOf: (lease) => this.#modelKey(lease),
      canRun: (lease) => this.#canRun(lease),
    };
  }

  #canRun(lease: HeldLease): boolean {
    const model = this.#modelOrNull(lease)?.model;
    if (model === undefined) return true;
    return this.#deps.isDistrusted?.(model.id) !== true && this.memoryShortage(model) === null;
  }

  /** ms */
  #mayTake({ maxRuntimeMs }: HeldLease): number {
    const { jobMaxRuntimeMs = Number.POSITIVE_INFINITY } = this.#deps;
    return Math.min(maxRuntimeMs ?? DEFAULT_MAX_RUNTIME, jobMaxRuntimeMs);
  }

  /** Why this device has no memory for the model now, in words; null: it has, or nobody knows. */
  memoryShortage(model: CatalogueModel): string | null {
    const { runtime, memory, freeMemoryMb, ownMemoryMb } = this.#deps;
    if (runtime.device.kind === "cpu" || runtime.holds(model.id)) return null;
    const free = freeMemoryMb();
    // What our own process holds for other models it gives up for this one.
    return memory.shortage(model, free === null ? null : free + (ownMemoryMb() ?? 0));
  }

  /** On a GPU the model's batch table has its say; on the CPU memory is not what limits a batch. */
  #batchLimit(first: HeldLease): number {
    const { batchSize, freeMemoryMb, runtime } = this.#deps;
    if (runtime.device.kind === "cpu") return batchSize;
    const model = this.#modelOrNull(first)?.model;
    return model === undefined ? batchSize : jobsPerBatch(model.batchTable, freeMemoryMb(), batchSize);
  }

  /** What may share a batch: the model behind the name; a model that went missing fails its own jobs when they run. */
  #modelKey(lease: HeldLease): string {
    return needsModelOf(lease) ? (this.#modelOrNull(lease)?.model.id ?? lease.model) : lease.work.kind;
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
    try {
      const resolved = this.#modelOf(batch[0] as HeldLease);
      const answer = await runtime.run({
        model: resolved?.spec ?? null,
        items: batch.map((lease) => ({ key: String(lease.row), work: workOf(lease) })),
        deadlineMs: Math.max(...batch.map((lease) => this.#mayTake(lease))) + HANG_GRACE,
        signal,
      });
      this.#failuresInRow = 0;
      this.#noteMemory(resolved?.model ?? null);
      board.noteServed(batch, answer.totalMs);
      this.#finish(batch, answer, resolved, startedAt);
    } catch (thrown) {
      // Stopped: what is still held is either given back already or runs again after the next start.
      if (signal.aborted || isAbort(thrown)) return;
      const error = asAppError(thrown);
      if (error.code === "RUNTIME_STOPPED") return;
      this.#noteFailure(error);
      if (error.retryable) board.requeue(batch, error);
      else for (const lease of batch) board.fail(lease, error);
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
    if (this.#only.model !== null && used !== null) memory.noteAlone(model, used);
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
        const error = item ? AppError.fromValue(item.error) : noAnswer();
        // Another device, or this one with less beside it, may have the memory.
        if (error.code === "OUT_OF_MEMORY") board.requeue([lease], error);
        else board.fail(lease, error);
        continue;
      }
      const timing = { startedAt, computedAt: now(), inferMs: answer.inferMs };
      computed.push(
        describeResult(
          { lease, item, answer, resolved, timing, batchSize: batch.length, providerId: providerIdAt(lease) },
          signer,
        ),
      );
    }
    board.completeBatch(computed);
  }

  #noteFailure(error: AppError): void {
    const { ledger, runtime, now } = this.#deps;
    ledger.audit("runtime-failed", now(), { device: runtime.device.id, ...error.toValue() });
    this.#failuresInRow++;
    if (this.#failuresInRow < FAILURES_TO_BREAK) return;
    this.#breaker = {
      until: now() + BREAK,
      reason: `Resting for ${BREAK / MINUTE} min after ${this.#failuresInRow} failures in a row: ${error.message}`,
    };
  }

  async #restIfBroken(signal: AbortSignal): Promise<void> {
    if (this.#breaker === null) return;
    this.#tell();
    await pause(this.#breaker.until - this.#deps.now(), signal);
    this.#breaker = null;
    this.#failuresInRow = 0;
    this.#tell();
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

function noAnswer(): AppError {
  return new AppError({
    code: "RUNTIME_UNREADABLE",
    message: "The runtime left this job out of its answer",
    actor: "bug",
  });
}

/** Until the bell or the time; an abort ends the wait quietly, the loop around it looks at its signal next. */
async function ring(bell: Wakeup, ms: number, signal: AbortSignal): Promise<void> {
  await bell.wait(signal, ms).catch(() => undefined);
}
