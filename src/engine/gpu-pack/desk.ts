/**
 * The GPU pack as the engine keeps it: what is here and what is missing, and one thing done about it at a time, told as it
 * goes on. The terminal works on the same folder without an engine (cli/commands/gpu-pack.ts); the lock keeps them apart.
 */
import type { GpuPackPart, GpuPackView } from "../../shared/contract/gpu-pack.ts";
import { AppError } from "../../shared/errors.ts";
import { FolderWork } from "../kept/folder-work.ts";
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

type Doing = Pick<GpuPackView, "doing" | "part" | "step" | "bytesTotal" | "bytesHere">;
const IDLE: Doing = { doing: "nothing", part: null, step: null, bytesTotal: 0, bytesHere: 0 };

export class GpuPackDesk {
  readonly #options: GpuPackDeskOptions;
  readonly #work: FolderWork<Doing, GpuPackChange>;
  /** null: there is no pack for this system, or its list can't be read. */
  #pack: GpuPack | null = null;
  #parts: readonly GpuPackPart[] = [];
  #identity: string | null = null;

  constructor(options: GpuPackDeskOptions) {
    this.#options = options;
    this.#work = new FolderWork({
      idle: IDLE,
      lock: () => lockPack(options.gpuPackFolder),
      look: () => this.look(),
    });
  }

  onChange(listener: (change: GpuPackChange) => void): () => void {
    return this.#work.onChange(listener);
  }

  view(): GpuPackView {
    const { gpuPackFolder, hasGpu } = this.#options;
    const missing = this.#parts.some(({ state }) => state === "missing");
    const ours = this.#parts.some(({ state, bytesKept }) => state === "pack" || bytesKept > 0);
    return {
      offered: this.#pack !== null && ((hasGpu() && missing) || ours),
      folder: gpuPackFolder,
      parts: [...this.#parts],
      ...this.#work.view(),
    };
  }

  /** Looks at the disk again; reads no file to its end. */
  async look(): Promise<GpuPackView> {
    this.#pack ??= await readPack(this.#options.resourcesFolder);
    const before = this.#identity;
    if (this.#pack !== null) this.#parts = lookAtParts(this.#place(), await this.#search());
    this.#identity = packIdentity(this.#parts);
    this.#work.tell(this.#identity === before ? "progress" : "parts");
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
    await this.#work.begin({ doing: "installing", bytesTotal }, async (signal) => {
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
    await this.#work.cancel();
    if (discard && this.#pack !== null) await discardKept(this.#place());
    return await this.look();
  }

  /** Throws GPU_PACK_BUSY. */
  async verify(): Promise<GpuPackView> {
    const place = this.#place();
    await this.#work.begin({ doing: "checking" }, async (signal) => {
      const files = (await verifyParts(place, signal)).flatMap((part) => part.files);
      const wrong = files.filter(({ state }) => state !== "ok").map(({ path }) => path);
      this.#work.noteChecked({ at: this.#options.now(), wrong });
    });
    await this.#work.ended();
    return this.view();
  }

  /** Throws GPU_PACK_BUSY. */
  async remove(): Promise<GpuPackView> {
    const { gpuPackFolder } = this.#options;
    await this.#work.begin({ doing: "removing" }, async () => void (await removeParts(gpuPackFolder)));
    await this.#work.ended();
    return this.view();
  }

  ended(): Promise<void> {
    return this.#work.ended();
  }

  close(): Promise<void> {
    return this.#work.close();
  }

  #note(part: string, event: PackEvent, here: Map<string, number | null>): void {
    if (event.kind === "source" || event.kind === "source-failed") return;
    const step = event.kind === "unpacking" ? "unpacking" : "downloading";
    if (event.kind === "downloading") here.set(part, event.done);
    const bytes = [...here.values()];
    const bytesHere = bytes.includes(null) ? null : bytes.reduce<number>((sum, each) => sum + (each ?? 0), 0);
    this.#work.note({ ...this.#work.doing, part, step, bytesHere });
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
}

async function readPack(resourcesFolder: string): Promise<GpuPack | null> {
  try {
    return await readGpuPack(resourcesFolder);
  } catch (thrown) {
    if (thrown instanceof AppError && thrown.code === "GPU_PACK_NOT_NEEDED") return null;
    throw thrown;
  }
}
