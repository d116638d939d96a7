/**
 * The GPU pack as the engine keeps it: what is here and what is missing, and one thing done about it at a time, told as it
 * goes on. The terminal works on the same folder without an engine (cli/commands/gpu-pack.ts); the lock keeps them apart.
 */
import type { GpuPackPart, GpuPackView } from "../../shared/contract/gpu-pack.ts";
import { SECOND } from "../../shared/durations.ts";
import { AppError, toErrorValue } from "../../shared/errors.ts";
import type { Tuning } from "../models/download/file-download.ts";
import type { RunNpm } from "../models/download/npm.ts";
import type { PackEvent } from "./archive.ts";
import { type CudaSearch, findCudaLibraries } from "./cuda-libraries.ts";
import { packIdentity } from "./identity.ts";
import { installedLibraryFolders } from "./libraries.ts";
import { type GpuPack, readGpuPack } from "./manifest.ts";
import {
  discardKept,
  installParts,
  lockPack,
  lookAtParts,
  type PackPlace,
  removeParts,
  verifyParts,
} from "./parts.ts";

export interface GpuPackDeskOptions {
  readonly resourcesFolder: string;
  readonly gpuPackFolder: string;
  /** BELLOWS_CUDA_PATH. */
  readonly cudaFolders: readonly string[];
  /** An NVIDIA GPU is here. */
  readonly hasGpu: () => boolean;
  readonly now: () => number;
  readonly tuning?: Tuning | undefined;
  readonly npm?: RunNpm | undefined;
  /** Default: looked for on this machine. */
  readonly search?: () => Promise<CudaSearch>;
}

/** progress: numbers moved. parts: something came or went. */
export type GpuPackChange = "progress" | "parts";

/** Progress is told at most this often. */
const PROGRESS_EVERY = SECOND / 4;

type Doing = Pick<GpuPackView, "doing" | "part" | "step" | "bytesTotal" | "bytesHere">;
const IDLE: Doing = { doing: "nothing", part: null, step: null, bytesTotal: 0, bytesHere: 0 };

export class GpuPackDesk {
  readonly #options: GpuPackDeskOptions;
  readonly #listeners = new Set<(change: GpuPackChange) => void>();
  /** null: there is no pack for this system, or its list can't be read. */
  #pack: GpuPack | null = null;
  #parts: readonly GpuPackPart[] = [];
  #identity: string | null = null;
  #doing: Doing = IDLE;
  #error: GpuPackView["error"] = null;
  #checked: GpuPackView["checked"] = null;
  #stop: AbortController | null = null;
  #work: Promise<void> = Promise.resolve();
  #toldAt = 0;

  constructor(options: GpuPackDeskOptions) {
    this.#options = options;
  }

  onChange(listener: (change: GpuPackChange) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  view(): GpuPackView {
    const { gpuPackFolder, hasGpu } = this.#options;
    const missing = this.#parts.some(({ state }) => state === "missing");
    const ours = this.#parts.some(({ state, bytesKept }) => state === "pack" || bytesKept > 0);
    return {
      offered: this.#pack !== null && ((hasGpu() && missing) || ours),
      folder: gpuPackFolder,
      parts: [...this.#parts],
      ...this.#doing,
      error: this.#error,
      checked: this.#checked,
    };
  }

  /** Looks at the disk again; reads no file to its end. */
  async look(): Promise<GpuPackView> {
    this.#pack ??= await readPack(this.#options.resourcesFolder);
    const before = this.#identity;
    if (this.#pack !== null) this.#parts = lookAtParts(this.#place(), await this.#search());
    this.#identity = packIdentity(this.#parts);
    this.#tell(this.#identity === before ? "progress" : "parts");
    return this.view();
  }

  /** As of the last look; null: there is no pack for this system. */
  get identity(): string | null {
    return this.#identity;
  }

  /** Resolves when it is under way; `ended` when it is done. Throws GPU_PACK_BUSY, GPU_PACK_NOT_NEEDED. */
  async install(parts?: readonly string[]): Promise<GpuPackView> {
    await this.look();
    const place = this.#place();
    const chosen = this.#parts.filter(({ id, state }) => parts?.includes(id) ?? state === "missing");
    const bytesTotal = chosen.reduce((sum, { bytes }) => sum + bytes, 0);
    const here = new Map(chosen.map(({ id, bytesKept }) => [id, bytesKept]));
    await this.#begin({ doing: "installing", bytesTotal }, async (signal) => {
      const { npm, tuning } = this.#options;
      await installParts({
        ...place,
        npm,
        tuning,
        signal,
        parts: chosen.map(({ id }) => id),
        onEvent: (part, event) => this.#note(part, event, here),
      });
    });
    return this.view();
  }

  /** Ends what is under way. What was fetched is kept for the next install, but with `discard`. */
  async cancel(discard = false): Promise<GpuPackView> {
    this.#stop?.abort(new DOMException("Cancelled", "AbortError"));
    await this.#work;
    if (discard && this.#pack !== null) await discardKept(this.#place());
    return await this.look();
  }

  /** Throws GPU_PACK_BUSY. */
  async verify(): Promise<GpuPackView> {
    const place = this.#place();
    await this.#begin({ doing: "checking" }, async (signal) => {
      const files = (await verifyParts(place, signal)).flatMap((part) => part.files);
      const wrong = files.filter(({ state }) => state !== "ok").map(({ path }) => path);
      this.#checked = { at: this.#options.now(), wrong };
    });
    await this.#work;
    return this.view();
  }

