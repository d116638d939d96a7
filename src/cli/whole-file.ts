/** A file that is there whole or not at all: written beside its place piece by piece, and moved there at the end. */
import fs from "node:fs";
import path from "node:path";
import { AppError } from "../shared/errors.ts";

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
  const file = guarded(() => fs.openSync(beside, "w"));
  try {
    for await (const piece of pieces) guarded(() => fs.writeSync(file, piece));
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
function target(name: string): { path: string; isFile: boolean } {
  const stat = fs.statSync(name, { throwIfNoEntry: false });
  if (stat === undefined) return { path: path.resolve(name), isFile: true };
  return { path: fs.realpathSync(name), isFile: stat.isFile() };
}

function notWritten(file: string, cause: unknown, help: string): AppError {
  const code = cause instanceof Error && "code" in cause ? ` (${String(cause.code)})` : "";
  return new AppError({
    ...{ code: "FILE_NOT_WRITTEN", message: `${file} can't be written${code}`, actor: "user", help, cause },
  });
}
