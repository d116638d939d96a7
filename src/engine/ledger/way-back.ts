/**
 * The way back to an older version of Bellows. A ledger that a newer one has changed can't be read by the older one; the
 * copy made before that change can. The engine that meets such a ledger writes down which copy it would take, in a file
 * beside it; a person says yes to that by the window or the command line; the engine's next start carries it out. No
 * SQLite is needed here, so the app's main process can use it.
 */
import { closeSync, existsSync, openSync, readFileSync, readSync, rmSync } from "node:fs";
import { basename, join } from "node:path";
import { z } from "zod";
import { AppError } from "../../shared/errors.ts";
import { writePrivateFile } from "../config/data-folder.ts";
import { MIGRATIONS } from "./migrations.ts";

/** The newest schema that this version knows. */
export const SCHEMA = MIGRATIONS.length;

const WayBackSchema = z.strictObject({
  /** Name of the copy in the folder of snapshots. */
  copy: z.string(),
  /** Unix ms. */
  takenAt: z.number().int().nonnegative(),
  /** Of the ledger that is put aside. */
  ledgerSchema: z.number().int().positive(),
  /** A person has said yes. */
  wanted: z.boolean(),
});
export type WayBack = z.infer<typeof WayBackSchema>;

const fileIn = (folder: string): string => join(folder, "ledger.sqlite.way-back");

/** null: the ledger is none of a newer version, or there is no copy to go back to. */
export function readWayBack(folder: string): WayBack | null {
  try {
    const read = WayBackSchema.parse(JSON.parse(readFileSync(fileIn(folder), "utf8")));
    return { ...read, copy: basename(read.copy) };
  } catch {
    return null; // None, or one that nobody could rely on: the engine's next start writes it anew.
  }
}

export function offerWayBack(folder: string, offer: Omit<WayBack, "wanted">): void {
  const before = readWayBack(folder);
  if (before?.copy === offer.copy && before.takenAt === offer.takenAt) return;
  writePrivateFile(fileIn(folder), `${JSON.stringify({ ...offer, wanted: false })}\n`);
}

/** The engine's next start goes back. Throws NO_LEDGER_COPY when there is nothing to go back to. */
export function wantWayBack(folder: string): WayBack {
  const offer = readWayBack(folder);
  if (offer === null) {
    throw new AppError({
      code: "NO_LEDGER_COPY",
      message: `There is no copy of the ledger in ${folder} to go back to`,
      actor: "user",
      help: "Start the newer version again, or use another data folder with --data.",
    });
  }
  const wanted = { ...offer, wanted: true };
  writePrivateFile(fileIn(folder), `${JSON.stringify(wanted)}\n`);
  return wanted;
}

/** Of the ledger's file, read from its head without opening it as a database; null: there is none. */
export function schemaIn(folder: string): number | null {
  const head = Buffer.alloc(HEAD_BYTES);
  try {
    const file = openSync(join(folder, "ledger.sqlite"), "r");
    try {
      if (readSync(file, head, 0, HEAD_BYTES, 0) < HEAD_BYTES) return null;
    } finally {
      closeSync(file);
    }
  } catch {
    return null;
  }
  return head.readUInt32BE(USER_VERSION_AT);
}
/** https://www.sqlite.org/fileformat2.html, section 1.3. */
const HEAD_BYTES = 100;
const USER_VERSION_AT = 60;

/** The ledger is one of this version, or there is nothing to be had. */
export function forgetWayBack(folder: string): void {
  if (existsSync(fileIn(folder))) rmSync(fileIn(folder), { force: true });
}
