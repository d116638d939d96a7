/** `sudo bellows models …` in a service's data folder: what it brings is the service's, which goes on with it. */
import { chownSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { CatalogueSchema } from "../../src/shared/catalogue.ts";
import { MINUTE } from "../../src/shared/durations.ts";
import { bellows } from "../support/bellows.ts";
import { serveRegistry } from "../support/npm-registry.ts";
import { tempFolder } from "../support/temp-folder.ts";

/** Nobody in particular. */
const SERVICE = 65_534;
const STARTER = "all-MiniLM-L6-v2";
const CACHE = fileURLToPath(new URL("../../.cache", import.meta.url));
const CATALOGUE = fileURLToPath(new URL("../../resources/models/catalogue.json", import.meta.url));

it.skipIf(process.platform !== "linux" || process.getuid?.() !== 0)(
  "root fetches a model for a service, and owns nothing of it, not even of a fetch that failed",
  { timeout: 3 * MINUTE },
  async () => {
    const model = CatalogueSchema.parse(JSON.parse(readFileSync(CATALOGUE, "utf8"))).models.find(
      ({ id }) => id === STARTER,
    );
    const source = model?.sources.find(({ kind }) => kind === "npm");
    if (model === undefined || source?.kind !== "npm") throw new Error("The starter model comes from npm");
    const registry = await serveRegistry({
      name: source.package,
      version: source.version,
      files: Object.fromEntries(
        model.files.map(({ path, from }) => [
          `${source.folder}/${from}`,
          { file: join(CACHE, "models", STARTER, path) },
        ]),
      ),
    });
    const home = join(tempFolder(), "service");
    mkdirSync(home, { mode: 0o700 });
    chownSync(home, SERVICE, SERVICE);
    const env = (registryUrl: string) => ({
      BELLOWS_CACHE_DIR: join(home, "..", "no-cache"),
      npm_config_registry: registryUrl,
      npm_config_cache: join(home, "..", "npm"),
    });
    const notTheirs = () =>
      readdirSync(home, { recursive: true, encoding: "utf8" }).filter((name) => {
        const { uid, gid } = statSync(join(home, name));
        return uid !== SERVICE || gid !== SERVICE;
      });

    const other = await serveRegistry({
      name: "another-package",
      version: "1.0.0",
      files: { "a.txt": { file: CATALOGUE } },
    });
    const failed = await bellows(["models", "download", STARTER, "--data", home], env(other.url));
    expect(failed.code).toBe(1);
    expect(notTheirs()).toEqual([]);
    const done = await bellows(["models", "download", STARTER, "--data", home], env(registry.url));
    expect(done, done.stderr).toMatchObject({ code: 0 });
    expect(existsSync(join(home, "models", STARTER))).toBe(true);
    expect(notTheirs()).toEqual([]);
  },
);
