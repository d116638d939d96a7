/**
 * Copies of the ledger to fall back to. A copy is made page by page between other work, so that even a ledger of
 * gigabytes holds nobody up; a big one is copied seldom and kept in fewer copies, because each takes its room.
 */
import { readdirSync, rmSync, statSync } from "node:fs";
import { basename, join } from "node:path";
import type BetterSqlite3 from "better-sqlite3";
import { DAY, HOUR, MIB } from "../../shared/durations.ts";
import { copyLedger, sortCopies } from "./copies.ts";
import type { Database } from "./database.ts";

export const SNAPSHOT_FOLDER = "snapshots";
/** Of 4 KiB, copied in one go: some milliseconds. */
const PAGES_AT_ONCE = 256;
/** Nobody else waits for the event loop yet. */
const PAGES_AT_A_START = 8192;
const BEFORE_SCHEMA = "before-schema-";
const KEPT_BEFORE_SCHEMAS = 3;

export interface SnapshotHabit {
  readonly everyMs: number;
  readonly kept: number;
}

export function snapshotHabit(ledgerBytes: number): SnapshotHabit {
  return ledgerBytes <= 64 * MIB ? { everyMs: HOUR, kept: 5 } : { everyMs: DAY, kept: 2 };
}

/** Writes a consistent copy, and keeps the newest few. Throws DATA_FOLDER_FULL, or what SQLite or the disk says. */
export async function takeSnapshot(
  Sqlite: typeof BetterSqlite3,
  db: Database,
  folder: string,
  now: number,
): Promise<void> {
  const snapshots = join(folder, SNAPSHOT_FOLDER);
  const target = join(snapshots, `ledger-${new Date(now).toISOString().replace(/[:.]/g, "-")}.sqlite`);
  dropUnfinished(folder);
  await copyLedger(Sqlite, db, { target, pagesAtOnce: PAGES_AT_ONCE });
  const { kept } = snapshotHabit(statSync(target).size);
  const { known, damaged } = sortCopies(Sqlite, listSnapshots(folder));
  const older = known.map(({ file }) => file).filter((file) => file !== target);
  // One that could not be read just now may be the best there is: it stays.
  for (const file of [...older.slice(kept - 1), ...damaged]) rmSync(file, { force: true });
}

/**
 * Before the schema changes for good: what is needed to go back to the version that ran until now. It is no part of the
 * rotation. Throws as `takeSnapshot`.
 */
export async function copyBeforeMigration(
  Sqlite: typeof BetterSqlite3,
  db: Database,
  folder: string,
  schema: number,
): Promise<void> {
  const target = join(folder, SNAPSHOT_FOLDER, `${BEFORE_SCHEMA}${schema}.sqlite`);
  dropUnfinished(folder);
  await copyLedger(Sqlite, db, { target, pagesAtOnce: PAGES_AT_A_START });
  const schemaOf = (file: string) => Number(basename(file, ".sqlite").slice(BEFORE_SCHEMA.length));
  const all = listCopiesBefore(folder).sort((a, b) => schemaOf(b) - schemaOf(a));
  for (const old of all.slice(KEPT_BEFORE_SCHEMAS)) rmSync(old, { force: true });
}

/** Those of the rotation, in no order that says anything. */
export function listSnapshots(folder: string): string[] {
  return filesOf(folder, (name) => name.startsWith("ledger-") && name.endsWith(".sqlite"));
}

/** Those made before the schema changed. */
export function listCopiesBefore(folder: string): string[] {
  return filesOf(folder, (name) => /^before-schema-\d+\.sqlite$/.test(name));
}

/** When the newest was taken that is not dated later than `now`, unix ms; null: there is none. */
export function newestSnapshotAt(folder: string, now: number): number | null {
  const times = listSnapshots(folder).flatMap((file) => dateOf(file) ?? []);
  const past = times.filter((at) => at <= now);
  return past.length === 0 ? null : Math.max(...past);
}

function dateOf(file: string): number | null {
  const [, day, h, m, s, ms] =
    /ledger-(\d{4}-\d{2}-\d{2})T(\d{2})-(\d{2})-(\d{2})-(\d{3})Z\.sqlite$/.exec(file) ?? [];
  return day === undefined ? null : Date.parse(`${day}T${h}:${m}:${s}.${ms}Z`);
}

/** What is left of copies that were cut off takes the room of those to come. To be called by who has the ledger. */
export function dropUnfinished(folder: string): void {
  for (const left of filesOf(folder, (name) => /\.part(-journal|-wal|-shm)?$/.test(name)))
    rmSync(left, { force: true });
}

function filesOf(folder: string, wanted: (name: string) => boolean): string[] {
  const snapshots = join(folder, SNAPSHOT_FOLDER);
  // Somebody may take the folder away while the engine runs: then there are none, and the next copy says what is wrong.
  if (statSync(snapshots, { throwIfNoEntry: false })?.isDirectory() !== true) return [];
  return readdirSync(snapshots)
    .filter(wanted)
    .map((name) => join(snapshots, name));
}
