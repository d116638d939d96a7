// Which Electron this checkout has, and how to start the app in it. Read by the start script and by tests.
import fs from "node:fs";
import path from "node:path";
import { readJson } from "../lib/files.mjs";
import { bundledNode } from "../lib/node24.mjs";
import { cacheDir, repoRoot } from "../lib/paths.mjs";

/** From this Electron on its own Node can load better-sqlite3; before, the engine needs a Node of its own. */
const FIRST_ELECTRON_WITH_OWN_ENGINE = 42;

export const electronNote = path.join(cacheDir, "electron.json");

/**
 * The Electron that set-up found, or null when there is none.
 * @returns {{executable: string, version: string, source: "official" | "registry", canRunEngine: boolean} | null}
 */
export function readElectron() {
  const note = readJson(electronNote);
  if (!note) return null;
  const executable = path.resolve(path.dirname(electronNote), note.executable);
  if (!fs.existsSync(executable)) return null;
  const canRunEngine = Number.parseInt(note.version, 10) >= FIRST_ELECTRON_WITH_OWN_ENGINE;
  return { executable, version: note.version, source: note.source, canRunEngine };
}

/**
 * What to start for the app of this checkout: Electron, its arguments before the app's own, and additions to the
 * environment. Null when there is no Electron.
 * @returns {{executablePath: string, args: string[], env: Record<string, string>} | null}
 */
export function electronLaunch(appArgs = []) {
  const electron = readElectron();
  if (!electron) return null;
  const args = [];
  // Chromium refuses to start as root inside its own sandbox.
  if (process.platform === "linux" && process.getuid?.() === 0) args.push("--no-sandbox");
  // The registry's Electron has no default app: its resources/app is a link to this checkout instead.
  if (electron.source === "official") args.push(repoRoot);
  const node = electron.canRunEngine ? null : bundledNode();
  return {
    executablePath: electron.executable,
    args: [...args, ...appArgs],
    env: node ? { BELLOWS_ENGINE_NODE: node } : {},
  };
}
