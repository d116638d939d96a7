/** A file that is there whole or not at all: written beside its place piece by piece, and moved there at the end. */
import fs from "node:fs";
import path from "node:path";
import { AppError } from "../shared/errors.ts";

/** As this system makes a file for this user. */
const USUAL = 0o666;
const OWNER_ONLY = 0o600;
const EVERYBODY = 0o777;
const GROUP = 0o070;

/** Throws FILE_NOT_WRITTEN, with `help`; what was there before stays when `pieces` throws. */
export async function writeWholeFile(
  name: string,
  pieces: AsyncIterable<string>,
  help: string,
): Promise<void> {
  const place = target(name);
  // A pipe or a device has nothing to be replaced.
  const beside = place.isFile ? `${place.path}.part-${process.pid}` : place.path;
  const guarded = <T>(work: () => T): T => {
    try {
      return work();
    } catch (cause) {
      throw notWritten(name, cause, help);
    }
  };
  const file = guarded(() => fs.openSync(beside, "w", place.before === null ? USUAL : OWNER_ONLY));
  try {
    if (place.isFile && place.before !== null) keepAs(file, place.before);
    // Not writeSync, which may take a part of it, as where the disk is nearly full, and say so to nobody.
    for await (const piece of pieces) guarded(() => fs.writeFileSync(file, piece));
    if (place.isFile) guarded(() => fs.fsyncSync(file));
  } catch (thrown) {
    fs.closeSync(file);
    if (place.isFile) fs.rmSync(beside, { force: true });
    throw thrown;
  }
  guarded(() => fs.closeSync(file));
  if (place.isFile) guarded(() => fs.renameSync(beside, place.path));
}

/** A link is followed: what it leads to is replaced, not the link. */
function target(name: string): { path: string; isFile: boolean; before: fs.Stats | null } {
  const stat = fs.statSync(name, { throwIfNoEntry: false });
  if (stat === undefined) return { path: path.resolve(name), isFile: true, before: null };
  return { path: fs.realpathSync(name), isFile: stat.isFile(), before: stat };
}

/** Who could read the file before can read it now, and nobody else. */
function keepAs(file: number, { mode, uid, gid }: fs.Stats): void {
  // Windows keeps rights by the folder.
  if (process.platform === "win32") return;
  fs.fchmodSync(file, mode & (isGiven(file, uid, gid) ? EVERYBODY : EVERYBODY & ~GROUP));
}

/** Whether it is theirs now: only root gives a file to another user. */
function isGiven(file: number, uid: number, gid: number): boolean {
  try {
    fs.fchownSync(file, uid, gid);
    return true;
  } catch {
    return false;
  }
}

function notWritten(file: string, cause: unknown, help: string): AppError {
  const code = cause instanceof Error && "code" in cause ? ` (${String(cause.code)})` : "";
  return new AppError({
    ...{ code: "FILE_NOT_WRITTEN", message: `${file} can't be written${code}`, actor: "user", help, cause },
  });
}
