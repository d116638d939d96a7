/**
 * Which files were read to their end and found right, from one start to the next: a model of many gigabytes is read once and
 * not at every start. A file counts as the one that was read while size, times of change and inode are the same; the time
 * of the inode's own change can't be set back by whoever sets back the other. `bellows models verify` reads all the same.
 */
import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { z } from "zod";

const FileSchema = z.record(z.string(), z.object({ sha256: z.string(), state: z.string() }));
type Known = z.infer<typeof FileSchema>;

export class CheckedFiles {
  readonly #file: string | null;
  #known: Known;

  /** null: nothing outlives this process. */
  constructor(file: string | null) {
    this.#file = file;
    this.#known = file === null ? {} : read(file);
  }

  /** Was this file read in this very state, and had it that sha256? */
  has(path: string, state: string, sha256: string): boolean {
    const known = this.#known[path];
    return known?.state === state && known.sha256 === sha256;
  }

  add(path: string, state: string, sha256: string): void {
    if (!this.has(path, state, sha256)) this.#change((known) => ({ ...known, [path]: { sha256, state } }));
  }

  remove(path: string): void {
    if (this.#known[path] === undefined) return;
    this.#change((known) => Object.fromEntries(Object.entries(known).filter(([each]) => each !== path)));
  }

  #change(change: (known: Known) => Known): void {
    // Another process with the same models may have written meanwhile.
    const before = this.#file === null ? this.#known : { ...this.#known, ...read(this.#file) };
    const here = Object.entries(change(before)).filter(([path]) => existsSync(path));
    this.#known = Object.fromEntries(here);
    if (this.#file !== null) write(this.#file, this.#known);
  }
}

/** A memory that can't be kept costs time at the next start, and nothing else. */
function write(file: string, known: Known): void {
  const temporary = `${file}.${randomBytes(4).toString("hex")}.tmp`;
  try {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(temporary, `${JSON.stringify(known, null, 1)}\n`, { flush: true });
    renameSync(temporary, file);
  } catch {
    // A folder that is only read, or a full disk: whoever needs room there says so.
  }
}

function read(file: string): Known {
  try {
    return FileSchema.parse(JSON.parse(readFileSync(file, "utf8")));
  } catch {
    return {};
  }
}
