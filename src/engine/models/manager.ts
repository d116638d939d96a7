/**
 * The models of this machine as a person handles them: what is here, fetch, pause, go on, give up, remove, keep under
 * a size. It writes only in its own folder, only what the catalogue names, and one process at a time per model.
 */
import { statSync } from "node:fs";
import { mkdir, readdir, readFile, rm, rmdir, stat, writeFile } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { z } from "zod";
import type { CatalogueModel } from "../../shared/catalogue.ts";
import type { ModelDisk, ModelDownloadStarted, ModelView, Pruned } from "../../shared/contract/models.ts";
import { MINUTE, SECOND } from "../../shared/durations.ts";
import { AppError, toErrorValue } from "../../shared/errors.ts";
import type { AllowList } from "./allow-list.ts";
import { notAllowed } from "./allow-list.ts";
import { diskFull, folderUnusable, megabytes } from "./download/errors.ts";
import { DEFAULT_TUNING, type Tuning } from "./download/file-download.ts";
import { ioCode, isMissing } from "./download/io-error.ts";
import { bytesHere, downloadModel, type ModelFile, spaceFor, wrongFiles } from "./download/model-download.ts";
import { lockModel } from "./download/model-lock.ts";
import { type RunNpm, runNpm } from "./download/npm.ts";
import { RateLimiter } from "./download/rate-limiter.ts";
import type { ModelNotes } from "./notes.ts";
import type { ModelPlaces } from "./places.ts";
import { type PruneCandidate, planPrune } from "./prune.ts";
import { freeBytesAt, sourceName } from "./shown-facts.ts";
import { SpeedMeter } from "./speed-meter.ts";
import type { ModelStore } from "./store.ts";

export interface ModelManagerOptions {
  readonly store: ModelStore;
  readonly places: ModelPlaces;
  readonly notes: ModelNotes;
  readonly allowList: AllowList;
  /** What the fetched models may take together; null: no cap. */
  readonly maxBytes: number | null;
  /** All downloads together; null: no limit. */
  readonly bytesPerSecond: number | null;
  /** Does a job need it now? */
  readonly inUse?: (id: string) => boolean;
  /** A download that the network ended is tried again after this long; null: it waits for a person. */
  readonly retryFailedMs?: number | null;
  readonly tuning?: Tuning;
  readonly runNpm?: RunNpm;
  /** Unix ms. */
  readonly now?: () => number;
}

/** progress: numbers moved. downloads: one began, stopped or failed. models: something came, went, or may run now or no longer. */
export type ModelChange = "progress" | "downloads" | "models";

export const RETRY_FAILED = 5 * MINUTE;
/** Progress is told at most this often. */
const PROGRESS_EVERY = SECOND / 4;

const WishSchema = z.object({
  state: z.enum(["downloading", "paused"]),
  bytesPerSecond: z.number().positive().nullable(),
});
type Wish = z.infer<typeof WishSchema>;
const WISH_FILE = "wish.json";

/** Why a download ends without being done. */
type Stop = "paused" | "cancelled" | "closing";

interface Task {
  readonly model: CatalogueModel;
  readonly controller: AbortController;
  readonly limiter: RateLimiter;
  readonly limit: number | null;
  readonly meter: SpeedMeter;
  state: "downloading" | "paused" | "failed";
  stop: Stop | null;
  /** Bytes of files that were good already, and of those under way. */
  goodBytes: number;
  receivedBytes: number;
  /** Who was asked and has not sent a byte yet. */
  waiting: ModelView["waiting"] | null;
  error: AppError | null;
  /** Resolves when the download is under way, with what it will fetch; rejects when it could not begin. */
  readonly begun: PromiseWithResolvers<ModelDownloadStarted>;
  /** Resolves when it ended, in whatever way. */
  ended: Promise<void>;
}

export class ModelManager {
  readonly #options: ModelManagerOptions;
  readonly #now: () => number;
  readonly #limiter: RateLimiter;
  readonly #tasks = new Map<string, Task>();
  readonly #retries = new Map<string, NodeJS.Timeout>();
  readonly #listeners = new Set<(change: ModelChange) => void>();
  #toldAt = 0;
  #closed = false;

