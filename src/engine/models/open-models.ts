/** The model store and its manager, put together from the configuration: for an engine, or for the CLI without one. */
import { join } from "node:path";
import type { EngineConfig } from "../../shared/config.ts";
import { AppError } from "../../shared/errors.ts";
import { findLlama } from "../../shared/runtime/llama-folder.ts";
import { llamaHome } from "../llama/install.ts";
import { AllowList } from "./allow-list.ts";
import { CheckedFiles } from "./checked-files.ts";
import { ModelManager, type ModelManagerOptions } from "./manager.ts";
import { ModelNotes } from "./notes.ts";
import { modelPlaces } from "./places.ts";
import { ModelStore, type ModelStoreOptions } from "./store.ts";

export type ModelsConfig = Pick<EngineConfig, "resourcesFolder" | "modelFolders" | "models" | "llamaFolder">;

export interface Models {
  readonly store: ModelStore;
  readonly manager: ModelManager;
  /** What the person should know of the configuration. */
  readonly notices: readonly AppError[];
}

type ModelsOptions = Pick<ModelManagerOptions, "inUse" | "retryFailedMs" | "tuning" | "runNpm"> &
  Pick<ModelStoreOptions, "elsewhere" | "believedMs"> & {
    /** It can't be written down any more when models are used. */
    readonly onNotesTrouble?: (trouble: AppError) => void;
  };

/** Throws CATALOGUE_UNREADABLE. */
export async function openModels(
  { resourcesFolder, modelFolders, models, llamaFolder }: ModelsConfig,
  { elsewhere, believedMs, onNotesTrouble, ...options }: ModelsOptions = {},
): Promise<Models> {
  const places = modelPlaces(models.home);
  const notes = new ModelNotes(places.notesFile, onNotesTrouble);
  const allowList = new AllowList(models.allowList, notes);
  const store = await ModelStore.open({
    catalogueFile: join(resourcesFolder, "models", "catalogue.json"),
    modelFolders,
    allows: (model) => allowList.allows(model),
    elsewhere,
    believedMs,
    obstacle: ({ task }) => (task === "generate" ? llamaMissing(llamaFolder) : null),
    remembered: new CheckedFiles(places.checkedFile),
  });
  const { maxBytes, bytesPerSecond } = models;
  const manager = new ModelManager({ store, places, notes, allowList, maxBytes, bytesPerSecond, ...options });
  const unknown = allowList.unknown(store.catalogue.models);
  return { store, manager, notices: unknown.length === 0 ? [] : [unknownNames(unknown)] };
}

function llamaMissing(folder: string | undefined): AppError | null {
  const llama = findLlama(folder && llamaHome(folder));
  return llama instanceof AppError ? llama : null;
}

function unknownNames(names: readonly string[]): AppError {
  return new AppError({
    code: "MODEL_ALLOWLIST_UNKNOWN",
    message: `MODEL_ALLOWLIST names what no model of the catalogue is called: ${names.join(", ")}`,
    actor: "user",
    help: "`bellows models` lists the models there are.",
  });
}
