/** What this start of the app runs: the markets the environment names, or the demo. A thin caller of engine/config. */
import path from "node:path";
import { prepareDemo } from "../engine/config/demo.ts";
import {
  type ConfigSources,
  chooseMode,
  loadConfig,
  readSettings,
} from "../engine/config/from-environment.ts";
import type { AppPaths } from "../engine/config/paths.ts";
import type { WorkPlan } from "../host/work-processes.ts";
import type { EngineConfig } from "../shared/config.ts";

/** Makes the data folder where it is missing. Throws ConfigError or AppError DATA_FOLDER_…. */
export function planEngine(
  sources: ConfigSources,
  keySeal: (dataFolder: string) => NonNullable<EngineConfig["key"]>,
): WorkPlan {
  if (chooseMode(sources) === "demo") return { mode: "demo", ...prepareDemo(sources) };
  const config = loadConfig({ ...sources, keyAtWindow: true });
  const key = keySeal(config.dataFolder);
  return {
    mode: "live",
    dataFolder: config.dataFolder,
    engineConfig: (startAs = config.startAs) => ({ ...config, key, startAs }),
  };
}

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
