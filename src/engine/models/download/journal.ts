/**
 * What of a download is on disk for sure: one JSON line per finished chunk, with its hash, synced before it counts.
 * A line cut off by a crash, and everything after it, is forgotten; a journal of other contents is begun anew.
 */
import { type FileHandle, open, readFile } from "node:fs/promises";
import { z } from "zod";
import { isMissing } from "./io-error.ts";

const Sha256 = z.string().regex(/^[0-9a-f]{64}$/);

const HeaderSchema = z.object({
  v: z.literal(1),
  bytes: z.number().int().positive(),
  chunkBytes: z.number().int().positive(),
  /** What the whole file must hash to, "sha256-<hex>": another content has another journal. */
  digest: z.string(),
});
export type JournalHeader = Omit<z.infer<typeof HeaderSchema>, "v">;

const EntrySchema = z.union([
  z.object({ chunk: z.number().int().nonnegative(), sha256: Sha256 }),
  /** The chunks after this line came from here. `validator`: its ETag or Last-Modified. */
  z.object({ source: z.string(), validator: z.string().nullable() }),
]);
type Entry = z.infer<typeof EntrySchema>;

export class Journal {
  readonly #file: FileHandle;
  readonly #header: JournalHeader;
  readonly #chunks = new Map<number, string>();
  readonly #validators = new Map<string, string | null>();

  private constructor(file: FileHandle, header: JournalHeader) {
    this.#file = file;
    this.#header = header;
  }

  /** Reads what is there; throws what the file system throws. */
  static async open(path: string, header: JournalHeader): Promise<Journal> {
    const { entries, goodBytes } = await read(path, header);
    // Opened to append: after a truncation the next line has to land at the new end.
    const file = await open(path, "a");
    await file.truncate(goodBytes);
    const journal = new Journal(file, header);
    if (goodBytes === 0) await journal.#append({ v: 1, ...header });
    for (const entry of entries) journal.#apply(entry);
    return journal;
  }

  /** Index → sha256 of each finished chunk. */
  get chunks(): ReadonlyMap<number, string> {
    return this.#chunks;
  }

  /** Every source that chunks came from. */
  get sources(): readonly string[] {
    return [...this.#validators.keys()];
  }

  /** What `source` called its content when it was last asked; undefined: it never was. */
  validatorOf(source: string): string | null | undefined {
    return this.#validators.get(source);
  }

  async noteSource(source: string, validator: string | null): Promise<void> {
    await this.#note({ source, validator });
  }

  /** Call it when the chunk itself is synced. */
  async noteChunk(chunk: number, sha256: string): Promise<void> {
    await this.#note({ chunk, sha256 });
  }

  /** These bytes are not what was noted: they count as missing. Forgotten in memory; their next line wins on disk. */
  forget(chunk: number): void {
    this.#chunks.delete(chunk);
  }

  /** Nothing is done any more. */
  async reset(): Promise<void> {
    this.#chunks.clear();
    this.#validators.clear();
    await this.#file.truncate(0);
    await this.#append({ v: 1, ...this.#header });
  }

  async close(): Promise<void> {
    await this.#file.close();
  }

  async #note(entry: Entry): Promise<void> {
    await this.#append(entry);
    this.#apply(entry);
  }

  #apply(entry: Entry): void {
    if ("chunk" in entry) this.#chunks.set(entry.chunk, entry.sha256);
    else this.#validators.set(entry.source, entry.validator);
  }

  async #append(line: unknown): Promise<void> {
    await this.#file.write(`${JSON.stringify(line)}\n`);
    await this.#file.datasync();
  }
}

/** The entries of a journal with this header, up to the first line that is not whole. */
async function read(path: string, header: JournalHeader): Promise<{ entries: Entry[]; goodBytes: number }> {
  const text = await readFile(path, "utf8").catch((thrown) => {
    if (isMissing(thrown)) return "";
    throw thrown;
  });
  const lines = text.split("\n").slice(0, -1);
  const entries: Entry[] = [];
  let goodBytes = 0;
  for (const [i, line] of lines.entries()) {
    if (i === 0) {
      if (!isSame(parse(line, HeaderSchema), header)) return { entries: [], goodBytes: 0 };
    } else {
      const entry = parse(line, EntrySchema);
      if (entry === null) break;
      entries.push(entry);
    }
    goodBytes += Buffer.byteLength(line) + 1;
  }
  return { entries, goodBytes };
}

function isSame(found: JournalHeader | null, wanted: JournalHeader): boolean {
  return (
    found !== null &&
    found.bytes === wanted.bytes &&
    found.chunkBytes === wanted.chunkBytes &&
    found.digest === wanted.digest
  );
}

function parse<T>(line: string, schema: z.ZodType<T>): T | null {
  try {
    return schema.safeParse(JSON.parse(line)).data ?? null;
  } catch {
    return null;
  }
}
