/**
 * Opening the ledger file: it is ours alone, it is whole, it is at the newest schema, or the caller hears why not.
 *
 * One writer is enforced by SQLite itself (locking_mode EXCLUSIVE: the lock dies with the process, so kill -9 leaves
 * none behind). A file that fails quick_check (clean-note.ts says when it is asked) is moved aside, never deleted, and the
 * newest good copy takes its place; without one the engine refuses to start (design.md §5, users.md rule 21). Before the
 * schema changes, a copy is made for the way back to the version before (way-back.ts).
 */
import { existsSync, mkdirSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import type BetterSqlite3 from "better-sqlite3";
import type { StartNews } from "../../shared/config.ts";
import { asFullDisk } from "../../shared/disk-room.ts";
import { MIB, SECOND } from "../../shared/durations.ts";
import { AppError, type ErrorValue } from "../../shared/errors.ts";
import { readingLedger, restoringLedger, type TellStart, untold, upgradingLedger } from "../starting.ts";
import { takeCleanNote } from "./clean-note.ts";
import { addExpectedFunction } from "./expected-function.ts";
import { MIGRATIONS } from "./migrations.ts";
import { dropRestored, endRestore, findWayBack, goBack, restoredCopyOf, restoreNewest } from "./restore.ts";
import { copyBeforeMigration, SNAPSHOT_FOLDER } from "./snapshots.ts";
import { forgetWayBack, offerWayBack, readWayBack, SCHEMA } from "./way-back.ts";

/** A CommonJS package, loaded as one: imported, all its files would first be searched for the names they export. */
const require = createRequire(import.meta.url);

type Sqlite = typeof BetterSqlite3;
export type Database = BetterSqlite3.Database;

export const LEDGER_FILE = "ledger.sqlite";
const LOCK_WAIT = 2 * SECOND;
/** What takes no time worth a word, even on a slow disk. */
const QUICKLY_READ = 8 * MIB;
/** better-sqlite3 13 needs Node-API 10; under an older Node it ends the process with a segmentation fault. */
const OLDEST_NODE_MAJOR = 22;

export interface OpenedDatabase {
  readonly db: Database;
  /** When the file was last read through from end to end, unix ms. */
  readonly checkedAt: number;
  /** What a person should know about this opening: a restore, for instance. */
  readonly notices: readonly ErrorValue[];
}

/**
 * Opens (or creates) `<folder>/ledger.sqlite`; the folder itself must exist. `tell` hears what of it takes long.
 * `goesBack`: a newer version's gives way to the copy made before it. Throws
 * AppError LEDGER_*, DATA_FOLDER_FULL or ENGINE_ALREADY_RUNNING.
 */
export async function openDatabase(
  folder: string,
  now: () => number = Date.now,
  tell: TellStart = untold,
  goesBack = false,
): Promise<OpenedDatabase> {
  const Sqlite = await loadSqlite();
  try {
    return await open(Sqlite, folder, now, tell, goesBack);
  } catch (thrown) {
    throw asLedgerError(thrown);
  }
}

async function open(
  Sqlite: Sqlite,
  folder: string,
  now: () => number,
  tell: TellStart,
  goesBack: boolean,
): Promise<OpenedDatabase> {
  const file = join(folder, LEDGER_FILE);
  const notices: ErrorValue[] = [];
  const snapshots = join(folder, SNAPSHOT_FOLDER);
  if (!existsSync(snapshots)) mkdirSync(snapshots);

  const ended = await endRestore(Sqlite, { folder, file, now: now() });
  if (ended === "corrupt") throw corruptError(restoredCopyOf(file));
  if (ended !== null) notices.push(ended);
  let trustedFrom = takeCleanNote(file, now());
  if (trustedFrom === null) await tellIfBig(file, tell, readingLedger);
  let db = tryOpen(Sqlite, file, trustedFrom === null);
  if (db === "corrupt" || schemaOf(db) > SCHEMA) await tellIfBig(file, tell, restoringLedger);
  const replaced =
    db === "corrupt"
      ? await restoreNewest(Sqlite, { folder, file, now: now() })
      : await goBackIfWanted(Sqlite, db, { folder, file, now: now() }, goesBack);
  if (replaced !== null) {
    notices.push(replaced);
    trustedFrom = null;
    db = tryOpen(Sqlite, file, true);
  }
  if (db === "corrupt") throw corruptError(file);
  dropRestored(file);
  if (schemaOf(db) < SCHEMA) await tellIfBig(file, tell, upgradingLedger);
  try {
    await migrate(Sqlite, db, folder);
  } catch (thrown) {
    db.close();
    throw thrown;
  }
  forgetWayBack(folder);
  return { db, checkedAt: trustedFrom ?? now(), notices };
}

/**
 * What a failed read or write of the ledger means to a person; anything else comes back as it was. There is no going
 * on after one: a job's row and the memory of it would disagree, so the engine ends and starts again from the file.
 */
export function asLedgerError(thrown: unknown): unknown {
  // DATA_FOLDER_FULL passes by itself: with room again the next start goes on (host/full-disk.ts). The rest may not.
  const full = asFullDisk(thrown);
  if (full !== thrown) return full;
  const code = codeOf(thrown);
  if (!code.startsWith("SQLITE_")) return thrown;
  return new AppError({
    code: LEDGER_FAILED,
    message: `The ledger can't be read or written: ${thrown instanceof Error ? thrown.message : code}`,
    actor: "machine",
    help: "Check the disk that holds the data folder.",
    cause: thrown,
  });
}

const LEDGER_FAILED = "LEDGER_FAILED";

/** Is this what `asLedgerError` made of a read or write, by its code? Then the engine ends, whoever hears of it. */
export function isLedgerFailure(code: string | null): boolean {
  return code === LEDGER_FAILED || code === "DATA_FOLDER_FULL";
}

/** Throws NODE_TOO_OLD. */
export async function loadSqlite(): Promise<Sqlite> {
  const major = Number(process.versions.node.split(".")[0]);
  if (major < OLDEST_NODE_MAJOR) {
    throw new AppError({
      code: "NODE_TOO_OLD",
      message: `The ledger needs Node ${OLDEST_NODE_MAJOR} or newer, this is ${process.versions.node}`,
      actor: "user",
      help: "Start it through `npm start` or `npx bellows`, which bring their own Node.",
    });
  }
  return require("better-sqlite3") as Sqlite;
}

function tryOpen(Sqlite: Sqlite, file: string, readThrough: boolean): Database | "corrupt" {
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
    const code = codeOf(thrown);
    if (code.startsWith("SQLITE_NOTADB") || code.startsWith("SQLITE_CORRUPT")) return "corrupt";
    throw openError(code, file, thrown);
  }
}

