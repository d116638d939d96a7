/**
 * Another file in the ledger's place: the newest good copy where it was damaged, or the one made before a newer version
 * changed it. What lay there is moved aside, never deleted, and whatever is cut short leaves one of the two in place.
 */
import { copyFileSync, existsSync, renameSync, rmSync, statSync } from "node:fs";
import { basename, join } from "node:path";
import type BetterSqlite3 from "better-sqlite3";
import { needRoom } from "../../shared/disk-room.ts";
import { syncFile, syncFolder } from "../../shared/durable.ts";
import type { ErrorValue } from "../../shared/errors.ts";
import { type Copy, countAtLeast, newestFirst, standAlone } from "./copies.ts";
import { dropUnfinished, listCopiesBefore, listSnapshots, SNAPSHOT_FOLDER } from "./snapshots.ts";
import { SCHEMA, type WayBack } from "./way-back.ts";

type Sqlite = typeof BetterSqlite3;

interface Place {
  readonly folder: string;
  readonly file: string;
  /** Unix ms. */
  readonly now: number;
}

/**
 * A restore that was cut off between its last two moves is ended, with the copy it had made if that is whole, else with
 * the newest that is. null: none was cut off. "corrupt": no copy is whole.
 */
export async function endRestore(Sqlite: Sqlite, place: Place): Promise<ErrorValue | "corrupt" | null> {
  const made = restoredCopyOf(place.file);
  if (existsSync(place.file) || !existsSync(made)) return null;
  if (usable(Sqlite, [made]) !== null) {
    renameSync(made, place.file);
    await syncFolder(place.folder);
  } else {
    const good = usable(Sqlite, allCopies(place.folder));
    if (good === null) return "corrupt";
    await put(Sqlite, good, place, damagedName(place));
  }
  return {
    code: "LEDGER_RESTORED",
    message:
      "The engine ended while a copy took the ledger's place; that is done now, and what lay there is kept beside it",
    actor: "user",
    help: "Work done since the copy was made is missing here, not at the markets: compare the earnings with their books.",
  };
}

/** A copy that no restore ended with is no ledger to begin with one day. To be called by who has the ledger open. */
export function dropRestored(file: string): void {
  rmSync(restoredCopyOf(file), { force: true });
}

/** In the place of a damaged ledger, which is closed. null: there is no copy that is whole. */
export async function restoreNewest(Sqlite: Sqlite, place: Place): Promise<ErrorValue | null> {
  const good = usable(Sqlite, allCopies(place.folder));
  if (good === null) return null;
  const aside = damagedName(place);
  await put(Sqlite, good, place, aside);
  return {
    code: "LEDGER_RESTORED",
    message: `The ledger was damaged; the snapshot of ${takenAt(good)} was restored, and the damaged file kept as ${aside}`,
    actor: "user",
    help: "Work done since then is missing here, not at the markets: compare the earnings with their books.",
  };
}

/** What this version could go back to from a ledger of a newer one; null: nothing. */
export function findWayBack(
  Sqlite: Sqlite,
  folder: string,
  ledgerSchema: number,
): Omit<WayBack, "wanted"> | null {
  const good = usable(Sqlite, allCopies(folder));
  if (good === null) return null;
  const copy = basename(good.file);
  return { copy, takenAt: Math.round(statSync(good.file).mtimeMs), ledgerSchema };
}

/** In the place of a newer version's ledger, which is closed. null: that copy is not to be had any more. */
export async function goBack(
  Sqlite: Sqlite,
  { copy, ledgerSchema }: WayBack,
  place: Place,
): Promise<ErrorValue | null> {
  const good = usable(Sqlite, [join(place.folder, SNAPSHOT_FOLDER, copy)]);
  if (good === null) return null;
  const aside = join(place.folder, `ledger-schema-${ledgerSchema}-${place.now}.sqlite`);
  await put(Sqlite, good, place, aside);
  return {
    code: "LEDGER_WENT_BACK",
    message: `As wanted, the copy of ${takenAt(good)} is the ledger again, and the newer version's file is kept as ${aside}`,
    actor: "user",
    help: "Work done since then is missing here, not at the markets: compare the earnings with their books.",
  };
}

const allCopies = (folder: string): string[] => [...listSnapshots(folder), ...listCopiesBefore(folder)];

/** The one with the newest content that is whole and that this version can read. */
function usable(Sqlite: Sqlite, files: readonly string[]): Copy | null {
  const known = newestFirst(Sqlite, files).filter(({ schema }) => schema > 0 && schema <= SCHEMA);
  return known.find(({ file }) => isWhole(Sqlite, file)) ?? null;
}

/** The copy is whole and durable before anything is moved: a start that is cut off here must not end with an empty ledger. */
async function put(Sqlite: Sqlite, good: Copy, { folder, file, now }: Place, aside: string): Promise<void> {
  const copy = restoredCopyOf(file);
  rmSync(copy, { force: true });
  dropUnfinished(folder);
  needRoom(folder, statSync(good.file).size, "the restored ledger");
  copyFileSync(good.file, copy);
  prepare(Sqlite, copy, newestNumber(Sqlite, folder), now);
  await syncFile(copy);
  for (const suffix of ["-wal", "-shm", ""]) {
    if (existsSync(file + suffix)) renameSync(file + suffix, aside + suffix);
  }
  renameSync(copy, file);
  await syncFolder(folder);
}

/**
 * What the copy says is unsent may have been sent since: each result is looked for before it goes out. And its own copies
 * count on above all there are, so that they are newer than those of what is put aside.
 */
function prepare(Sqlite: Sqlite, copy: string, newest: number, now: number): void {
  const db = new Sqlite(copy);
  try {
    db.prepare("UPDATE submissions SET first_sent_at = coalesce(first_sent_at, ?)").run(now);
    countAtLeast(db, newest);
  } finally {
    db.close();
  }
  standAlone(Sqlite, copy);
}

const newestNumber = (Sqlite: Sqlite, folder: string): number =>
  Math.max(0, ...newestFirst(Sqlite, allCopies(folder)).map(({ number }) => number));

function isWhole(Sqlite: Sqlite, file: string): boolean {
  try {
    const db = new Sqlite(file, { readonly: true });
    const whole = db.pragma("quick_check", { simple: true }) === "ok";
    db.close();
    return whole;
  } catch {
    return false; // Not readable as a database: not a copy to restore from.
  }
}

const damagedName = ({ folder, now }: Place): string => join(folder, `ledger-damaged-${now}.sqlite`);
export const restoredCopyOf = (file: string): string => `${file}.restored`;
const takenAt = ({ file }: Copy): string => statSync(file).mtime.toISOString();
