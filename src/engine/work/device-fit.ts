/**
 * What one device can run, and how much of it at once: which models it may be asked for, whether they fit into its memory
 * beside what is there, how many of their jobs make a batch, how long those take.
 */
import type { CatalogueModel } from "../../shared/catalogue.ts";
import { AppError } from "../../shared/errors.ts";
import { needsModel } from "../../shared/work.ts";
import type { HeldLease } from "../ledger/leases.ts";
import type { ModelStore, ResolvedModel } from "../models/store.ts";
import type { DeviceRuntime } from "../runtime-client/device-runtime.ts";
import { jobsPerBatch } from "./batch-size.ts";
import type { DeviceHealth } from "./device-health.ts";
import { DevicePace, type DevicePaceDeps } from "./device-pace.ts";
import type { ModelMemory } from "./model-memory.ts";
import type { BatchTaker } from "./next-batch.ts";
import type { OwnMemory } from "./own-memory.ts";

/** So much more may make room for a model that found none. */
const MORE_ROOM_MB = 128;

export interface DeviceFitDeps extends DevicePaceDeps {
  readonly runtime: DeviceRuntime;
  readonly models: ModelStore;
  /** Jobs of a model run together at most; null: the model's batch table decides. */
  readonly batchSize: number | null;
  /** Of this device; null: unknown. */
  readonly freeMemoryMb: () => number | null;
  /** What our own process holds of this device's memory. */
  readonly ownMemory: Pick<OwnMemory, "mb" | "toldMb">;
  readonly memory: ModelMemory;
  /** Ids of the other devices that work. */
  readonly others: () => readonly string[];
  /** This device's newest self-test found that model's answers wrong here. */
  readonly isDistrusted?: (model: string) => boolean;
}

export class DeviceFit {
  readonly #deps: DeviceFitDeps;
  readonly #health: DeviceHealth;
  readonly pace: DevicePace;
  /** The present process, the one model it has run (null: several), and in batches of up to how many jobs. */
  #only: { pid: number; model: string | null; jobs: number } = { pid: -1, model: null, jobs: 0 };

  /** By model: the memory that was too little, MiB. */
  readonly #noRoomIn = new Map<string, number>();

  constructor(deps: DeviceFitDeps, health: DeviceHealth) {
    this.#deps = deps;
    this.#health = health;
    this.pace = new DevicePace(deps);
  }

  /** For one look at the board: what is found out of a model holds for all its jobs. */
  get taker(): BatchTaker {
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
      limit: (first) => (this.#health.isOnTrial ? 1 : this.#limitOf(modelOf(first)?.model ?? null)),
      fitting: (jobs) => this.pace.fitting(jobs, (jobs[0] && modelOf(jobs[0])?.model) ?? null),
      modelOf: (lease) => modelOf(lease)?.model.id ?? nameWithoutModel(lease),
      canRun: (lease) => {
        const model = modelOf(lease);
        if (model === null) return true;
        if (this.pace.tooLong(lease, model.model) !== null) return false;
        const known = runnable.get(model) ?? this.#canRun(model);
        runnable.set(model, known);
        return known;
      },
    };
  }

  #canRun({ model, spec }: ResolvedModel): boolean {
    if (!this.#deps.runtime.canRun(spec)) return false;
    if (this.#deps.isDistrusted?.(model.id) === true || this.#health.modelTrouble(model.id) !== null)
      return false;
    return this.memoryShortage(model) === null;
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

  /** Why this device has no memory for the model now, in words; null: it has, or nobody knows. */
  memoryShortage(model: CatalogueModel): string | null {
    const { runtime, memory } = this.#deps;
    if (runtime.device.kind === "cpu" || runtime.holds(model.id)) return null;
    const usable = this.#usableMemoryMb();
    const tried = this.#noRoomIn.get(model.id);
    if (usable !== null && tried !== undefined && usable <= tried + MORE_ROOM_MB)
      return `${model.id} found no room in ${Math.floor(tried)} MiB of GPU memory, and ${Math.floor(usable)} MiB are free`;
    return memory.shortage(model, runtime.device, usable);
  }

  /** The model could not be loaded for lack of memory: not before there is more. false: nobody knows how much there is. */
  noteNoRoom(model: CatalogueModel): boolean {
    const usable = this.#usableMemoryMb();
    if (usable === null || this.#deps.runtime.device.kind === "cpu") return false;
    this.#noRoomIn.set(model.id, usable);
    return true;
  }

  /** What is free, and what our own process holds for other models: it gives that up for the next one. */
  #usableMemoryMb(): number | null {
    const { freeMemoryMb, ownMemory } = this.#deps;
    const free = freeMemoryMb();
    return free === null ? null : free + (ownMemory.mb ?? 0);
  }

  #limitOf(model: CatalogueModel | null): number {
    const { batchSize, runtime, memory } = this.#deps;
    const { kind } = runtime.device;
    const freeMb = this.#usableMemoryMb();
    const jobs = jobsPerBatch(model?.batchTable ?? null, { kind, freeMb, wanted: batchSize });
    return model === null || kind === "cpu" ? jobs : memory.jobsWithin(model, runtime.device, freeMb, jobs);
  }

  /** How many jobs such as this one make a full batch. */
  usualBatch(taker: BatchTaker, job: HeldLease): number {
    const limit = taker.limit(job);
    return taker.fitting?.(Array<HeldLease>(limit).fill(job)) ?? limit;
  }

  /** Before the first batch nobody knows which model is asked for. */
  smallestLimit(): number {
    const { models } = this.#deps;
    const limits = models.offeredNames().map((name) => this.#limitOf(models.find(name)));
    return Math.min(...limits, this.#limitOf(null));
  }

  #modelOrNull(lease: HeldLease): ResolvedModel | null {
    try {
      return this.modelOf(lease);
    } catch (thrown) {
      if (thrown instanceof AppError) return null;
      throw thrown;
    }
  }

  /** null: its work needs none. */
  modelOf(lease: HeldLease): ResolvedModel | null {
    return needsModelOf(lease) ? this.#deps.models.resolve(lease.model) : null;
  }

  /** While a process has run one model only, what it holds is what the model needs. */
  noteMemory(model: CatalogueModel | null, jobs: number): void {
    const { runtime, ownMemory, memory } = this.#deps;
    const { pid } = runtime.status;
    if (model === null || pid === null || runtime.device.kind === "cpu") return;
    this.#noRoomIn.delete(model.id);
    const before = this.#only.pid === pid ? this.#only : { model: model.id, jobs: 0 };
    const only = before.model === model.id ? model.id : null;
    this.#only = { pid, model: only, jobs: Math.max(before.jobs, jobs) };
    const used = ownMemory.toldMb;
    if (only !== null && used !== null) memory.noteAlone(model, runtime.device, used, this.#only.jobs);
  }
}

export function needsModelOf({ work }: HeldLease): boolean {
  return work.kind === "unsupported" || needsModel(work.kind);
}

/** Such jobs share a batch all the same; those of a model that went missing are handed back when they run. */
function nameWithoutModel({ work, model }: HeldLease): string {
  return work.kind === "vector" ? work.kind : model;
}
