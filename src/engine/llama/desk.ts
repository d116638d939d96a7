/**
 * llama.cpp as the engine keeps it: what is here, and one thing done about it at a time, told as it goes on. The terminal
 * works on the same folder without an engine (cli/commands/llama.ts); the lock keeps them apart.
 */
import type { LlamaView } from "../../shared/contract/llama.ts";
import { SECOND } from "../../shared/durations.ts";
import { AppError, toErrorValue } from "../../shared/errors.ts";
import { LLAMA_FOLDER_VARIABLE } from "../../shared/runtime/llama-folder.ts";
import type { Tuning } from "../models/download/file-download.ts";
import type { RunNpm } from "../models/download/npm.ts";
import { findRegistry } from "./fetch-package.ts";
import {
  bytesToFetch,
  installLlama,
  type LlamaEvent,
  type LlamaPlace,
  type LlamaState,
  lockLlama,
  lookAtLlama,
  removeLlama,
  verifyLlama,
} from "./install.ts";
import { type LlamaManifest, packagesFor, readLlamaManifest, usualBuilds } from "./manifest.ts";

export interface LlamaDeskOptions {
  readonly resourcesFolder: string;
  /** <data>/llama; absent: none is kept here. */
  readonly llamaFolder?: string | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly now: () => number;
  readonly tuning?: Tuning | undefined;
  readonly npm?: RunNpm | undefined;
  /** Default: the app's own list. */
  readonly manifest?: LlamaManifest | undefined;
}

/** progress: numbers moved. builds: something came or went. */
export type LlamaChange = "progress" | "builds";

export interface LlamaWish {
  readonly cuda?: boolean | undefined;
  readonly registry?: string | undefined;
}

/** Progress is told at most this often. */
const PROGRESS_EVERY = SECOND / 4;

type Doing = Pick<LlamaView, "doing" | "step" | "bytesTotal" | "bytesHere">;
const IDLE: Doing = { doing: "nothing", step: null, bytesTotal: 0, bytesHere: 0 };
const NOTHING: LlamaState = { version: null, builds: [], bytesOnDisk: 0, bytesKept: 0 };

export class LlamaDesk {
  readonly #options: LlamaDeskOptions;
  readonly #listeners = new Set<(change: LlamaChange) => void>();
  /** null: not read yet, or there is none for this system. */
  #place: LlamaPlace | null = null;
  #state: LlamaState = NOTHING;
  #bytesToFetch = 0;
  #doing: Doing = IDLE;
  #error: LlamaView["error"] = null;
  #checked: LlamaView["checked"] = null;
  #stop: AbortController | null = null;
  #work: Promise<void> = Promise.resolve();
  #toldAt = 0;

  constructor(options: LlamaDeskOptions) {
    this.#options = options;
  }

  onChange(listener: (change: LlamaChange) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  view(): LlamaView {
    const { llamaFolder = "" } = this.#options;
    const { version, builds: installed, bytesOnDisk, bytesKept } = this.#state;
    const place = this.#place;
    const usual = place === null ? [] : usualBuilds(place.manifest);
    return {
      offered: place !== null,
      folder: llamaFolder,
      version,
      newest: place?.manifest.llama ?? "",
      builds: (place?.manifest.builds ?? []).map(({ id, package: { bytes } }) => ({
        id,
        bytes,
        installed: installed.includes(id),
        usual: usual.includes(id),
      })),
      bytesToFetch: this.#bytesToFetch,
      bytesOnDisk,
      bytesKept,
      licences:
        place === null
          ? []
          : [...new Set(packagesFor(place.manifest, usual).map(({ licence }) => licence))].sort(),
      ...this.#doing,
      error: this.#error,
      checked: this.#checked,
    };
  }

  /** Looks at the disk again; reads no file to its end. */
  async look(): Promise<LlamaView> {
    this.#place ??= await this.#findPlace();
    const before = JSON.stringify(this.#state.builds);
    if (this.#place !== null) {
      this.#state = await lookAtLlama(this.#place);
      this.#bytesToFetch = bytesToFetch(this.#place, usualBuilds(this.#place.manifest));
    }
    this.#tell(JSON.stringify(this.#state.builds) === before ? "progress" : "builds");
    return this.view();
  }

  /** Resolves when it is under way; `ended` when it is done. Throws LLAMA_BUSY, LLAMA_NOT_FOR_SYSTEM. */
  async install({ cuda = false, registry }: LlamaWish = {}): Promise<LlamaView> {
    await this.look();
    const place = this.#required();
    const usual = usualBuilds(place.manifest);
    const builds = cuda ? (["cuda", ...usual] as const) : usual;
    const doing = { doing: "installing", bytesTotal: bytesToFetch(place, builds) } as const;
    await this.#begin(doing, async (signal) => {
      const { npm, tuning, env } = this.#options;
      await installLlama({
        ...place,
        builds,
        registry: await findRegistry(registry, env, signal, npm),
        npm,
        tuning,
        signal,
        onEvent: (event) => this.#note(event),
      });
    });
    return this.view();
  }

  async cancel(): Promise<LlamaView> {
    this.#stop?.abort(new DOMException("Cancelled", "AbortError"));
    await this.#work;
    return this.look();
  }

  /** Throws LLAMA_BUSY. */
  async verify(): Promise<LlamaView> {
    const place = this.#required();
    await this.#begin({ doing: "checking" }, async (signal) => {
      const found = await verifyLlama(place, signal);
      this.#checked = { at: this.#options.now(), wrong: (found?.wrong ?? []).map(({ path }) => path) };
    });
    await this.#work;
    return this.view();
  }

  /** Throws LLAMA_BUSY. */
  async remove(): Promise<LlamaView> {
    const { folder } = this.#required();
    await this.#begin({ doing: "removing" }, async () => void (await removeLlama(folder)));
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

  async #findPlace(): Promise<LlamaPlace | null> {
    const { llamaFolder, env, resourcesFolder, manifest } = this.#options;
    // Whoever names another one looks after it.
    if (llamaFolder === undefined || env[LLAMA_FOLDER_VARIABLE]) return null;
    try {
      return { folder: llamaFolder, manifest: manifest ?? (await readLlamaManifest(resourcesFolder)) };
    } catch (thrown) {
      if (thrown instanceof AppError && thrown.code.startsWith("LLAMA_")) return null;
      throw thrown;
    }
  }

  #required(): LlamaPlace {
    if (this.#place !== null) return this.#place;
    throw new AppError({
      code: "LLAMA_NOT_FOR_SYSTEM",
      message: `There is no build of llama.cpp for ${process.platform} on ${process.arch}`,
      actor: "user",
      help: "An Ollama on this machine can write the texts (BELLOWS_OLLAMA).",
    });
  }

  /** Resolves when the work has the folder for itself. */
  async #begin(doing: Partial<Doing>, work: (signal: AbortSignal) => Promise<void>): Promise<void> {
    const lock = await lockLlama(this.#required().folder);
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

  #note(event: LlamaEvent): void {
    const { step } = this.#doing;
    this.#doing =
      event.kind === "unpacking"
        ? { ...this.#doing, step: "unpacking" }
        : { ...this.#doing, step: "downloading", bytesHere: event.done, bytesTotal: event.total };
    if (step !== this.#doing.step || performance.now() - this.#toldAt >= PROGRESS_EVERY) this.#tell();
  }

  #tell(change: LlamaChange = "progress"): void {
    this.#toldAt = performance.now();
    for (const listener of [...this.#listeners]) listener(change);
  }
}
