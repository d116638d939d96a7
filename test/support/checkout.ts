/** A checkout to type commands in, and `bellows` as an installation would have it on the path. */
import { chmodSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { tempFolder } from "./temp-folder.ts";

const REPOSITORY = fileURLToPath(new URL("../../", import.meta.url));

/** What a clone has, to be read; what a command writes lands beside it and is gone afterwards. */
export function checkout(): string {
  const folder = tempFolder();
  linkCheckout(folder);
  return folder;
}

/** The same in a folder of the caller's. */
export function linkCheckout(folder: string): void {
  mkdirSync(folder, { recursive: true });
  for (const name of readdirSync(REPOSITORY)) {
    if (name.startsWith(".")) continue;
    symlinkSync(path.join(REPOSITORY, name), path.join(folder, name));
  }
}

/** The folder to put in front of PATH. */
export function bellowsOnPath(): string {
  const folder = tempFolder();
  writeBellows(folder);
  return folder;
}

/** `bellows` into a folder of the caller's. */
export function writeBellows(folder: string): void {
  mkdirSync(folder, { recursive: true });
  const file = path.join(folder, "bellows");
  const cli = path.join(REPOSITORY, "dist/node/cli.js");
  writeFileSync(file, `#!/bin/sh\nexec '${process.execPath}' '${cli}' "$@"\n`);
  chmodSync(file, 0o755);
}
