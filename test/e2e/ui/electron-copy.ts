/** Electron with another app in it: it starts only what lies at `resources/app`, so all but that is linked into a folder. */
import { cpSync, linkSync, mkdirSync, mkdtempSync, readdirSync } from "node:fs";
import path from "node:path";
import { electronFile, REPOSITORY } from "./electron-app.ts";

export interface ElectronCopy {
  /** To be removed by whoever made it. */
  readonly folder: string;
  readonly executable: string;
  /** Not there yet: the app goes here. */
  readonly app: string;
}

export function copyElectron(name: string): ElectronCopy {
  if (electronFile === null) throw new Error("Set-up found no Electron for this machine");
  // On the same disk as Electron, so that its files can be linked instead of copied.
  const folder = mkdtempSync(path.join(REPOSITORY, ".cache", `${name}-`));
  linkTree(path.dirname(electronFile), path.join(folder, "electron"));
  return {
    folder,
    executable: path.join(folder, "electron", path.basename(electronFile)),
    app: path.join(folder, "electron", "resources", "app"),
  };
}

function linkTree(from: string, to: string): void {
  mkdirSync(to, { recursive: true });
  for (const item of readdirSync(from, { withFileTypes: true })) {
    const [source, target] = [path.join(from, item.name), path.join(to, item.name)];
    if (item.isDirectory()) linkTree(source, target);
    else if (item.isFile()) linkSync(source, target);
    else if (item.name !== "app") cpSync(source, target, { verbatimSymlinks: true });
  }
}
