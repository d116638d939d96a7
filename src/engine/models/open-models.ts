/** The model store and its manager, put together from the configuration: for an engine, or for the CLI without one. */
import { join } from "node:path";
import type { EngineConfig } from "../../shared/config.ts";
import { AppError } from "../../shared/errors.ts";
import { AllowList } from "./allow-list.ts";
import { ModelManager, type ModelManagerOptions } from "./manager.ts";
import { ModelNotes } from "./notes.ts";
import { modelPlaces } from "./places.ts";
import { ModelStore } from "./store.ts";

export type ModelsConfig = Pick<EngineConfig, "resourcesFolder" | "modelFolders" | "models">;

export interface Models {
  readonly store: ModelStore;
  readonly manager: ModelManager;
  /** What the person should know of the configuration. */
  readonly notices: readonly AppError[];
}

/** Throws CATALOGUE_UNREADABLE. */
export async function openModels(
  { resourcesFolder, modelFolders, models }: ModelsConfig,
  options: Pick<ModelManagerOptions, "inUse" | "retryFailedMs" | "tuning" | "runNpm"> = {},
): Promise<Models> {
  const places = modelPlaces(models.home);
  const notes = new ModelNotes(places.notesFile);
  const allowList = new AllowList(models.allowList, notes);
  const store = await ModelStore.open({
    catalogueFile: join(resourcesFolder, "models", "catalogue.json"),
    modelFolders,
    allows: (model) => allowList.allows(model),
  });
  const { maxBytes, bytesPerSecond } = models;
  const manager = new ModelManager({ store, places, notes, allowList, maxBytes, bytesPerSecond, ...options });
  const unknown = allowList.unknown(store.catalogue.models);
  return { store, manager, notices: unknown.length === 0 ? [] : [unknownNames(unknown)] };
}

function unknownNames(names: readonly string[]): AppError {
  return new AppError({
    code: "MODEL_ALLOWLIST_UNKNOWN",
    message: `MODEL_ALLOWLIST names what no model of the catalogue is called: ${names.join(", ")}`,
    actor: "user",
    help: "`bellows models` lists the models there are.",
  });
}
