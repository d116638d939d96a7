/**
 * The models of this machine: what the catalogue names, looked for in each model folder, and trusted only as far as
 * its files were checked. Sizes are checked at every look, contents once per state of the file (path, size, mtime).
 */
import { statSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { type Catalogue, type CatalogueModel, CatalogueSchema } from "../../shared/catalogue.ts";
import { modelManifestSha256 } from "../../shared/digest.ts";
import { AppError } from "../../shared/errors.ts";
import { checkPinnedFile, modelMissing, sizeProblem } from "../../shared/model-files.ts";
import type { ModelSpec } from "../../shared/runtime/protocol.ts";

export interface ResolvedModel {
  readonly model: CatalogueModel;
  /** What the runtime is told to load. */
  readonly spec: ModelSpec;
  readonly manifestSha256: string;
}

export interface ModelStoreOptions {
  /** Absolute path of models/catalogue.json. */
  readonly catalogueFile: string;
  /** Searched in order for <model id>/<file>. */
  readonly modelFolders: readonly string[];
}

export class ModelStore {
  readonly catalogue: Catalogue;
  readonly #folders: readonly string[];
  readonly #byName: ReadonlyMap<string, CatalogueModel>;
  /** Outcome of the last full check of a file's state: null for good, else what is wrong. */
  readonly #checked = new Map<string, AppError | null>();

  private constructor(catalogue: Catalogue, folders: readonly string[]) {
    this.catalogue = catalogue;
    this.#folders = folders;
    this.#byName = byName(catalogue);
  }

  /** Throws CATALOGUE_UNREADABLE. */
  static async open({ catalogueFile, modelFolders }: ModelStoreOptions): Promise<ModelStore> {
    return new ModelStore(await readCatalogue(catalogueFile), modelFolders);
  }

  /**
   * The model of that id or declared alias, ready to be loaded. Sizes are looked at; contents as far as `verify` has
   * been over them (the runtime checks them again before it loads). Throws MODEL_UNKNOWN, MODEL_MISSING, MODEL_CORRUPT.
   */
  resolve(name: string): ResolvedModel {
    const model = this.#find(name);
    const folder = this.#locate(model);
    for (const file of model.files) {
      const known = this.#checked.get(stateKey(join(folder, file.path)));
      if (known) throw known;
    }
    const { id, version, files, embed } = model;
    const spec: ModelSpec = { id, version, folder, files, embed };
    return { model, spec, manifestSha256: modelManifestSha256(files) };
  }

  /** `resolve`, after every file's sha256 was checked; a file already checked in this state is not read again. */
  async verify(name: string, signal?: AbortSignal): Promise<ResolvedModel> {
    const model = this.#find(name);
    const folder = this.#locate(model);
    for (const file of model.files) {
      const key = stateKey(join(folder, file.path));
      if (!this.#checked.has(key))
        this.#checked.set(key, await outcome(checkPinnedFile(model.id, folder, file, signal)));
    }
    return this.resolve(name);
  }

  /** Checks all models; returns those that can be loaded, and what is wrong with the others. */
  async verifyAll(signal?: AbortSignal): Promise<{ ready: ResolvedModel[]; problems: AppError[] }> {
    const ready: ResolvedModel[] = [];
    const problems: AppError[] = [];
    for (const { id } of this.catalogue.models) {
      try {
        ready.push(await this.verify(id, signal));
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

  #isReady(model: CatalogueModel): boolean {
    try {
      return this.resolve(model.id) !== null;
    } catch (thrown) {
      if (thrown instanceof AppError) return false;
      throw thrown;
    }
  }

  #find(name: string): CatalogueModel {
    const model = this.#byName.get(name);
    if (model) return model;
    throw new AppError({
      code: "MODEL_UNKNOWN",
      message: `There is no model "${name.slice(0, 120)}" in the catalogue`,
      actor: "market",
      help: `Known here: ${[...this.#byName.keys()].join(", ")}.`,
    });
  }

  /** The first folder that holds every file in its right size; else the error of the folder that comes closest. */
  #locate(model: CatalogueModel): string {
    let best: AppError | null = null;
    for (const parent of this.#folders) {
      const folder = join(parent, model.id);
      const problem = firstProblem(model, folder);
      if (problem === null) return folder;
      if (best === null || (best.code === "MODEL_MISSING" && problem.code === "MODEL_CORRUPT"))
        best = problem;
    }
    throw best ?? modelMissing(model.id, "no model folder is configured");
  }
}

function firstProblem(model: CatalogueModel, folder: string): AppError | null {
  for (const file of model.files) {
    const problem = sizeProblem(model.id, folder, file);
    if (problem) return problem;
  }
  return null;
}

/** A file that was written to has another key, and so is unchecked. */
function stateKey(path: string): string {
  const found = statSync(path, { throwIfNoEntry: false, bigint: true });
  return `${path}\0${found?.size}\0${found?.mtimeNs}`;
}

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
