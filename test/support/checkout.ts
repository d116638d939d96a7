/** A checkout to type commands in, and `bellows` as an installation would have it on the path. */
import { chmodSync, readdirSync, symlinkSync, writeFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { tempFolder } from "./temp-folder.ts";

const REPOSITORY = fileURLToPath(new URL("../../", import.meta.url));

/** What a clone has, to be read; what a command writes lands beside it and is gone afterwards. */
export function checkout(): string {
  const folder = tempFolder();
  for (const name of readdirSync(REPOSITORY)) {
    if (name.startsWith(".")) continue;
    symlinkSync(path.join(REPOSITORY, name), path.join(folder, name));
  }
  return folder;
}

/** The folder to put in front of PATH. */
export function bellowsOnPath(): string {
  const folder = tempFolder();
  const file = path.join(folder, "bellows");
  const cli = path.join(REPOSITORY, "dist/node/cli.js");
  writeFileSync(file, `#!/bin/sh\nexec '${process.execPath}' '${cli}' "$@"\n`);
  chmodSync(file, 0o755);
  return folder;
}
