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

export interface EnginePlanParts {
  readonly keySeal: (dataFolder: string) => NonNullable<EngineConfig["key"]>;
  /** The app crashed too often: nobody has left safe mode yet. */
  readonly safeMode: () => boolean;
}

/** Makes the data folder where it is missing. Throws ConfigError or AppError DATA_FOLDER_…. */
export function planEngine(sources: ConfigSources, { keySeal, safeMode }: EnginePlanParts): WorkPlan {
  if (chooseMode(sources) === "demo") {
    return { mode: "demo", ...prepareDemo(sources), startAs: startRule(sources, safeMode) };
  }
  const config = loadConfig({ ...sources, keyAtWindow: true });
  const key = keySeal(config.dataFolder);
  return {
    mode: "live",
    dataFolder: config.dataFolder,
    startAs: startRule(sources, safeMode),
    engineConfig: (startAs = config.startAs) => ({ ...config, key, startAs }),
  };
}

/**
 * A person's machine takes work because its person wants it to: it goes on as it was left, also from the demo to a real
 * market, and nothing begins before the set-up's last step.
 */
function startRule(sources: ConfigSources, safeMode: () => boolean): NonNullable<WorkPlan["startAs"]> {
  const { firstRun, startAs = "as-left" } = readSettings(sources, ["firstRun", "startAs"]);
  const isSetUp = firstRun === "done";
  return (before) => {
    if (safeMode()) return "stopped";
    if (before === null) return isSetUp ? startAs : "as-left";
    if (before === "running") return isSetUp ? "running" : "paused";
    return before === "paused" ? "paused" : "stopped";
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
