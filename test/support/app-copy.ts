/** The built app in a folder of its own with another catalogue: everything is the real thing but what it would fetch. */
import { cpSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import type { GpuPack } from "../../src/engine/gpu-pack/manifest.ts";
import { tempFolder } from "./temp-folder.ts";

const REPOSITORY = fileURLToPath(new URL("../../", import.meta.url));

export interface AppCopy {
  /** The command line's entry. */
  readonly cli: string;
  /** Where models are looked for that nobody fetched: empty. */
  readonly cache: string;
}

/** `rendererFolder`: a built dashboard of the test's own; absent: the one in dist/. */
export function appWithCatalogue(models: readonly unknown[], rendererFolder?: string): AppCopy {
  return appWith({ "models/catalogue.json": { version: 1, models } }, rendererFolder);
}

/** A copy whose GPU pack is another one. */
export function appWithGpuPack(pack: GpuPack, rendererFolder?: string): AppCopy {
  return appWith({ "gpu-pack.json": { version: 1, packs: [pack] } }, rendererFolder);
}

/** A copy whose llama.cpp is another one; `list` is what stands in its llama.json. */
export function appWithLlama(list: unknown, rendererFolder?: string): AppCopy {
  return appWith({ "llama.json": list }, rendererFolder);
}

/** `resources`: files of the resources folder and what stands in them instead. */
function appWith(resources: Readonly<Record<string, unknown>>, rendererFolder: string | undefined): AppCopy {
  const root = tempFolder();
  for (const name of ["package.json", "dist/node", "resources"])
    cpSync(path.join(REPOSITORY, name), path.join(root, name), { recursive: true });
  cpSync(rendererFolder ?? path.join(REPOSITORY, "dist/renderer"), path.join(root, "dist/renderer"), {
    recursive: true,
  });
  symlinkSync(path.join(REPOSITORY, "node_modules"), path.join(root, "node_modules"));
  for (const [name, content] of Object.entries(resources))
    writeFileSync(path.join(root, "resources", name), JSON.stringify(content));
  const cache = path.join(root, "cache");
  mkdirSync(cache);
  return { cli: path.join(root, "dist/node/cli.js"), cache };
}
