/** Where the machines of a fleet are named: what the settings say, else an inventory that lies in the data folder. */
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import type { EngineConfig } from "../../shared/config.ts";
import type { LiveSettings } from "../settings/settings.ts";
import { type Inventory, JOB, readInventory } from "./inventory.ts";

const NAMES = ["fleet.toml", "fleet.yaml", "fleet.yml"] as const;

/** At least one of them is not null. */
export interface FleetPlace {
  /** Absolute; need not exist. */
  readonly file: string | null;
  /** Base address of a Prometheus. */
  readonly prometheus: string | null;
}

export interface FleetSettings {
  /** A relative one counts from `dataRoot`. */
  readonly file: string | undefined;
  readonly prometheus: string | undefined;
  readonly dataRoot: string;
}

/** null: nobody has a fleet here. */
export function fleetPlace({ file, prometheus, dataRoot }: FleetSettings): FleetPlace | null {
  if (file !== undefined) return { file: resolve(dataRoot, file), prometheus: prometheus ?? null };
  const found = NAMES.map((name) => join(dataRoot, name)).find((each) => existsSync(each)) ?? null;
  return found === null && prometheus === undefined ? null : { file: found, prometheus: prometheus ?? null };
}

/** As the settings of a running engine have it now. */
export function placeOfFleet(
  settings: Pick<LiveSettings, "value">,
  config: Pick<EngineConfig, "dataFolder" | "settings">,
): FleetPlace | null {
  return fleetPlace({
    file: settings.value("fleetFile"),
    prometheus: settings.value("fleetPrometheus"),
    dataRoot: config.settings?.dataRoot ?? config.dataFolder,
  });
}

/** The Prometheus of the settings goes before the one that the file names, whose job it keeps. Throws ConfigError for a wrong file. */
export function inventoryAt({ file, prometheus }: FleetPlace): Inventory {
  const written = file === null ? { workers: [], prometheus: null } : readInventory(file);
  if (prometheus === null) return written;
  return { ...written, prometheus: { url: prometheus, job: written.prometheus?.job ?? JOB } };
}
