/**
 * Keeps the package of the version that runs, so that the next one can be undone. One folder: the package the present
 * version came from, once an update replaced it the package before, and, until the next version has truly started,
 * what will be the two by then. An update that failed or never came leaves nothing behind.
 */
import { randomUUID } from "node:crypto";
import { copyFile, mkdir, readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import path from "node:path";
import { z } from "zod";
import { syncFile, syncFolder } from "../../shared/durable.ts";
import { AppError } from "../../shared/errors.ts";
import { sameHash, sha256OfFile } from "./signature.ts";

const PackageSchema = z.object({
  version: z.string(),
  file: z.string(),
  sha256: z.string(),
  keptAt: z.number().int().nonnegative(),
  /** The newest schema of the ledger that it knows; null: it never said so itself. */
  schema: z.number().int().positive().nullable().default(null),
});
export type KeptPackage = z.infer<typeof PackageSchema>;

const PairSchema = z.object({ current: PackageSchema.nullable(), previous: PackageSchema.nullable() });
const IndexSchema = PairSchema.extend({
  /** What holds once its `current` runs; null: nothing is about to be replaced. */
  staged: PairSchema.nullable().default(null),
});
type Index = z.infer<typeof IndexSchema>;

const NOTHING: Index = { current: null, previous: null, staged: null };
const INDEX = "kept.json";

export class KeptVersions {
  readonly #folder: string;
  readonly #schema: number;
  readonly #clock: () => number;

  /** `schema`: the newest of the ledger that the running version knows. */
  constructor(folder: string, schema: number, clock: () => number = Date.now) {
    this.#folder = folder;
    this.#schema = schema;
    this.#clock = clock;
  }

  /** Can that version read the ledger as the running one keeps it? */
  ledgerFor({ schema }: KeptPackage): "same" | "older" | "unknown" {
    if (schema === null) return "unknown";
    return schema < this.#schema ? "older" : "same";
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
   * Before `next` is installed over `running`: both packages are put away, and count once `next` runs.
   * `ownPackage` is the file the running version lives in where there is one (an AppImage).
   */
  async stage(
    running: string,
    next: { version: string; file: string },
    ownPackage: string | null,
  ): Promise<void> {
    await mkdir(this.#folder, { recursive: true, mode: 0o700 });
    const { current, previous } = await this.#read();
    // After a way back the running version's package is the previous one.
    const own = [current, previous].find((kept) => kept?.version === running) ?? null;
    const previousOne = own ?? (ownPackage === null ? null : await this.#copy(running, ownPackage));
    const staged = {
      previous: previousOne && { ...previousOne, schema: this.#schema },
      current: await this.#copy(next.version, next.file),
    };
    await this.#keepOnly({ current, previous, staged });
  }

  /** With the version that runs: it is the staged one (true), or that one did not come and is forgotten. */
  async settle(running: string): Promise<boolean> {
    const { current, previous, staged } = await this.#read();
    if (staged === null) return false;
    const came = staged.current?.version === running;
    await this.#keepOnly(came ? { ...staged, staged: null } : { current, previous, staged: null });
    return came;
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
    await syncFile(target);
    return { version, file, sha256: await sha256OfFile(target), keptAt: this.#clock(), schema: null };
  }

  async #read(): Promise<Index> {
    try {
      const parsed = IndexSchema.safeParse(
        JSON.parse(await readFile(path.join(this.#folder, INDEX), "utf8")),
      );
      return parsed.success ? parsed.data : NOTHING;
    } catch {
      return NOTHING;
    }
  }

  /** The index is written first, and is on the disk before anything is removed: a file too many goes the next time. */
  async #keepOnly(index: Index): Promise<void> {
    const file = path.join(this.#folder, INDEX);
    await writeFile(`${file}.next`, `${JSON.stringify(index, null, 2)}\n`, { flush: true });
    await rename(`${file}.next`, file);
    await syncFolder(this.#folder);
    const { current, previous, staged } = index;
    const named = [current, previous, staged?.current, staged?.previous].map((kept) => kept?.file);
    for (const name of await readdir(this.#folder)) {
      if (name !== INDEX && !named.includes(name)) await rm(path.join(this.#folder, name), { force: true });
    }
  }

  /** Only a name is believed of the index, so that no file of it lies elsewhere. */
  #path({ file }: KeptPackage): string {
    return path.join(this.#folder, path.basename(file));
  }
}
