/** Whoever looks after the models: the running engine of this data folder, else this process itself. */

import { modelConfig, readSettings } from "../engine/config/from-environment.ts";
import type { SettingName } from "../engine/config/settings.ts";
import { modelHandlers } from "../engine/models/model-handlers.ts";
import { openModels } from "../engine/models/open-models.ts";
import {
  COMMANDS,
  type CommandInput,
  type CommandName,
  type CommandOutput,
} from "../shared/contract/contract.ts";
import { AppError } from "../shared/errors.ts";
import { findEngine, type Where } from "./engine-client.ts";
import { leftToOwner } from "./left-to-owner.ts";

export type ModelCommand = Extract<CommandName, `models.${string}`>;

export interface ModelsDesk {
  /** False: it is this process that works, and what is not done when it ends waits for the next time. */
  readonly isEngine: boolean;
  /** What the person should know of the settings; an engine shows its own. */
  readonly notices: readonly AppError[];
  invoke<C extends ModelCommand>(command: C, input: CommandInput<C>): Promise<CommandOutput<C>>;
  close(): Promise<void>;
}

const MODEL_SETTINGS: readonly SettingName[] = [
  "dataFolder",
  "modelFolders",
  "modelAllowList",
  "diskCacheFolder",
  "modelsSize",
  "downloadRate",
];

export async function openModelsDesk(where: Where): Promise<ModelsDesk> {
  const engine = await findEngine(where).catch((thrown) => {
    if (thrown instanceof AppError && thrown.code === "ENGINE_NOT_RUNNING") return null;
    throw thrown;
  });
  if (engine) {
    return {
      isEngine: true,
      notices: [],
      invoke: (command, input) => engine.invoke(command, input),
      close: () => Promise.resolve(),
    };
  }
  // What is wrong with a market's settings is nothing that a look at the models should fail for.
  const settings = readSettings(where, MODEL_SETTINGS);
  const { resourcesFolder } = where.paths;
  const config = modelConfig(settings, where.paths);
  const theirs = leftToOwner(config.models.home);
  const { manager, notices } = await openModels({ resourcesFolder, ...config });
  const handlers = modelHandlers(manager);
  return {
    isEngine: false,
    notices,
    async invoke<C extends ModelCommand>(command: C, input: CommandInput<C>) {
      const handler = handlers[command] as (input: unknown) => Promise<CommandOutput<C>>;
      return handler(COMMANDS[command].input.parse(input));
    },
    async close() {
      await manager.close();
      theirs[Symbol.dispose]();
    },
  };
}
