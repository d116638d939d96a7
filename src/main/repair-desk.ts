/**
 * What a person can do while the engine can't start and no screen of it can be reached: see which saved setting is at
 * fault and take it away, go on from the ledger's copy where a newer version wrote it, look into the log, and have a report.
 */
import { existsSync } from "node:fs";
import { open } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { type ConfigSources, chooseMode } from "../engine/config/from-environment.ts";
import { dataRoot } from "../engine/config/layers.ts";
import { findSavedCulprits, resetSaved } from "../engine/config/saved-repair.ts";
import { readWayBack, wantWayBack } from "../engine/ledger/way-back.ts";
import { logFileOf } from "../engine/log/log-file.ts";
import type { AppCommandOutput, AppView, WrongSetting } from "../shared/contract/app.ts";
import type { EngineStatus } from "../shared/contract/bridge.ts";
import type { SettingKey } from "../shared/contract/settings.ts";
import { KIB } from "../shared/durations.ts";
import { AppError } from "../shared/errors.ts";
import { appReport } from "./app-report.ts";

export interface RepairDeskOptions {
  readonly sources: ConfigSources;
  readonly status: () => EngineStatus;
  /** Start the engine again, after it had failed. */
  readonly start: () => void;
  readonly openFolder: (folder: string) => Promise<void>;
  readonly versions: Readonly<Record<string, string | undefined>>;
}

/** Enough for a start and what went wrong in it. */
const LOG_TAIL = 96 * KIB;

export class RepairDesk {
  readonly #options: RepairDeskOptions;
  #wrong: readonly WrongSetting[] = [];
  #copy: AppView["ledgerCopy"] = null;

  constructor(options: RepairDeskOptions) {
    this.#options = options;
  }

  get wrongSettings(): readonly WrongSetting[] {
    return this.#wrong;
  }

  get ledgerCopy(): AppView["ledgerCopy"] {
    return this.#copy;
  }

  /** With every status of the engine. */
  follow(status: EngineStatus): void {
    const isConfig = status.state === "failed" && status.error.code === "CONFIG_INVALID";
    this.#wrong = isConfig
      ? findSavedCulprits(this.#options.sources).map(({ key, value }) => ({ key, value }))
      : [];
    const isTooNew = status.state === "failed" && status.error.code === "LEDGER_TOO_NEW";
    const copy = isTooNew ? readWayBack(this.#places().folder) : null;
    this.#copy = copy && { takenAt: copy.takenAt };
  }

  /** Throws NO_LEDGER_COPY, also while an engine runs: that one has its ledger. */
  useLedgerCopy(): void {
    const { status, start } = this.#options;
    if (status().state !== "failed") {
      throw new AppError({
        code: "NO_LEDGER_COPY",
        message: "An engine is running: its ledger is in use",
        actor: "user",
      });
    }
    wantWayBack(this.#places().folder);
    start();
  }

  /** Throws SETTING_NOT_RESET, also while an engine runs: that one has its own settings screen. */
  async resetSetting(key: SettingKey): Promise<void> {
    const { sources, status, start } = this.#options;
    if (status().state !== "failed") {
      throw new AppError({
        code: "SETTING_NOT_RESET",
        message: "An engine is running: its settings are changed on the settings screen",
        actor: "user",
      });
    }
    resetSaved(sources, key);
    start();
  }

  async openLogs(): Promise<void> {
    const { folder, root } = this.#places();
    const found = [path.dirname(logFileOf(folder)), folder, root].find((place) => existsSync(place));
    await this.#options.openFolder(found ?? root);
  }

  async report(view: AppView): Promise<AppCommandOutput<"app.diagnostics">> {
    const { sources, status, versions } = this.#options;
    return appReport({
      status: status(),
      view,
      sources,
      versions,
      log: await tailOf(logFileOf(this.#places().folder)),
      now: Date.now(),
      home: os.homedir(),
    });
  }

  /** As far as the settings can be read; else where data goes when nobody says otherwise. */
  #places(): { root: string; folder: string } {
    const { sources } = this.#options;
    try {
      const root = dataRoot(sources);
      return { root, folder: path.join(root, chooseMode(sources)) };
    } catch {
      const root = sources.paths.defaultDataFolder;
      return { root, folder: path.join(root, "live") };
    }
  }
}

/** The newest whole lines; none when there is no such file. */
async function tailOf(file: string): Promise<string[]> {
  const handle = await open(file).catch(() => null);
  if (handle === null) return [];
  try {
    const { size } = await handle.stat();
    const from = Math.max(0, size - LOG_TAIL);
    const { buffer, bytesRead } = await handle.read(
      Buffer.alloc(Math.min(size, LOG_TAIL)),
      0,
      undefined,
      from,
    );
    const lines = buffer.toString("utf8", 0, bytesRead).split("\n");
    return lines.slice(from === 0 ? 0 : 1).filter((line) => line !== "");
  } finally {
    await handle.close();
  }
}
