/** What this start of the app runs: the markets the environment names, or the demo. A thin caller of engine/config. */
import path from "node:path";
import { type Demo, prepareDemo } from "../engine/config/demo.ts";
import {
  type ConfigSources,
  chooseMode,
  loadConfig,
  readSettings,
} from "../engine/config/from-environment.ts";
import type { AppPaths } from "../engine/config/paths.ts";
import type { EngineConfig } from "../shared/config.ts";

export type EnginePlan =
  | { readonly mode: "demo"; readonly demo: Demo }
  | { readonly mode: "live"; readonly config: EngineConfig };

/** Makes the data folder where it is missing. Throws ConfigError or AppError DATA_FOLDER_…. */
export function planEngine(
  sources: ConfigSources,
  keySeal: (dataFolder: string) => NonNullable<EngineConfig["key"]>,
): EnginePlan {
  if (chooseMode(sources) === "demo") return { mode: "demo", demo: prepareDemo(sources) };
  const config = loadConfig({ ...sources, keyAtWindow: true });
  return { mode: "live", config: { ...config, key: keySeal(config.dataFolder) } };
}

/** Where the plan's engine keeps its ledger and its control file. */
export const planFolder = (plan: EnginePlan): string =>
  plan.mode === "demo" ? plan.demo.dataFolder : plan.config.dataFolder;

/** Where the app itself keeps things (window size, Chromium's files): beside live/ and demo/, never in them. */
export function desktopFolder(env: ConfigSources["env"], paths: AppPaths): string {
  return path.join(dataRoot(env, paths), "desktop");
}

function dataRoot(env: ConfigSources["env"], paths: AppPaths): string {
  try {
    return (
      readSettings({ env: { BELLOWS_DATA_DIR: env.BELLOWS_DATA_DIR }, flags: {} }).dataFolder ??
      paths.defaultDataFolder
    );
  } catch {
    return paths.defaultDataFolder; // The window must open to say what is wrong with the setting.
  }
}
