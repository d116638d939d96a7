/**
 * Copies of the ledger: how one is made so that it outlasts a power cut, and which of several is the newest. Clocks are
 * set wrong and right again, so a copy's age is no date: each has the number that the ledger counted it with.
 */
import { renameSync, rmSync, statSync } from "node:fs";
import { dirname } from "node:path";
import type BetterSqlite3 from "better-sqlite3";
import { hasRoom, needRoom } from "../../shared/disk-room.ts";
import { syncFile, syncFolder } from "../../shared/durable.ts";
import { SECOND } from "../../shared/durations.ts";
import type { Database } from "./database.ts";

type Sqlite = typeof BetterSqlite3;

/** In `settings`: copies made of this ledger so far. */
const COUNTER = "ledger.copies";

/** For another program's lock on a copy: at a start, and while work waits. */
const PATIENT = 2 * SECOND;
const BRIEF = SECOND / 10;

export interface Copy {
  readonly file: string;
  readonly schema: number;
  /** By the ledger's own count; 0: made before copies were counted. */
  readonly number: number;
  /** The newest row of the activity log, which tells the uncounted ones apart. */
  readonly newestEvent: number;
}

/**
 * Writes a consistent copy to `target`, `pagesAtOnce` at a time between other work. It is there as a whole or not at
 * all. Throws DATA_FOLDER_FULL before anything is written, later what SQLite or the disk says.
 */
export async function copyLedger(
  Sqlite: Sqlite,
  db: Database,
  { target, pagesAtOnce }: { target: string; pagesAtOnce: number },
): Promise<void> {
  const part = `${target}.part`;
  makeRoom(target, bytesOf(db));
  countAtLeast(db, counted(db) + 1);
  try {
    await db.backup(part, { progress: () => pagesAtOnce });
    standAlone(Sqlite, part);
    await syncFile(part);
  } catch (thrown) {
    rmSync(part, { force: true });
    throw thrown;
  }
  renameSync(part, target);
  await syncFolder(dirname(target));
}

/** What lies at `target` goes only where there is no room beside it, and only if its room is enough: the ledger itself is whole. */
function makeRoom(target: string, bytes: number): void {
  const folder = dirname(target);
  const replaced = statSync(target, { throwIfNoEntry: false })?.size ?? 0;
  needRoom(folder, bytes - replaced, "a copy of the ledger");
  if (replaced > 0 && !hasRoom(folder, bytes)) rmSync(target);
}

/** Of those files that are ledgers at all, the one with the newest content first. */
export function newestFirst(Sqlite: Sqlite, files: readonly string[]): Copy[] {
  return sortCopies(Sqlite, files, PATIENT).known;
}

/** The newest content first, and beside them what is no database at all. What could not be read just now is neither. */
export function sortCopies(
  Sqlite: Sqlite,
  files: readonly string[],
  lockWait = BRIEF,
): { known: Copy[]; damaged: readonly string[] } {
  const looked = files.map((file) => ({ file, found: lookInto(Sqlite, file, lockWait) }));
  const known = looked
    .flatMap(({ found }) => (found === null || found === "damaged" ? [] : found))
    .sort(
      (a, b) =>
        b.number - a.number ||
        b.newestEvent - a.newestEvent ||
        statSync(b.file).mtimeMs - statSync(a.file).mtimeMs,
    );
  return { known, damaged: looked.flatMap(({ file, found }) => (found === "damaged" ? file : [])) };
}

/** null: it could not be read, which may pass (too many open files, a lock of another program, a disk that stutters). */
function lookInto(Sqlite: Sqlite, file: string, timeout: number): Copy | "damaged" | null {
  try {
    const db = new Sqlite(file, { readonly: true, fileMustExist: true, timeout });
    try {
      const schema = db.pragma("user_version", { simple: true }) as number;
      const newestEvent = db.prepare<[], number | null>("SELECT max(id) FROM events").pluck().get() ?? 0;
      return { file, schema, number: counted(db), newestEvent };
    } finally {
      db.close();
    }
  } catch (thrown) {
    const code = thrown instanceof Error && "code" in thrown ? String(thrown.code) : "";
    return /^SQLITE_(NOTADB|CORRUPT)/.test(code) ? "damaged" : null;
  }
}

/** Its next copy has a higher number than `number`. */
export function countAtLeast(db: Database, number: number): void {
  if (counted(db) >= number) return;
  db.prepare(
    "INSERT INTO settings (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
  ).run(COUNTER, String(number));
}

/** One file, to be read without a log beside it. */
export function standAlone(Sqlite: Sqlite, file: string): void {
  const copy = new Sqlite(file);
  copy.pragma("journal_mode = DELETE");
  copy.close();
}

export function bytesOf(db: Database): number {
  const [pages, size] = ["page_count", "page_size"].map(
    (name) => db.pragma(name, { simple: true }) as number,
  );
  return (pages ?? 0) * (size ?? 0);
}

function counted(db: Database): number {
  const text = db.prepare<[string], string>("SELECT value FROM settings WHERE key = ?").pluck().get(COUNTER);
  const number = Number(text ?? 0);
  return Number.isSafeInteger(number) ? number : 0;
}
