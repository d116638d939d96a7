// Where things lie, so that no script spells a path twice.
import path from "node:path";
import { fileURLToPath } from "node:url";

export const repoRoot = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "../..");

/** Downloads and stamps. A CI that keeps a cache between runs points BELLOWS_CACHE_DIR at it. */
export const cacheDir = process.env.BELLOWS_CACHE_DIR
  ? path.resolve(process.env.BELLOWS_CACHE_DIR)
  : path.join(repoRoot, ".cache");

export const modelsDir = path.join(cacheDir, "models");
export const nodeModules = path.join(repoRoot, "node_modules");
export const distDir = path.join(repoRoot, "dist");
export const testResults = path.join(repoRoot, "test-results");

export const inRepo = (...parts) => path.join(repoRoot, ...parts);

/** A path as a person should read it: relative to the repository when it lies inside. */
export function shown(file) {
  const relative = path.relative(repoRoot, file);
  return relative.startsWith("..") ? file : relative;
}
