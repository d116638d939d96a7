/**
 * Copies of the ledger to fall back to. A copy is made page by page between other work, so that even a ledger of
 * gigabytes holds nobody up; a big one is copied seldom and kept in fewer copies, because each takes its room.
 */
import { readdirSync, renameSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import type BetterSqlite3 from "better-sqlite3";
import { DAY, HOUR, MIB } from "../../shared/durations.ts";
import type { Database } from "./database.ts";

export const SNAPSHOT_FOLDER = "snapshots";
/** Of 4 KiB, copied in one go: some milliseconds. */
const PAGES_AT_ONCE = 256;

export interface SnapshotHabit {
  readonly everyMs: number;
  readonly kept: number;
}

export function snapshotHabit(ledgerBytes: number): SnapshotHabit {
  return ledgerBytes <= 64 * MIB ? { everyMs: HOUR, kept: 5 } : { everyMs: DAY, kept: 2 };
}

/** Writes a consistent copy, and keeps the newest few. Rejects with what SQLite or the disk says. */
export async function takeSnapshot(
  Sqlite: typeof BetterSqlite3,
  db: Database,
  folder: string,
  now: number,
): Promise<void> {
  const target = join(
    folder,
    SNAPSHOT_FOLDER,
    `ledger-${new Date(now).toISOString().replace(/[:.]/g, "-")}.sqlite`,
  );
  const part = `${target}.part`;
  for (const left of unfinished(folder)) rmSync(left, { force: true });
  try {
    await db.backup(part, { progress: () => PAGES_AT_ONCE });
    standAlone(Sqlite, part);
  } catch (thrown) {
    rmSync(part, { force: true });
    throw thrown;
  }
  renameSync(part, target);
  const { kept } = snapshotHabit(statSync(target).size);
  // A clock that was set back leaves snapshots dated later than this one, which stays all the same.
  const others = listSnapshots(folder).filter((file) => file !== target);
  for (const old of others.slice(kept - 1)) rmSync(old, { force: true });
}

/** Newest first. */
export function listSnapshots(folder: string): string[] {
  const snapshots = join(folder, SNAPSHOT_FOLDER);
  return readdirSync(snapshots)
    .filter((name) => name.startsWith("ledger-") && name.endsWith(".sqlite"))
    .sort()
    .reverse()
    .map((name) => join(snapshots, name));
}

/** When the newest was taken that is not dated later than `now`, unix ms; null: there is none. */
export function newestSnapshotAt(folder: string, now: number): number | null {
  const times = listSnapshots(folder).map(dateOf);
  return times.find((at) => at !== null && at <= now) ?? null;
}

function dateOf(file: string): number | null {
  const [, day, h, m, s, ms] =
    /ledger-(\d{4}-\d{2}-\d{2})T(\d{2})-(\d{2})-(\d{2})-(\d{3})Z\.sqlite$/.exec(file) ?? [];
  return day === undefined ? null : Date.parse(`${day}T${h}:${m}:${s}.${ms}Z`);
}

/** One file, to be read without a log beside it. */
function standAlone(Sqlite: typeof BetterSqlite3, file: string): void {
  const copy = new Sqlite(file);
  copy.pragma("journal_mode = DELETE");
  copy.close();
}

function unfinished(folder: string): string[] {
  const snapshots = join(folder, SNAPSHOT_FOLDER);
  return readdirSync(snapshots)
    .filter((name) => /\.part(-journal|-wal|-shm)?$/.test(name))
    .map((name) => join(snapshots, name));
}
