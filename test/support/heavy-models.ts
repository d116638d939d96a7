/** Models of the catalogue as big as they are and full of zeros: to read them takes a start its time. */
import { mkdirSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { locatePaths } from "../../src/engine/config/paths.ts";
import { CatalogueSchema } from "../../src/shared/catalogue.ts";
import { tempFolder } from "./temp-folder.ts";

/** A folder to be searched for models. Files without contents take no room. */
export function heavyModels(ids: readonly string[]): string {
  const folder = tempFolder();
  const file = join(locatePaths().resourcesFolder, "models", "catalogue.json");
  const { models } = CatalogueSchema.parse(JSON.parse(readFileSync(file, "utf8")));
  for (const { id, files } of models.filter((model) => ids.includes(model.id))) {
    for (const { path, bytes } of files) {
      const place = join(folder, id, path);
      mkdirSync(dirname(place), { recursive: true });
      writeFileSync(place, "");
      truncateSync(place, bytes);
    }
  }
  return folder;
}