  constructor(options: ModelManagerOptions) {
    this.#options = options;
    this.#now = options.now ?? Date.now;
    this.#limiter = new RateLimiter(options.bytesPerSecond);
  }

  onChange(listener: (change: ModelChange) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Every model of the catalogue, in its order. */
  views(): ModelView[] {
    return this.#options.store.catalogue.models.map((model) => this.#view(model));
  }

  view(name: string): ModelView {
    return this.#view(this.#options.store.find(name));
  }

  /** A job is being run with it. */
  noteUsed(id: string): void {
    this.#options.notes.noteUsed(id, this.#now());
  }

  /**
   * Fetch what is missing of a model, or go on with it. Resolves when it is under way; `ended` says how it ends.
   * Throws MODEL_UNKNOWN, MODEL_NOT_ALLOWED, MODEL_BUSY, MODEL_DISK_FULL, MODEL_CAP_REACHED.
   */
  async download(name: string, limit: number | null = null): Promise<ModelDownloadStarted> {
    const model = this.#options.store.find(name);
    if (!this.#options.allowList.allows(model)) throw notAllowed(model.id);
    this.#options.store.lookAgain();
    const running = this.#tasks.get(model.id);
    if (running?.state === "downloading") return running.begun.promise;
    return this.#start(model, limit).begun.promise;
  }

  /** Resolves when the model's download has ended: done, paused, or with the error it failed with. */
  async ended(name: string): Promise<AppError | null> {
    const task = this.#tasks.get(this.#options.store.find(name).id);
    await task?.ended;
    return task?.error ?? null;
  }

  /** Keeps what is here; survives a restart. */
  async pause(name: string): Promise<ModelView> {
    const task = this.#taskOf(name);
    this.#clearRetry(task.model.id);
    await this.#stop(task, "paused");
    if (this.#tasks.get(task.model.id) !== task) return this.#view(task.model); // It was done a moment before.
    task.state = "paused";
    task.error = null;
    await this.#writeWish(task.model.id, { state: "paused", bytesPerSecond: task.limit });
    this.#tell("downloads");
    return this.#view(task.model);
  }

  async resume(name: string): Promise<ModelView> {
    const { model, limit } = this.#taskOf(name);
    await this.download(model.id, limit);
    return this.#view(model);
  }

  /** Ends it and removes what was fetched of it; files of the model that were good before stay. */
  async cancel(name: string): Promise<ModelView> {
    const task = this.#taskOf(name);
    const { model } = task;
    this.#clearRetry(model.id);
    await this.#stop(task, "cancelled");
    await this.#locked(model, () => this.#discardDownload(model));
    this.#tasks.delete(model.id);
    this.#tell("downloads");
    return this.#view(model);
  }

  /** Removes the model's files from our own folder. Throws MODEL_IN_USE, MODEL_NOT_OURS, MODEL_BUSY. */
  async remove(name: string): Promise<ModelView> {
    const model = this.#options.store.find(name);
    if (this.#options.inUse?.(model.id)) throw inUse(model.id);
    this.#options.store.lookAgain();
    const presence = this.#options.store.presence(model);
    const isHere = (await this.#bytesOf(model)) > 0;
    if (!isHere && presence.state === "present") throw notOurs(model.id, presence.folder);
    const task = this.#tasks.get(model.id);
    if (task) await this.cancel(model.id);
    await this.#locked(model, () => this.#removeFiles(model));
    this.#tell("models");
    return this.#view(model);
  }

  /** Reads every file again. */
  async verify(name: string, signal?: AbortSignal): Promise<ModelView> {
    const model = this.#options.store.find(name);
    await this.#options.store.recheck(model, signal);
    this.#tell("models");
    return this.#view(model);
  }

  /** May it be offered and run? Throws MODEL_NOT_ALLOWED for one that MODEL_ALLOWLIST leaves out. */
  async setAllowed(name: string, allowed: boolean): Promise<ModelView> {
    const { store, allowList } = this.#options;
    const model = store.find(name);
    allowList.set(model, allowed);
    // It may never have been read: models that may not run are not checked at the start.
    if (allowed && store.presence(model).state === "present")
      await store.verify(model.id).catch(onlyAppErrors);
    this.#tell("models");
    return this.#view(model);
  }

  setPinned(name: string, pinned: boolean): ModelView {
    const model = this.#options.store.find(name);
    this.#options.notes.set(model.id, { pinned });
    this.#tell("progress");
    return this.#view(model);
  }

  /** Removes models that were not used for long until the rest takes `toBytes` at most. Throws MODEL_NO_CAP. */
  async prune(toBytes: number | null = this.#options.maxBytes): Promise<Pruned> {
    if (toBytes === null) throw noCap();
    return this.#pruneTo(toBytes, null);
  }

  /** What `prune` would remove now. Throws MODEL_NO_CAP. */
  async planPrune(toBytes: number | null = this.#options.maxBytes): Promise<Pruned> {
    if (toBytes === null) throw noCap();
    const candidates = await this.#pruneCandidates(null);
    const plan = planPrune(candidates, toBytes);
    return {
      removed: plan.remove.map((id) => ({ id, bytes: bytesIn(candidates, id) })),
      bytesLeft: plan.bytesLeft,
    };
  }

  /** Room taken and left in the folder that models are fetched into. */
  async disk(): Promise<ModelDisk> {
    const { store, places, maxBytes } = this.#options;
    const { models } = store.catalogue;
    const sum = (sizes: readonly number[]) => sizes.reduce((all, size) => all + size, 0);
    const [whole, partial, freeBytes] = await Promise.all([
      Promise.all(models.map((model) => this.#bytesOf(model))),
      Promise.all(models.map(({ id }) => bytesHere(places.downloadFolder(id)))),
      freeBytesAt(places.home),
    ]);
    return { folder: places.home, modelBytes: sum(whole), partialBytes: sum(partial), maxBytes, freeBytes };
  }

  /** Goes on with what an earlier process left under way, and remembers what it left paused. */
  async resumeInterrupted(): Promise<void> {
    const { store, places } = this.#options;
    for (const model of store.catalogue.models) {
      const wish = await readWish(places.downloadFolder(model.id));
      if (wish === null || this.#tasks.has(model.id)) continue;
      if (wish.state === "paused" || !this.#options.allowList.allows(model)) {
        const task = this.#newTask(model, wish.bytesPerSecond);
        task.state = "paused";
        task.receivedBytes = await bytesHere(places.downloadFolder(model.id));
        this.#tasks.set(model.id, task);
      } else {
        // A start that fails (no space, another process) is shown as the model's error.
        this.#start(model, wish.bytesPerSecond).begun.promise.catch(() => undefined);
      }
    }
    await this.#clearOrphans();
    this.#tell("downloads");
  }

  /** Stops everything; what was under way goes on at the next start. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const id of [...this.#retries.keys()]) this.#clearRetry(id);
    await Promise.all([...this.#tasks.values()].map((task) => this.#stop(task, "closing")));
    this.#listeners.clear();
  }

  #start(model: CatalogueModel, limit: number | null): Task {
    this.#clearRetry(model.id);
    const task = this.#newTask(model, limit);
    this.#tasks.set(model.id, task);
    task.ended = this.#run(task);
    this.#tell("downloads");
    return task;
  }

  #newTask(model: CatalogueModel, limit: number | null): Task {
    const begun = Promise.withResolvers<ModelDownloadStarted>();
    begun.promise.catch(() => undefined); // Whoever asked for it is told; a retry asks for nothing.
    return {
      model,
      controller: new AbortController(),
      limiter: new RateLimiter(limit),
      limit,
      meter: new SpeedMeter(),
      state: "downloading",
      stop: null,
      goodBytes: 0,
      receivedBytes: 0,
      waiting: null,
      error: null,
      begun,
      ended: Promise.resolve(),
    };
  }

  /** Never rejects: how it ended is in the task. */
  async #run(task: Task): Promise<void> {
    const { model } = task;
    try {
      await this.#locked(model, () => this.#fetch(task));
      this.#tasks.delete(model.id);
      this.#tell("models");
    } catch (thrown) {
      task.begun.reject(task.stop === null ? this.#asAppError(thrown) : stopped(model.id, task.stop));
      if (task.stop !== null) return; // Whoever stopped it goes on from here.
      task.state = "failed";
      task.error = this.#asAppError(thrown);
      this.#retryLater(task);
      this.#tell("downloads");
    }
  }

  async #fetch(task: Task): Promise<void> {
    const { places, store, tuning = DEFAULT_TUNING } = this.#options;
    const { model, limiter, controller } = task;
    const { signal } = controller;
    // Whole in another folder of the search path: there is nothing to do.
    const elsewhere = store.presence(model).state === "present" ? await store.recheck(model, signal) : null;
    const files = elsewhere?.state === "present" ? [] : await wrongFiles(model, places, signal);
    const bytesToFetch = files.reduce((sum, file) => sum + file.bytes, 0);
    task.goodBytes = totalBytes(model) - bytesToFetch;
    const freeBytes = await this.#makeRoom(model, files);
    if (files.length > 0)
      await this.#writeWish(model.id, { state: "downloading", bytesPerSecond: task.limit });
    task.begun.resolve({ model: this.#view(model), bytesToFetch, freeBytes });
    await downloadModel(
      {
        model,
        places,
        files,
        limiters: [this.#limiter, limiter],
        tuning,
        runNpm: this.#options.runNpm ?? runNpm,
        onReceived: (bytes) => {
          if (bytes > task.receivedBytes) task.waiting = null;
          task.receivedBytes = bytes;
          task.meter.note(bytes, this.#now());
          this.#tellProgress();
        },
        onTry: (host, tries) => {
          const since = task.waiting?.host === host ? task.waiting.since : this.#now();
          task.waiting = { host, since, tries };
          this.#tell("progress");
        },
      },
      signal,
    );
    await store.recheck(model, signal);
  }

  #asAppError(thrown: unknown): AppError {
    if (thrown instanceof AppError) return thrown;
    const code = ioCode(thrown);
    if (code !== null) return folderUnusable(this.#options.places.home, code, thrown);
    return AppError.fromValue(toErrorValue(thrown));
  }

  /** Free bytes of the disk. Throws MODEL_CAP_REACHED, MODEL_DISK_FULL. */
  async #makeRoom(model: CatalogueModel, files: readonly ModelFile[]): Promise<number> {
    const { places, maxBytes } = this.#options;
    const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
    if (maxBytes !== null && bytes > 0) {
      const { bytesLeft } = await this.#pruneTo(Math.max(0, maxBytes - bytes), model.id);
      if (bytesLeft + bytes > maxBytes) throw capReached(model.id, bytes, bytesLeft, maxBytes);
    }
    const { neededBytes, freeBytes } = await spaceFor({ model, files, places });
    if (bytes > 0 && freeBytes < neededBytes) throw diskFull(places.home, neededBytes, freeBytes);
    return freeBytes;
  }

  /** `sparing`: the model the room is for. */
  async #pruneTo(toBytes: number, sparing: string | null): Promise<Pruned> {
    const { store, inUse: isUsed } = this.#options;
    const candidates = await this.#pruneCandidates(sparing);
    const plan = planPrune(candidates, toBytes);
    const removed: { id: string; bytes: number }[] = [];
    for (const id of plan.remove) {
      // Asked again: a job may have come for it meanwhile.
      if (isUsed?.(id)) continue;
      const model = store.find(id);
      await this.#locked(model, () => this.#removeFiles(model));
      removed.push({ id, bytes: bytesIn(candidates, id) });
    }
    if (removed.length > 0) this.#tell("models");
    const gone = removed.reduce((sum, { bytes }) => sum + bytes, 0);
    return { removed, bytesLeft: candidates.reduce((sum, { bytes }) => sum + bytes, 0) - gone };
  }

  #pruneCandidates(sparing: string | null): Promise<PruneCandidate[]> {
    const { store, notes, inUse: isUsed } = this.#options;
    return Promise.all(
      store.catalogue.models.map(async (model) => {
        const { lastUsedAt, pinned } = notes.of(model.id);
        const busy = this.#tasks.has(model.id) || isUsed?.(model.id) === true;
        const bytes = await this.#bytesOf(model);
        return { id: model.id, bytes, lastUsedAt, keep: pinned || busy || model.id === sparing };
      }),
    );
  }

  async #stop(task: Task, stop: Stop): Promise<void> {
    task.stop ??= stop;
    task.controller.abort(new DOMException(`The download is ${stop}`, "AbortError"));
    await task.ended;
  }

  #taskOf(name: string): Task {
    const { id } = this.#options.store.find(name);
    const task = this.#tasks.get(id);
    if (task) return task;
    throw new AppError({
      code: "MODEL_NOT_DOWNLOADING",
      message: `The model ${id} is not being downloaded`,
      actor: "user",
      help: "Start it with `bellows models download`.",
    });
  }

  #retryLater(task: Task): void {
    const after = this.#options.retryFailedMs ?? null;
    if (after === null || this.#closed || task.error?.actor !== "network" || !task.error.retryable) return;
    const timer = setTimeout(() => this.#start(task.model, task.limit), after);
    timer.unref();
    this.#retries.set(task.model.id, timer);
  }

  #clearRetry(id: string): void {
    clearTimeout(this.#retries.get(id));
    this.#retries.delete(id);
  }

  #view(model: CatalogueModel): ModelView {
    const { store, notes, allowList } = this.#options;
    const { id, version, task: kind, aliases, licence, precision, vramMb } = model;
    const { lastUsedAt, pinned } = notes.of(id);
    const task = this.#tasks.get(id);
    const presence = store.presence(model);
    const bytesTotal = totalBytes(model);
    const fixed = {
      id,
      version,
      task: kind,
      aliases,
      licence,
      precision,
      vramMb,
      sources: model.sources.map(sourceName),
      folder: presence.folder,
      ownBytes: this.#bytesNowOf(model),
      bytesTotal,
      lastUsedAt,
      pinned,
      allowed: allowList.allows(model),
      heldBackBy: allowList.heldBackBy(model),
      ...this.#inOllama(model),
    };
    if (!task) {
      return {
        ...fixed,
        state: presence.state,
        bytes: presence.state === "present" ? bytesTotal : 0,
        bytesPerSecond: null,
        etaMs: null,
        error: presence.error?.toValue() ?? null,
      };
    }
    const bytes = Math.min(bytesTotal, task.goodBytes + task.receivedBytes);
    const bytesPerSecond =
      task.state === "downloading" ? task.meter.perSecond(task.receivedBytes, this.#now()) : null;
    return {
      ...fixed,
      state: task.state,
      bytes,
      bytesPerSecond,
      ...(task.state === "downloading" && task.waiting && { waiting: task.waiting }),
      etaMs: bytesPerSecond ? Math.round(((bytesTotal - bytes) / bytesPerSecond) * SECOND) : null,
      error: task.error?.toValue() ?? null,
    };
  }

  #inOllama(model: CatalogueModel): Pick<ModelView, "ollama"> {
    const found = this.#options.store.inOllama(model);
    return found === null ? {} : { ollama: found.ollama.name };
  }

  /** What a model takes in our own folder. */
  async #bytesOf(model: CatalogueModel): Promise<number> {
    const { places } = this.#options;
    const sizes = await Promise.all(
      model.files.map((file) =>
        stat(places.fileOf(model.id, file.path)).then(
          ({ size }) => size,
          () => 0,
        ),
      ),
    );
    return sizes.reduce((sum, size) => sum + size, 0);
  }

  /** The same at once, for a view. */
  #bytesNowOf(model: CatalogueModel): number {
    const { places } = this.#options;
    return model.files.reduce((sum, file) => {
      const found = statSync(places.fileOf(model.id, file.path), { throwIfNoEntry: false });
      return sum + (found?.size ?? 0);
    }, 0);
  }

  /** Only the files that the catalogue names; a folder goes when nothing else is left in it. */
  async #removeFiles(model: CatalogueModel): Promise<void> {
    const { places } = this.#options;
    const folders = new Set<string>();
    for (const file of model.files) {
      const path = places.fileOf(model.id, file.path);
      await rm(path, { force: true });
      for (let folder = dirname(path); isInside(folder, places.home); folder = dirname(folder))
        folders.add(folder);
    }
    const deepestFirst = [...folders].sort((a, b) => b.length - a.length);
    for (const folder of deepestFirst) await rmdir(folder).catch(() => undefined); // Not empty, or never made.
    await this.#discardDownload(model);
  }

  async #discardDownload(model: CatalogueModel): Promise<void> {
    await rm(this.#options.places.downloadFolder(model.id), { recursive: true, force: true });
  }

  /** Downloads of models that a newer catalogue no longer has. */
  async #clearOrphans(): Promise<void> {
    const { store, places } = this.#options;
    const known = new Set(store.catalogue.models.map(({ id }) => places.downloadFolder(id)));
    const downloads = join(places.home, ".downloads");
    const entries = await readdir(downloads, { withFileTypes: true }).catch(() => []); // None was ever made.
    for (const entry of entries) {
      const path = join(downloads, entry.name);
      if (entry.isDirectory() && !known.has(path)) await rm(path, { recursive: true, force: true });
    }
  }

  async #locked<T>(model: CatalogueModel, work: () => Promise<T>): Promise<T> {
    const lock = await lockModel(this.#options.places.lockFile(model.id), model.id);
    const { store } = this.#options;
    store.lookAgain();
    try {
      return await work();
    } finally {
      store.lookAgain();
      await lock.release();
    }
  }

  async #writeWish(id: string, wish: Wish): Promise<void> {
    const folder = this.#options.places.downloadFolder(id);
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, WISH_FILE), `${JSON.stringify(wish)}\n`, { flush: true });
  }

  #tellProgress(): void {
    const now = this.#now();
    if (now - this.#toldAt >= PROGRESS_EVERY) this.#tell("progress");
  }

  #tell(change: ModelChange): void {
    this.#toldAt = this.#now();
    if (change !== "progress") this.#options.store.lookAgain();
    for (const listener of this.#listeners) listener(change);
  }
}

