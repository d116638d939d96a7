/**
 * What is remembered of models from one start to the next: when each was last used, whether it is pinned, whether the
 * person keeps it from running. A small file, written whole; of two writers at once the later one wins per model.
 */
import { randomBytes } from "node:crypto";
import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { z } from "zod";
import { MINUTE } from "../../shared/durations.ts";

const NoteSchema = z.object({
  /** Unix ms. */
  lastUsedAt: z.number().int().nonnegative().nullable().default(null),
  /** Never pruned. */
  pinned: z.boolean().default(false),
  /** False: neither offered nor run, because the person said so. */
  allowed: z.boolean().default(true),
});
export type ModelNote = z.infer<typeof NoteSchema>;

const FileSchema = z.record(z.string(), NoteSchema);
/** A use is written down when the last one noted is older than this: often enough to tell old from new. */
const USE_GRAIN = MINUTE;

export class ModelNotes {
  readonly #file: string;
  #notes: Record<string, ModelNote>;

  constructor(file: string) {
    this.#file = file;
    this.#notes = read(file);
  }

  of(id: string): ModelNote {
    return this.#notes[id] ?? NoteSchema.parse({});
  }

  set(id: string, change: Partial<ModelNote>): void {
    // Another engine with the same models may have written meanwhile.
    this.#notes = read(this.#file);
    this.#notes[id] = { ...this.of(id), ...change };
    this.#write();
  }

  noteUsed(id: string, now: number): void {
    const { lastUsedAt } = this.of(id);
    if (lastUsedAt === null || now - lastUsedAt >= USE_GRAIN) this.set(id, { lastUsedAt: now });
  }

  #write(): void {
    mkdirSync(dirname(this.#file), { recursive: true });
    const temporary = `${this.#file}.${randomBytes(4).toString("hex")}.tmp`;
    writeFileSync(temporary, `${JSON.stringify(this.#notes, null, 1)}\n`, { flush: true });
    renameSync(temporary, this.#file);
  }
}

/** A file that can't be read costs only what it remembered. */
function read(file: string): Record<string, ModelNote> {
  try {
    return FileSchema.parse(JSON.parse(readFileSync(file, "utf8")));
  } catch {
    return {};
  }
}
