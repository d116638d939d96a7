// What a build is made from and whether it has to be made again.
import { createHash } from "node:crypto";
import fs from "node:fs";
import path from "node:path";
import { filesUnder, readJson, writeJson } from "../lib/files.mjs";
import { distDir, inRepo } from "../lib/paths.mjs";

/** One file per process; each is started by name, so the names are part of the program. */
export const NODE_ENTRIES = {
  main: "src/main/main.ts",
  engine: "src/engine/entry.ts",
  runtime: "src/runtime/entry.ts",
  devnet: "src/devnet/entry.ts",
  nvml: "src/nvml/entry.ts",
  cli: "src/cli/entry.ts",
};

export const PRELOAD_ENTRY = "src/preload/preload.ts";
export const RENDERER_ENTRY = "src/renderer/index.html";

const INPUT_FOLDERS = ["src", "resources", "scripts/build"];
const INPUT_FILES = ["package-lock.json", "tsconfig.json", "scripts/build.mjs"];

const stampFile = path.join(distDir, "build.json");

export const exists = (entry) => fs.existsSync(inRepo(entry));

export function missingEntries() {
  return [...Object.values(NODE_ENTRIES), PRELOAD_ENTRY, RENDERER_ENTRY].filter((entry) => !exists(entry));
}

/** Content decides, not time: a checkout or a branch switch and back costs no build. */
export function inputHash() {
  const hash = createHash("sha256");
  const files = [
    ...INPUT_FOLDERS.flatMap((folder) => filesUnder(inRepo(folder))),
    ...INPUT_FILES.map((file) => inRepo(file)),
  ];
  for (const file of files) {
    if (!fs.existsSync(file)) continue;
    hash.update(`${path.relative(inRepo(), file)}\0`);
    hash.update(fs.readFileSync(file));
  }
  return hash.digest("hex");
}

export function isFresh(hash = inputHash()) {
  const stamp = readJson(stampFile);
  return stamp?.hash === hash && stamp.outputs.every((output) => fs.existsSync(path.join(distDir, output)));
}

export function writeBuildStamp(hash, outputs) {
  writeJson(stampFile, { hash, outputs });
}
