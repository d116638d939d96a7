/**
 * Where the models that Bellows itself fetches live: `<home>/<id>/<file>`, and beside them, in `<home>/.downloads`,
 * what is on its way. Everything is on one file system, so that a checked file is put into place by a rename.
 */
import { join } from "node:path";
import { pathInside } from "../../shared/model-files.ts";

export interface ModelPlaces {
  readonly home: string;
  /** Facts about models that outlive a process: when they were used, what the person said of them. */
  readonly notesFile: string;
  /** Files that were read and found right. */
  readonly checkedFile: string;
  folderOf(id: string): string;
  /** Absolute path of a model's file; throws MODEL_UNSAFE for one that would lie outside its folder. */
  fileOf(id: string, path: string): string;
  /** Partial files of a model's download. */
  downloadFolder(id: string): string;
  lockFile(id: string): string;
}

export function modelPlaces(home: string): ModelPlaces {
  const downloads = join(home, ".downloads");
  // An id may have a slash in it ("clip-ViT-B/32"); a download's folder is flat.
  const flat = (id: string) => encodeURIComponent(id);
  return {
    home,
    notesFile: join(home, ".notes.json"),
    checkedFile: join(home, ".checked.json"),
    folderOf: (id) => pathInside(id, home, id),
    fileOf: (id, path) => pathInside(id, pathInside(id, home, id), path),
    downloadFolder: (id) => join(downloads, flat(id)),
    lockFile: (id) => join(downloads, `${flat(id)}.lock`),
  };
}
