/**
 * What is remembered of models from one start to the next: when each was last used, whether it is pinned, whether the
 * person keeps it from running. A small file, written whole; of two writers at once the later one wins per model.
 */
import { randomBytes } from "node:crypto";
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { z } from "zod";
import { MINUTE } from "../../shared/durations.ts";
import { AppError } from "../../shared/errors.ts";
import { hasPassed } from "../../shared/wait.ts";
import { folderUnusable } from "./download/errors.ts";
import { ioCode } from "./download/io-error.ts";

const NoteSchema = z.object({
  /** Unix ms. */
  lastUsedAt: z.number().int().nonnegative().nullable().default(null),
  /** Never pruned. */
  pinned: z.boolean().default(false),
  /** False: neither offered nor run, because the person said so. */
  allowed: z.boolean().default(true),
});
export type ModelNote = z.infer<typeof NoteSchema>;

const NO_NOTE: Readonly<ModelNote> = Object.freeze(NoteSchema.parse({}));
const FileSchema = z.record(z.string(), NoteSchema);
/** A use is written down when the last one noted is older than this: often enough to tell old from new. */
const USE_GRAIN = MINUTE;

export class ModelNotes {
  readonly #file: string;
  readonly #onTrouble: (thrown: AppError) => void;
  #notes: Record<string, ModelNote>;
  /** Models whose use is still to be written down. */
  readonly #unwritten = new Set<string>();
  #isTroubled = false;

  /** `onTrouble`: the use of models can't be written down any more; told once for as long as it stays so. */
  constructor(file: string, onTrouble: (thrown: AppError) => void = () => undefined) {
    this.#file = file;
    this.#onTrouble = onTrouble;
    this.#notes = read(file) ?? {};
  }

  of(id: string): Readonly<ModelNote> {
    return this.#notes[id] ?? NO_NOTE;
  }

  /** Throws MODEL_FOLDER_UNUSABLE when it can't be written down; then it does not hold either. */
  set(id: string, change: Partial<ModelNote>): void {
    this.#write([[id, change]]);
  }

  /** Never throws, and writes nothing now: a job that begins waits for no disk. */
  noteUsed(id: string, now: number): void {
    const { lastUsedAt } = this.of(id);
    if (lastUsedAt !== null && !hasPassed(USE_GRAIN, lastUsedAt, now)) return;
    this.#notes[id] = { ...this.of(id), lastUsedAt: now };
    if (this.#unwritten.size === 0) setImmediate(() => this.#writeUses());
    this.#unwritten.add(id);
  }

  #writeUses(): void {
    const uses = [...this.#unwritten].map((id) => [id, { lastUsedAt: this.of(id).lastUsedAt }] as const);
    this.#unwritten.clear();
    try {
      this.#write(uses);
      this.#isTroubled = false;
    } catch (thrown) {
      // It costs no more than which model is pruned first.
      if (!this.#isTroubled && thrown instanceof AppError) this.#onTrouble(thrown);
      this.#isTroubled = true;
    }
  }

  #write(changes: readonly (readonly [string, Partial<ModelNote>])[]): void {
    // Another engine with the same models may have written meanwhile.
    const notes = { ...this.#notes, ...read(this.#file) };
    for (const [id, change] of changes) notes[id] = { ...(notes[id] ?? NO_NOTE), ...change };
    const temporary = `${this.#file}.${randomBytes(4).toString("hex")}.tmp`;
    try {
      mkdirSync(dirname(this.#file), { recursive: true });
      writeFileSync(temporary, `${JSON.stringify(notes, null, 1)}\n`, { flush: true });
      renameSync(temporary, this.#file);
    } catch (thrown) {
      discard(temporary);
      throw folderUnusable(dirname(this.#file), ioCode(thrown) ?? String(thrown), thrown);
    }
    this.#notes = notes;
  }
}

/** A file that can't be read costs only what it remembered: null. */
function read(file: string): Record<string, ModelNote> | null {
  try {
    return FileSchema.parse(JSON.parse(readFileSync(file, "utf8")));
  } catch {
    return null;
  }
}

/** What a full disk let begin. */
function discard(file: string): void {
  try {
    rmSync(file, { force: true });
  } catch {
    // It was never there: the folder itself can't be used.
  }
}