function codeOf(thrown: unknown): string {
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
  if (/^SQLITE_(FULL|IOERR)/.test(code)) return asLedgerError(cause) as AppError;
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

/** A newer version's ledger gives way to the copy a person chose, or wants beforehand; null: it is none, or nobody wants that. */
async function goBackIfWanted(
  Sqlite: Sqlite,
  db: Database,
  place: { folder: string; file: string; now: number },
  goesBack: boolean,
): Promise<ErrorValue | null> {
  const version = schemaOf(db);
  if (version <= SCHEMA) return null;
  const offer = goesBack ? findWayBack(Sqlite, place.folder, version) : null;
  const wish = offer === null ? readWayBack(place.folder) : { ...offer, wanted: true };
  if (wish === null || !wish.wanted || wish.ledgerSchema !== version) return null;
  // Its log is in the file, so that what is kept of it is one file.
  db.pragma("wal_checkpoint(TRUNCATE)");
  db.close();
  const done = await goBack(Sqlite, wish, place);
  if (done !== null) return done;
  forgetWayBack(place.folder);
  throw tooNew(Sqlite, place.folder, version);
}

/** All steps, or none: what an interruption leaves is the schema there was. */
async function migrate(Sqlite: Sqlite, db: Database, folder: string): Promise<void> {
  const version = schemaOf(db);
  if (version > SCHEMA) throw tooNew(Sqlite, folder, version);
  if (version === SCHEMA) return;
  if (version > 0) await copyBeforeMigration(Sqlite, db, folder, SCHEMA);
  addExpectedFunction(db);
  db.transaction(() => {
    for (const step of MIGRATIONS.slice(version)) db.exec(step);
    db.pragma(`user_version = ${SCHEMA}`);
  })();
}

/** With what is only in its log yet: SQLite reads that first. */
async function tellIfBig(file: string, tell: TellStart, news: (bytes: number) => StartNews): Promise<void> {
  const [bytes, log] = [file, `${file}-wal`].map(
    (each) => statSync(each, { throwIfNoEntry: false })?.size ?? 0,
  );
  const all = (bytes ?? 0) + (log ?? 0);
  if (all > QUICKLY_READ) await tell(news(all));
}

const schemaOf = (db: Database): number => db.pragma("user_version", { simple: true }) as number;

/** Says so, and what there is to go back to, for whoever asks the person. */
function tooNew(Sqlite: Sqlite, folder: string, version: number): AppError {
  const offer = findWayBack(Sqlite, folder, version);
  if (offer === null) forgetWayBack(folder);
  else offerWayBack(folder, offer);
  const copy =
    offer === null
      ? "Update Bellows, or use another data folder with --data."
      : `Update Bellows, or go back to the copy of ${new Date(offer.takenAt).toISOString()}: in the app's window, with \`bellows ledger go-back\`, or by a start with BELLOWS_LEDGER_GO_BACK=1.`;
  return new AppError({
    code: "LEDGER_TOO_NEW",
    message: `The ledger ${join(folder, LEDGER_FILE)} was written by a newer Bellows (schema ${version}, this one knows ${SCHEMA})`,
    actor: "user",
    help: copy,
  });
}
