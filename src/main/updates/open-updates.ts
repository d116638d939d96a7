/** Updates as this installation can have them: its kind of package, its release keys, its folder. */
import { mkdirSync } from "node:fs";
import path from "node:path";
import { app, session } from "electron";
import { SCHEMA } from "../../engine/ledger/way-back.ts";
import type { Preferences } from "../system/preferences.ts";
import { chooseInstaller, type Installer } from "./installer.ts";
import { KeptVersions } from "./kept-versions.ts";
import { releaseKeys } from "./keys.ts";
import { ElectronUpdateSource } from "./update-source.ts";
import { Updates, type UpdatesOptions } from "./updates.ts";

type Given = Pick<UpdatesOptions, "version" | "windDown" | "changed">;

export interface OpenUpdatesOptions extends Given {
  /** Kept packages and the library's own files; made when missing. */
  readonly folder: string;
  readonly settings: () => Pick<Preferences, "feedUrl" | "channel" | "autoUpdates">;
  readonly log: (line: string) => void;
}

export function openUpdates({ folder, settings, log, ...given }: OpenUpdatesOptions): Updates {
  const { env } = process;
  mkdirSync(folder, { recursive: true });
  const installer: Installer = chooseInstaller({
    platform: process.platform,
    appImage: env.APPIMAGE,
    resources: process.resourcesPath,
    packaged: app.isPackaged,
    execPath: process.execPath,
  });
  return new Updates({
    ...given,
    platform: `${process.platform}-${process.arch}`,
    keys: releaseKeys(env, app.isPackaged),
    source: new ElectronUpdateSource({
      folder,
      // The library's own session: the window's knows no network.
      fetch: (url, init) => session.fromPartition("electron-updater", { cache: false }).fetch(url, init),
      log,
    }),
    installer,
    kept: new KeptVersions(path.join(folder, "kept"), SCHEMA),
    settings: () => {
      const { feedUrl, channel, autoUpdates } = settings();
      return { feedUrl, channel, auto: autoUpdates };
    },
    restart: () => {
      const { relaunch } = installer;
      // Asked for now, done by Electron when this process has ended in order.
      if (relaunch !== null) app.relaunch({ execPath: relaunch.execPath, args: process.argv.slice(1) });
      app.quit();
    },
  });
}
