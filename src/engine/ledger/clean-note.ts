/**
 * Was the ledger closed in order, and is it the same file still? To read a ledger of gigabytes from end to end takes
 * seconds, so one that is as it was closed is only read through once a week; after a crash, always.
 */
import { existsSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { z } from "zod";
import { DAY, MIB } from "../../shared/durations.ts";

/** What is smaller is read through at each start: it takes less than a tenth of a second. */
const SMALL = 64 * MIB;
const READ_THROUGH_EVERY = 7 * DAY;

const NoteSchema = z.strictObject({
  size: z.number().int(),
  modifiedMs: z.number(),
  /** When the file was last read through, unix ms. */
  checkedAt: z.number(),
});

const noteOf = (file: string): string => `${file}.clean`;

/** When `file` was last read through, if that still holds; null: read it through now. The note is used up. */
export function takeCleanNote(file: string, now: number): number | null {
  const note = noteOf(file);
  if (!existsSync(note)) return null;
  const checkedAt = trusted(file, note, now);
  rmSync(note, { force: true });
  return checkedAt;
}

/** To be called once the file is closed and nothing can change it. */
export function leaveCleanNote(file: string, checkedAt: number): void {
  const { size, mtimeMs } = statSync(file);
  try {
    writeFileSync(noteOf(file), JSON.stringify({ size, modifiedMs: mtimeMs, checkedAt }));
  } catch {
    // A full disk, for instance: the next start then reads the file through.
  }
}

function trusted(file: string, note: string, now: number): number | null {
  if (!existsSync(file) || existsSync(`${file}-wal`)) return null;
  const { size, mtimeMs } = statSync(file);
  if (size <= SMALL) return null;
  try {
    const written = NoteSchema.parse(JSON.parse(readFileSync(note, "utf8")));
    const same = written.size === size && written.modifiedMs === mtimeMs;
    const recent = written.checkedAt <= now && now - written.checkedAt < READ_THROUGH_EVERY;
    return same && recent ? written.checkedAt : null;
  } catch {
    return null; // No note that anybody could rely on.
  }
}