  /** Throws GPU_PACK_BUSY. */
  async remove(): Promise<GpuPackView> {
    const { gpuPackFolder } = this.#options;
    await this.#begin({ doing: "removing" }, async () => void (await removeParts(gpuPackFolder)));
    await this.#work;
    return this.view();
  }

  /** Resolves when nothing is under way any more; what went wrong is in the view. */
  async ended(): Promise<void> {
    await this.#work;
  }

  /** Stops what is under way; it goes on when a person says so again. */
  async close(): Promise<void> {
    this.#stop?.abort(new DOMException("Shutting down", "AbortError"));
    await this.#work;
    this.#listeners.clear();
  }

  /** Resolves when the work has the folder for itself. */
  async #begin(doing: Partial<Doing>, work: (signal: AbortSignal) => Promise<void>): Promise<void> {
    const lock = await lockPack(this.#options.gpuPackFolder);
    const stop = new AbortController();
    this.#stop = stop;
    this.#doing = { ...IDLE, ...doing };
    this.#error = null;
    this.#checked = null;
    this.#tell();
    this.#work = work(stop.signal)
      .catch((thrown: unknown) => {
        if (!stop.signal.aborted) this.#error = toErrorValue(thrown);
      })
      .finally(async () => {
        await lock.release();
        this.#stop = null;
        this.#doing = IDLE;
        await this.look();
      });
  }

  #note(part: string, event: PackEvent, here: Map<string, number | null>): void {
    if (event.kind === "source" || event.kind === "source-failed") return;
    const step = event.kind === "unpacking" ? "unpacking" : "downloading";
    if (event.kind === "downloading") here.set(part, event.done);
    const bytes = [...here.values()];
    const bytesHere = bytes.includes(null) ? null : bytes.reduce<number>((sum, each) => sum + (each ?? 0), 0);
    const changed = this.#doing.part !== part || this.#doing.step !== step;
    this.#doing = { ...this.#doing, part, step, bytesHere };
    if (changed || performance.now() - this.#toldAt >= PROGRESS_EVERY) this.#tell();
  }

  #place(): PackPlace {
    if (this.#pack !== null) return { pack: this.#pack, folder: this.#options.gpuPackFolder };
    throw new AppError({
      code: "GPU_PACK_NOT_NEEDED",
      message: `There is no GPU pack for ${process.platform} on ${process.arch}`,
      actor: "user",
    });
  }

  #search(): Promise<CudaSearch> {
    const { search, cudaFolders, gpuPackFolder } = this.#options;
    if (search !== undefined) return search();
    const pack = installedLibraryFolders(gpuPackFolder);
    return findCudaLibraries({ named: cudaFolders, env: process.env, pack });
  }

  #tell(change: GpuPackChange = "progress"): void {
    this.#toldAt = performance.now();
    for (const listener of [...this.#listeners]) listener(change);
  }
}

async function readPack(resourcesFolder: string): Promise<GpuPack | null> {
  try {
    return await readGpuPack(resourcesFolder);
  } catch (thrown) {
    if (thrown instanceof AppError && thrown.code === "GPU_PACK_NOT_NEEDED") return null;
    throw thrown;
  }
}
