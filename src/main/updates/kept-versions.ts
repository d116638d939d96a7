/**
 * Keeps the package of the version that runs, so that the next one can be undone. One folder, two files at most:
 * the package the present version came from, and, once an update replaced it, the package before.
 */
import { randomUUID } from "node:crypto";
import { copyFile, mkdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import path from "node:path";
import { z } from "zod";
import { AppError } from "../../shared/errors.ts";
import { sameHash, sha256OfFile } from "./signature.ts";

const PackageSchema = z.object({
  version: z.string(),
  file: z.string(),
  sha256: z.string(),
  keptAt: z.number().int().nonnegative(),
});
export type KeptPackage = z.infer<typeof PackageSchema>;

const IndexSchema = z.object({ current: PackageSchema.nullable(), previous: PackageSchema.nullable() });
type Index = z.infer<typeof IndexSchema>;

const NOTHING: Index = { current: null, previous: null };

export class KeptVersions {
  readonly #folder: string;
  readonly #clock: () => number;

  constructor(folder: string, clock: () => number = Date.now) {
    this.#folder = folder;
    this.#clock = clock;
  }

  /** The package to go back to from `running`; null: none was kept, or its file is gone. */
  async previousOf(running: string): Promise<KeptPackage | null> {
    const { current, previous } = await this.#read();
    const kept = current !== null && current.version !== running ? current : previous;
    if (kept === null || kept.version === running) return null;
    const there = await stat(this.#path(kept)).then(
      (found) => found.isFile(),
      () => false,
    );
    return there ? kept : null;
  }

  /**
   * Before `next` is installed over `running`: its package becomes the current one, the present one the previous.
   * `ownPackage` is the file the running version lives in where there is one (an AppImage).
   */
  async rotate(
    running: string,
    next: { version: string; file: string },
    ownPackage: string | null,
  ): Promise<void> {
    await mkdir(this.#folder, { recursive: true, mode: 0o700 });
    const index = await this.#read();
    const own = index.current?.version === running ? index.current : null;
    const previous = own ?? (ownPackage === null ? null : await this.#copy(running, ownPackage));
    const current = await this.#copy(next.version, next.file);
    await this.#write({ current, previous });
    for (const old of [index.current, index.previous]) {
      if (old !== null && ![current, previous].some((kept) => kept?.file === old.file)) {
        await rm(this.#path(old), { force: true });
      }
    }
  }

  /** The kept file, once it is proven to be the one that was put away. Throws PREVIOUS_VERSION_DAMAGED. */
  async checked(kept: KeptPackage): Promise<string> {
    const file = this.#path(kept);
    const hash = await sha256OfFile(file).catch(() => "");
    if (sameHash(hash, kept.sha256)) return file;
    throw new AppError({
      code: "PREVIOUS_VERSION_DAMAGED",
      message: `The kept package of version ${kept.version} has changed since it was put away`,
      actor: "machine",
      help: "Install the version by hand from where you got Bellows.",
    });
  }

  async #copy(version: string, source: string): Promise<KeptPackage> {
    const file = `${randomUUID().slice(0, 8)}-${path.basename(source)}`;
    const target = path.join(this.#folder, file);
    await copyFile(source, target);
    return { version, file, sha256: await sha256OfFile(target), keptAt: this.#clock() };
  }

  async #read(): Promise<Index> {
    try {
      const parsed = IndexSchema.safeParse(JSON.parse(await readFile(this.#indexFile, "utf8")));
      return parsed.success ? parsed.data : NOTHING;
    } catch {
      return NOTHING;
    }
  }

  async #write(index: Index): Promise<void> {
    const next = `${this.#indexFile}.next`;
    await writeFile(next, `${JSON.stringify(index, null, 2)}\n`);
    await rename(next, this.#indexFile);
  }

  get #indexFile(): string {
    return path.join(this.#folder, "kept.json");
  }

  /** Only a name is believed of the index, so that no file of it lies elsewhere. */
  #path({ file }: KeptPackage): string {
    return path.join(this.#folder, path.basename(file));
  }
}
