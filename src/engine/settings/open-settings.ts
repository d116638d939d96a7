/** The settings of an engine, and everything that follows from them at once. */
import { join } from "node:path";
import type { EngineConfig } from "../../shared/config.ts";
import { DAY } from "../../shared/durations.ts";
import type { Kept } from "../housekeeping.ts";
import type { Ledger } from "../ledger/ledger.ts";
import { LiveSettings } from "./settings.ts";

export function openLiveSettings(config: EngineConfig, ledger: Ledger, now: () => number): LiveSettings {
  return new LiveSettings({
    config: config.settings ?? {
      savedFile: join(config.dataFolder, "settings.json"),
      dataRoot: config.dataFolder,
      configFile: null,
      fixed: {},
    },
    audit: (detail) => ledger.audit("settings-changed", now(), detail),
    now,
  });
}

/** How long and how much of the results and their receipts is kept, as the settings have it now. */
export function kept(settings: Pick<LiveSettings, "value">, config: EngineConfig): Kept {
  return {
    outputs: {
      ms: settings.value("keepOutputsFor") ?? config.keepOutputs.days * DAY,
      bytes: settings.value("keepOutputsSize") ?? config.keepOutputs.bytes,
    },
    receipts: {
      ms: settings.value("keepReceiptsFor") ?? config.keepReceipts.days * DAY,
      bytes: settings.value("keepReceiptsSize") ?? config.keepReceipts.bytes,
    },
  };
}