const bytesIn = (candidates: readonly PruneCandidate[], id: string): number =>
  candidates.find((each) => each.id === id)?.bytes ?? 0;

const totalBytes = (model: CatalogueModel): number => model.files.reduce((sum, file) => sum + file.bytes, 0);

async function readWish(folder: string): Promise<Wish | null> {
  try {
    return WishSchema.parse(JSON.parse(await readFile(join(folder, WISH_FILE), "utf8")));
  } catch (thrown) {
    if (isMissing(thrown) || thrown instanceof z.ZodError || thrown instanceof SyntaxError) return null;
    throw thrown;
  }
}

function isInside(folder: string, home: string): boolean {
  const way = relative(home, folder);
  return way !== "" && !way.startsWith("..");
}

function onlyAppErrors(thrown: unknown): void {
  if (!(thrown instanceof AppError)) throw thrown;
}

function stopped(id: string, how: Stop): AppError {
  return new AppError({
    code: "MODEL_DOWNLOAD_STOPPED",
    message: `The download of ${id} was ${how === "closing" ? "interrupted" : how} before it had begun`,
    actor: "user",
  });
}

function inUse(id: string): AppError {
  return new AppError({
    code: "MODEL_IN_USE",
    message: `The model ${id} is needed by a job that is held now`,
    actor: "user",
    help: "Pause the provider, wait until its jobs are done, then remove it.",
  });
}

function notOurs(id: string, folder: string): AppError {
  return new AppError({
    code: "MODEL_NOT_OURS",
    message: `The model ${id} lies in ${folder}, which Bellows only reads`,
    actor: "user",
    help: "Remove it there yourself, or keep it from running with `bellows models deny`.",
  });
}

function capReached(id: string, bytes: number, bytesLeft: number, cap: number): AppError {
  return new AppError({
    code: "MODEL_CAP_REACHED",
    message: `The model ${id} (${megabytes(bytes)}) does not fit beside the others (${megabytes(bytesLeft)}) under the cap of ${megabytes(cap)}`,
    actor: "user",
    help: "Raise BELLOWS_MODELS_SIZE, or unpin or remove models.",
  });
}

function noCap(): AppError {
  return new AppError({
    code: "MODEL_NO_CAP",
    message: "No size is set that the models should be kept under",
    actor: "user",
    help: "Set BELLOWS_MODELS_SIZE, or add --to with a size such as 20G.",
  });
}
