/**
 * llama.cpp as the engine keeps it: what is here, and one thing done about it at a time, told as it goes on. The terminal
 * works on the same folder without an engine (cli/commands/llama.ts); the lock keeps them apart.
 */
import type { LlamaView } from "../../shared/contract/llama.ts";
import { AppError } from "../../shared/errors.ts";
import { LLAMA_FOLDER_VARIABLE } from "../../shared/runtime/llama-folder.ts";
import { FolderWork } from "../kept/folder-work.ts";
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

type Doing = Pick<LlamaView, "doing" | "step" | "bytesTotal" | "bytesHere">;
const IDLE: Doing = { doing: "nothing", step: null, bytesTotal: 0, bytesHere: 0 };
const NOTHING: LlamaState = { version: null, builds: [], bytesOnDisk: 0, bytesKept: 0 };

export class LlamaDesk {
  readonly #options: LlamaDeskOptions;
  readonly #work: FolderWork<Doing, LlamaChange>;
  /** null: not read yet, or there is none for this system. */
  #place: LlamaPlace | null = null;
  #state: LlamaState = NOTHING;
  #bytesToFetch = 0;

  constructor(options: LlamaDeskOptions) {
    this.#options = options;
    this.#work = new FolderWork({
      idle: IDLE,
      lock: () => lockLlama(this.#required().folder),
      look: () => this.look(),
    });
  }

  onChange(listener: (change: LlamaChange) => void): () => void {
    return this.#work.onChange(listener);
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
      ...this.#work.view(),
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
    this.#work.tell(JSON.stringify(this.#state.builds) === before ? "progress" : "builds");
    return this.view();
  }

  /** Resolves when it is under way; `ended` when it is done. Throws LLAMA_BUSY, LLAMA_NOT_FOR_SYSTEM. */
  async install({ cuda = false, registry }: LlamaWish = {}): Promise<LlamaView> {
    await this.look();
    const place = this.#required();
    const usual = usualBuilds(place.manifest);
    const builds = cuda ? (["cuda", ...usual] as const) : usual;
    const doing = { doing: "installing", bytesTotal: bytesToFetch(place, builds) } as const;
    await this.#work.begin(doing, async (signal) => {
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
    await this.#work.cancel();
    return this.look();
  }

  /** Throws LLAMA_BUSY. */
  async verify(): Promise<LlamaView> {
    const place = this.#required();
    await this.#work.begin({ doing: "checking" }, async (signal) => {
      const found = await verifyLlama(place, signal);
      const wrong = (found?.wrong ?? []).map(({ path }) => path);
      this.#work.noteChecked({ at: this.#options.now(), wrong });
    });
    await this.#work.ended();
    return this.view();
  }

  /** Throws LLAMA_BUSY. */
  async remove(): Promise<LlamaView> {
    const { folder } = this.#required();
    await this.#work.begin({ doing: "removing" }, async () => void (await removeLlama(folder)));
    await this.#work.ended();
    return this.view();
  }

  ended(): Promise<void> {
    return this.#work.ended();
  }

  close(): Promise<void> {
    return this.#work.close();
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

  #note(event: LlamaEvent): void {
    const { doing } = this.#work;
    this.#work.note(
      event.kind === "unpacking"
        ? { ...doing, step: "unpacking" }
        : { ...doing, step: "downloading", bytesHere: event.done, bytesTotal: event.total },
    );
  }
}
