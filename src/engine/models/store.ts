/**
 * The models of this machine: what the catalogue names, looked for in each model folder, and trusted only as far as
 * its files were checked. Sizes are checked at every look, contents once per state of the file, over all starts. An
 * engine asks for its models many times a second and looks every few seconds: what was seen stands as long.
 */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { type Catalogue, type CatalogueModel, CatalogueSchema } from "../../shared/catalogue.ts";
import { modelManifestSha256 } from "../../shared/digest.ts";
import { AppError } from "../../shared/errors.ts";
import {
  checkPinnedFile,
  fileState,
  modelMissing,
  pathInside,
  sizeProblem,
} from "../../shared/model-files.ts";
import type { ModelSpec } from "../../shared/runtime/protocol.ts";
import type { OllamaModel, RunnableModel } from "../ollama/model.ts";
import { notAllowed } from "./allow-list.ts";
import { CheckedFiles } from "./checked-files.ts";

export interface ResolvedModel {
  readonly model: CatalogueModel;
  /** What the runtime is told to load, or Ollama to run. */
  readonly spec: RunnableModel;
  readonly manifestSha256: string;
}

/** Its files lie on this machine, for a process of ours. */
export interface ModelHere extends ResolvedModel {
  readonly spec: ModelSpec;
}

export interface ModelStoreOptions {
  /** Absolute path of models/catalogue.json. */
  readonly catalogueFile: string;
  /** Searched in order for <model id>/<file>. */
  readonly modelFolders: readonly string[];
  /** Absent: every model may run. */
  readonly allows?: ((model: CatalogueModel) => boolean) | undefined;
  /** Where a model is run that is not here; absent: nowhere. */
  readonly elsewhere?: ((model: CatalogueModel) => OllamaModel | null) | undefined;
  /** What the processes of this machine need to run a model and have not; absent: they have all. */
  readonly obstacle?: ((model: CatalogueModel) => AppError | null) | undefined;
  /** What earlier processes read and found right; absent: nothing. */
  readonly remembered?: CheckedFiles | undefined;
  /** What was seen on disk is believed for so long, ms, unless something here changed it; absent: not at all. */
  readonly believedMs?: number | undefined;
}

/** What lies on disk of a model, whether it may run or not. */
export type ModelPresence =
  | { readonly state: "present"; readonly folder: string; readonly error: null }
  | { readonly state: "missing" | "corrupt"; readonly folder: null; readonly error: AppError };

/** Where a model lies, and its files as they were found. */
interface Found {
  readonly folder: string;
  readonly files: ModelSpec["files"];
}

/** What a look at the disk came to. */
interface Look {
  /** Of a clock that never goes back, ms. */
  readonly at: number;
  readonly found: Found | AppError;
}

/** Hears, piece by piece, how many bytes of a model's files were read. */
type OnRead = (model: CatalogueModel, bytesRead: number) => void;

/** What stands between a model and its use, the hardest to mend first. */
const HARDEST_FIRST: readonly string[] = ["MODEL_MISSING", "MODEL_CORRUPT", "MODEL_NOT_ALLOWED"];

export class ModelStore {
  readonly catalogue: Catalogue;
  readonly #folders: readonly string[];
  readonly #byName: ReadonlyMap<string, CatalogueModel>;
  readonly #allows: (model: CatalogueModel) => boolean;
  /** Outcome of the last full check of a file's state: null for good, else what is wrong. */
  readonly #checked = new Map<string, AppError | null>();
  readonly #elsewhere: (model: CatalogueModel) => OllamaModel | null;
  readonly #obstacle: (model: CatalogueModel) => AppError | null;
  readonly #remembered: CheckedFiles;
  readonly #believedMs: number;
  readonly #seen = new Map<CatalogueModel, Look>();
  readonly #manifests = new Map<CatalogueModel, string>();

