/**
 * The app: what has to be said before Electron is ready, and one instance for each data folder. What it then does is
 * run-app.ts.
 */
import path from "node:path";
import { app, crashReporter, protocol } from "electron";
import type { AppPaths } from "../engine/config/paths.ts";
import { SecretFiles } from "../engine/config/secret-files.ts";
import { APP_ID } from "./app-id.ts";
import { APP_SCHEME } from "./app-protocol.ts";
import { desktopFolder } from "./config.ts";
import { withEngineNode } from "./engine-node.ts";
import { log } from "./log.ts";
import { runApp } from "./run-app.ts";

/** Chromium's level for what ends the process. */
const FATAL_ONLY = "3";

/** To be called before Electron is ready. */
export function startApp(located: AppPaths): void {
  new SecretFiles(process.env).read();
  const paths = withEngineNode(located, process.env);
  const desktop = desktopFolder(process.env, paths);

  app.setName("Bellows");
  app.setAppUserModelId(APP_ID);
  // The lock below belongs to this folder: two data folders may run side by side, one folder only once.
  app.setPath("userData", desktop);
  app.setPath("crashDumps", path.join(desktop, "crash-reports"));
  // Reports help whoever reads them; nobody is sent one.
  crashReporter.start({ uploadToServer: false, submitURL: "" });
  // The GPU belongs to the jobs; a dashboard is drawn quickly enough without it.
  app.disableHardwareAcceleration();
  // Chromium's complaints about the desktop (no session bus, …) help nobody: the terminal shows what Bellows says.
  app.commandLine.appendSwitch("log-level", FATAL_ONLY);
  // The page knows no network and updates are looked for now and then: not worth a process of 28 MB.
  app.commandLine.appendSwitch("enable-features", "NetworkServiceInProcess2");
  protocol.registerSchemesAsPrivileged([
    { scheme: APP_SCHEME, privileges: { standard: true, secure: true } },
  ]);
  // Started by `npm start`, and that is gone without having asked us to end.
  if (process.connected) process.once("disconnect", () => app.quit());
  // Whoever reads our log may go away first.
  process.stderr.on("error", () => undefined);

  if (app.requestSingleInstanceLock()) {
    void app.whenReady().then(() => runApp({ paths, desktop }));
  } else {
    log("Bellows is already running with this data folder; its window is brought to the front.");
    app.quit(); // The first instance is told, and shows its window.
  }
}
