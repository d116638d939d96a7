/**
 * Opening the ledger file: it is ours alone, it is whole, it is at the newest schema, or the caller hears why not.
 *
 * One writer is enforced by SQLite itself (locking_mode EXCLUSIVE: the lock dies with the process, so kill -9 leaves
 * none behind). A file that fails quick_check (clean-note.ts says when it is asked) is moved aside, never deleted, and the newest good snapshot takes its
 * place; without a snapshot the engine refuses to start (design.md §5, users.md rule 21).
 */
import { copyFileSync, existsSync, mkdirSync, renameSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import type BetterSqlite3 from "better-sqlite3";
import { SECOND } from "../../shared/durations.ts";
import { AppError, type ErrorValue } from "../../shared/errors.ts";
import { takeCleanNote } from "./clean-note.ts";
import { MIGRATIONS } from "./migrations.ts";
import { listSnapshots, SNAPSHOT_FOLDER } from "./snapshots.ts";

/** A CommonJS package, loaded as one: imported, all its files would first be searched for the names they export. */
const require = createRequire(import.meta.url);

export type Database = BetterSqlite3.Database;

export const LEDGER_FILE = "ledger.sqlite";
const LOCK_WAIT = 2 * SECOND;
/** better-sqlite3 13 needs Node-API 10; under an older Node it ends the process with a segmentation fault. */
const OLDEST_NODE_MAJOR = 22;

export interface OpenedDatabase {
  readonly db: Database;
  /** When the file was last read through from end to end, unix ms. */
  readonly checkedAt: number;
  /** What a person should know about this opening: a restore, for instance. */
  readonly notices: readonly ErrorValue[];
}

/** Opens (or creates) `<folder>/ledger.sqlite`; the folder itself must exist. Throws AppError LEDGER_* or ENGINE_ALREADY_RUNNING. */
export async function openDatabase(folder: string, now: () => number = Date.now): Promise<OpenedDatabase> {
  const Sqlite = await loadSqlite();
  const file = join(folder, LEDGER_FILE);
  const notices: ErrorValue[] = [];
  const snapshots = join(folder, SNAPSHOT_FOLDER);
  if (!existsSync(snapshots)) mkdirSync(snapshots);

  // A restore that was cut off between its last two moves.
  if (!existsSync(file) && existsSync(restoredCopyOf(file))) renameSync(restoredCopyOf(file), file);
  const trustedFrom = takeCleanNote(file, now());
  let db = tryOpen(Sqlite, file, trustedFrom === null);
  if (db === "corrupt") {
    notices.push(restoreSnapshot(Sqlite, folder, file, now()));
    db = tryOpen(Sqlite, file, true);
  }
  if (db === "corrupt") throw corruptError(file);
  migrate(db, file);
  if (notices.length > 0) doubtSubmissions(db, now());
  return { db, checkedAt: trustedFrom ?? now(), notices };
}

/**
 * What a failed read or write of the ledger means to a person; anything else comes back as it was. There is no going
 * on after one: a job's row and the memory of it would disagree, so the engine ends and starts again from the file.
 */
export function asLedgerError(thrown: unknown): unknown {
  const code = sqliteCode(thrown);
  if (!code.startsWith("SQLITE_")) return thrown;
  if (code.startsWith("SQLITE_FULL")) {
    return new AppError({
      code: LEDGER_FAILED,
      message: "The disk that holds the data folder is full, so nothing more can be written down",
      actor: "user",
      help: "Free some space, or choose a data folder on another disk with --data; nothing that was computed is lost.",
      cause: thrown,
    });
  }
  return new AppError({
    code: LEDGER_FAILED,
    message: `The ledger can't be read or written: ${thrown instanceof Error ? thrown.message : code}`,
    actor: "machine",
    help: "Check the disk that holds the data folder.",
    cause: thrown,
  });
}

export const LEDGER_FAILED = "LEDGER_FAILED";

/** Throws NODE_TOO_OLD. */
export async function loadSqlite(): Promise<typeof BetterSqlite3> {
  const major = Number(process.versions.node.split(".")[0]);
  if (major < OLDEST_NODE_MAJOR) {
    throw new AppError({
      code: "NODE_TOO_OLD",
      message: `The ledger needs Node ${OLDEST_NODE_MAJOR} or newer, this is ${process.versions.node}`,
      actor: "user",
      help: "Start it through `npm start` or `npx bellows`, which bring their own Node.",
    });
  }
  return require("better-sqlite3") as typeof BetterSqlite3;
}

function tryOpen(Sqlite: typeof BetterSqlite3, file: string, readThrough: boolean): Database | "corrupt" {
  let db: Database | undefined;
  try {
    db = new Sqlite(file, { timeout: LOCK_WAIT });
    db.pragma("locking_mode = EXCLUSIVE");
    db.pragma("journal_mode = WAL");
    db.pragma("synchronous = FULL");
    db.pragma("foreign_keys = ON");
    db.exec("BEGIN EXCLUSIVE; COMMIT");
    if (readThrough && db.pragma("quick_check", { simple: true }) !== "ok") {
      db.close();
      return "corrupt";
    }
    return db;
  } catch (thrown) {
    db?.close();
    const code = sqliteCode(thrown);
    if (code.startsWith("SQLITE_NOTADB") || code.startsWith("SQLITE_CORRUPT")) return "corrupt";
    throw openError(code, file, thrown);
  }
}

function sqliteCode(thrown: unknown): string {
  return thrown instanceof Error && "code" in thrown ? String(thrown.code) : "";
}

function openError(code: string, file: string, cause: unknown): AppError {
  if (code.startsWith("SQLITE_BUSY") || code.startsWith("SQLITE_LOCKED")) {
    return new AppError({
      code: "ENGINE_ALREADY_RUNNING",
      message: `Another Bellows engine is using ${file}`,
      actor: "user",
      help: "Use that one (`bellows status`), or give this one another data folder with --data.",
      cause,
    });
  }
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new AppError({
    code: "LEDGER_UNREADABLE",
    message: `The ledger ${file} can't be opened: ${reason}`,
    actor: "machine",
    help: "Check that the folder exists, is writable and has free space, or choose another with --data.",
    cause,
  });
}

function corruptError(file: string): AppError {
  return new AppError({
    code: "LEDGER_CORRUPT",
    message: `The ledger ${file} is damaged and there is no good snapshot to restore`,
    actor: "user",
    help: "Keep the file for support, move it out of the data folder, and start again: a new ledger is made and open leases are read from the markets.",
  });
}

function restoreSnapshot(
  Sqlite: typeof BetterSqlite3,
  folder: string,
  file: string,
  now: number,
): ErrorValue {
  const good = listSnapshots(folder).find((snapshot) => isWhole(Sqlite, snapshot));
  if (good === undefined) throw corruptError(file);
  const aside = join(folder, `ledger-damaged-${now}.sqlite`);
  const copy = restoredCopyOf(file);
  // The copy is whole before anything is moved: a start that is cut off here must not end with an empty ledger.
  copyFileSync(good, copy);
  for (const suffix of ["-wal", "-shm", ""]) {
    if (existsSync(file + suffix)) renameSync(file + suffix, aside + suffix);
  }
  renameSync(copy, file);
  return {
    code: "LEDGER_RESTORED",
    message: `The ledger was damaged; the snapshot of ${statSync(good).mtime.toISOString()} was restored, and the damaged file kept as ${aside}`,
    actor: "user",
    help: "Work done since then is missing here, not at the markets: compare the earnings with their books.",
  };
}

const restoredCopyOf = (file: string): string => `${file}.restored`;

/** What the snapshot says is unsent may have been sent since: each result is looked for before it goes out. */
function doubtSubmissions(db: Database, now: number): void {
  db.prepare("UPDATE submissions SET first_sent_at = coalesce(first_sent_at, ?)").run(now);
}

function isWhole(Sqlite: typeof BetterSqlite3, file: string): boolean {
  try {
    const db = new Sqlite(file, { readonly: true });
    const whole = db.pragma("quick_check", { simple: true }) === "ok";
    db.close();
    return whole;
  } catch {
    return false; // Not readable as a database: not a snapshot to restore from.
  }
}

function migrate(db: Database, file: string): void {
  const version = db.pragma("user_version", { simple: true }) as number;
  if (version > MIGRATIONS.length) {
    db.close();
    throw new AppError({
      code: "LEDGER_TOO_NEW",
      message: `The ledger ${file} was written by a newer Bellows (schema ${version}, this one knows ${MIGRATIONS.length})`,
      actor: "user",
      help: "Update Bellows, or use another data folder with --data.",
    });
  }
  for (let step = version; step < MIGRATIONS.length; step++) {
    db.transaction(() => {
      db.exec(MIGRATIONS[step] as string);
      db.pragma(`user_version = ${step + 1}`);
    })();
  }
}