  private constructor(catalogue: Catalogue, options: ModelStoreOptions) {
    const { modelFolders, allows = () => true, remembered = new CheckedFiles(null) } = options;
    this.catalogue = catalogue;
    this.#folders = modelFolders;
    this.#byName = byName(catalogue);
    this.#allows = allows;
    this.#elsewhere = options.elsewhere ?? (() => null);
    this.#obstacle = options.obstacle ?? (() => null);
    this.#remembered = remembered;
    this.#believedMs = options.believedMs ?? 0;
  }

  /** Throws CATALOGUE_UNREADABLE. */
  static async open(options: ModelStoreOptions): Promise<ModelStore> {
    return new ModelStore(await readCatalogue(options.catalogueFile), options);
  }

  /**
   * The model of that id or declared alias, ready to be loaded. Sizes are looked at; contents as far as `verify` has
   * been over them (the runtime checks them again before it loads). Throws MODEL_UNKNOWN, MODEL_NOT_ALLOWED, MODEL_MISSING,
   * MODEL_CORRUPT.
   */
  resolve(name: string): ResolvedModel {
    const model = this.find(name);
    if (!this.#allows(model)) throw notAllowed(model.id);
    const spec = this.inOllama(model);
    return spec === null ? this.#here(model) : { model, spec, manifestSha256: this.#manifestOf(model) };
  }

  /** `resolve`, of files on this machine only. */
  resolveHere(name: string): ModelHere {
    const model = this.find(name);
    if (!this.#allows(model)) throw notAllowed(model.id);
    return this.#here(model);
  }

  /** The model as Ollama runs it, while it does so and no process of ours can; null: it is not Ollama's to run. */
  inOllama(model: CatalogueModel): OllamaModel | null {
    const elsewhere = this.#elsewhere(model);
    return elsewhere === null || this.#isHere(model) ? null : elsewhere;
  }

  /** The first model that Ollama runs now; null: none. */
  firstInOllama(): ResolvedModel | null {
    const model = this.catalogue.models.find((each) => this.#allows(each) && this.inOllama(each) !== null);
    return model === undefined ? null : this.resolve(model.id);
  }

  #here(model: CatalogueModel): ModelHere {
    const found = this.#look(model);
    if (found instanceof AppError) throw found;
    const obstacle = this.#obstacle(model);
    if (obstacle !== null) throw obstacle;
    return { model, spec: { ...model, ...found }, manifestSha256: this.#manifestOf(model) };
  }

  #manifestOf(model: CatalogueModel): string {
    const known = this.#manifests.get(model) ?? modelManifestSha256(model.files);
    this.#manifests.set(model, known);
    return known;
  }

  /** What is on disk, as far as it is known without reading files. */
  presence(model: CatalogueModel): ModelPresence {
    const found = this.#look(model);
    if (!(found instanceof AppError)) return { state: "present", folder: found.folder, error: null };
    return { state: found.code === "MODEL_MISSING" ? "missing" : "corrupt", folder: null, error: found };
  }

  /** Something changed on disk, or is about to rest on what lies there: nothing that was seen before counts. */
  lookAgain(): void {
    this.#seen.clear();
  }

  #look(model: CatalogueModel): Found | AppError {
    const at = performance.now();
    const seen = this.#seen.get(model);
    if (seen !== undefined && at - seen.at < this.#believedMs) return seen.found;
    const found = this.#find(model);
    this.#seen.set(model, { at, found });
    return found;
  }

  #find(model: CatalogueModel): Found | AppError {
    try {
      const folder = this.#locate(model);
      return { folder, files: this.#filesOf(model, folder) };
    } catch (thrown) {
      if (thrown instanceof AppError) return thrown;
      throw thrown;
    }
  }

  /** `resolveHere`, after every file's sha256 was checked; a file already checked in this state is not read again. */
  async verify(name: string, signal?: AbortSignal, onRead?: OnRead): Promise<ModelHere> {
    const model = this.find(name);
    if (!this.#allows(model)) throw notAllowed(model.id);
    this.lookAgain();
    // A folder that turns out bad leaves the next one to look at.
    for (let folder = this.#locate(model); !this.#isChecked(model, folder); folder = this.#locate(model))
      await this.#check(model, folder, signal, onRead);
    return this.resolveHere(name);
  }

  /** Reads every file again, whatever is known of it, and says what is there. */
  async recheck(model: CatalogueModel, signal?: AbortSignal): Promise<ModelPresence> {
    this.lookAgain();
    for (const parent of this.#folders) {
      const folder = join(parent, model.id);
      if (sizesProblem(model, folder) !== null) continue;
      for (const file of model.files) {
        const path = join(folder, file.path);
        this.#checked.delete(stateKey(path));
        this.#remembered.remove(path);
      }
      await this.#check(model, folder, signal);
    }
    return this.presence(model);
  }

  /** Checks all models; returns those that can be loaded, and what is wrong with the others. */
  async verifyAll(
    signal?: AbortSignal,
    onRead?: OnRead,
  ): Promise<{ ready: ResolvedModel[]; problems: AppError[] }> {
    const ready: ResolvedModel[] = [];
    const problems: AppError[] = [];
    for (const { id } of this.catalogue.models) {
      try {
        ready.push(await this.verify(id, signal, onRead));
      } catch (thrown) {
        if (!(thrown instanceof AppError)) throw thrown;
        problems.push(thrown);
      }
    }
    return { ready, problems };
  }

  /** Ids and aliases of the models that `resolve` gives now: what a market is told. */
  offeredNames(): string[] {
    return this.catalogue.models
      .filter((model) => this.#isReady(model))
      .flatMap(({ id, aliases }) => [id, ...aliases]);
  }

  /** Why no model can be run; null while one can. Of several reasons the one that is mended most easily. */
  problem(): AppError | null {
    const problems: AppError[] = [];
    for (const { id } of this.catalogue.models) {
      try {
        this.resolve(id);
        return null;
      } catch (thrown) {
        if (!(thrown instanceof AppError)) throw thrown;
        problems.push(thrown);
      }
    }
    const ease = (error: AppError) => HARDEST_FIRST.indexOf(error.code);
    return problems.toSorted((a, b) => ease(b) - ease(a)).at(0) ?? null;
  }

  #isReady(model: CatalogueModel): boolean {
    return this.#allows(model) && (this.#isHere(model) || this.#elsewhere(model) !== null);
  }

  #isHere(model: CatalogueModel): boolean {
    return this.presence(model).state === "present" && this.#obstacle(model) === null;
  }

  has(name: string): boolean {
    return this.#byName.has(name);
  }

  /** The catalogue's entry of that id or alias; throws MODEL_UNKNOWN. */
  find(name: string): CatalogueModel {
    const model = this.#byName.get(name);
    if (model) return model;
    throw new AppError({
      code: "MODEL_UNKNOWN",
      message: `There is no model "${name.slice(0, 120)}" in the catalogue`,
      actor: "market",
      help: `Known here: ${[...this.#byName.keys()].join(", ")}.`,
    });
  }

  async #check(
    model: CatalogueModel,
    folder: string,
    signal: AbortSignal | undefined,
    onRead?: OnRead,
  ): Promise<void> {
    let bytesRead = 0;
    const count = (bytes: number) => {
      bytesRead += bytes;
      onRead?.(model, bytesRead);
    };
    for (const file of model.files) {
      const path = join(folder, file.path);
      const before = fileState(path);
      const key = keyOf(path, before);
      if (this.#checked.has(key)) continue;
      if (before !== null && this.#remembered.has(path, before, file.sha256)) {
        this.#learn(key, null);
        continue;
      }
      const problem = await outcome(checkPinnedFile(model.id, folder, file, signal, count));
      this.#learn(key, problem);
      // Written to while it was read, it is not what was read.
      if (problem === null && before !== null && fileState(path) === before)
        this.#remembered.add(path, before, file.sha256);
    }
  }

  #learn(key: string, problem: AppError | null): void {
    this.#checked.set(key, problem);
    this.lookAgain();
  }

  /** Each with the state in which it was found right. */
  #filesOf(model: CatalogueModel, folder: string): ModelSpec["files"] {
    return model.files.map((file) => {
      const path = pathInside(model.id, folder, file.path);
      const state = fileState(path);
      const { bytes, sha256 } = file;
      const isGood = state !== null && this.#checked.get(keyOf(path, state)) === null;
      return { path: file.path, bytes, sha256, ...(isGood ? { checked: state } : {}) };
    });
  }

  #isChecked(model: CatalogueModel, folder: string): boolean {
    return model.files.every((file) => this.#checked.has(stateKey(join(folder, file.path))));
  }

  /**
   * The first folder that holds every file in its right size, none of them found to have other contents; else throws
   * the error of the folder that comes closest.
   */
  #locate(model: CatalogueModel): string {
    let best: AppError | null = null;
    for (const parent of this.#folders) {
      const folder = join(parent, model.id);
      const problem = sizesProblem(model, folder) ?? this.#contentsProblem(model, folder);
      if (problem === null) return folder;
      if (best === null || (best.code === "MODEL_MISSING" && problem.code === "MODEL_CORRUPT"))
        best = problem;
    }
    throw best === null ? modelMissing(model.id, "no model folder is configured") : this.#lookedIn(best);
  }

  /** Named for whoever pointed to one folder and wonders about the others. */
  #lookedIn(problem: AppError): AppError {
    const others = this.#folders.filter((folder) => !problem.message.includes(folder));
    if (problem.code !== "MODEL_MISSING" || others.length === 0) return problem;
    const message = `${problem.message}; also looked in ${others.join(", ")}`;
    return AppError.fromValue(problem.toValue(), { message });
  }

  #contentsProblem(model: CatalogueModel, folder: string): AppError | null {
    for (const file of model.files) {
      const known = this.#checked.get(stateKey(join(folder, file.path)));
      if (known) return known;
    }
    return null;
  }
}

function sizesProblem(model: CatalogueModel, folder: string): AppError | null {
  for (const file of model.files) {
    const problem = sizeProblem(model.id, folder, file);
    if (problem) return problem;
  }
  return null;
}

/** A file that was written to has another key, and so is unchecked. */
function keyOf(path: string, state: string | null): string {
  return `${path}\0${state}`;
}

const stateKey = (path: string): string => keyOf(path, fileState(path));

/** Null for a good file, the error for a bad one; rejects when the check itself was aborted. */
async function outcome(check: Promise<void>): Promise<AppError | null> {
  try {
    await check;
    return null;
  } catch (thrown) {
    if (thrown instanceof AppError) return thrown;
    throw thrown;
  }
}

async function readCatalogue(file: string): Promise<Catalogue> {
  try {
    return CatalogueSchema.parse(JSON.parse(await readFile(file, "utf8")));
  } catch (cause) {
    const why = cause instanceof z.ZodError ? z.prettifyError(cause).replaceAll("\n", " ") : String(cause);
    throw new AppError({
      code: "CATALOGUE_UNREADABLE",
      message: `The model catalogue ${file} can't be read: ${why}`,
      actor: "user",
      help: "Install the app again, or point to another resources folder.",
      cause,
    });
  }
}

/** A name that two models claim would make the choice silent: the catalogue is refused. */
function byName(catalogue: Catalogue): ReadonlyMap<string, CatalogueModel> {
  const names = new Map<string, CatalogueModel>();
  for (const model of catalogue.models) {
    for (const name of [model.id, ...model.aliases]) {
      if (names.has(name)) {
        throw new AppError({
          code: "CATALOGUE_UNREADABLE",
          message: `The model catalogue names "${name}" twice`,
          actor: "bug",
        });
      }
      names.set(name, model);
    }
  }
  return names;
}
