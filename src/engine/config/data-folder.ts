/** The data folder is proved writable before anything relies on it, and private files in it are written whole. */
import { randomBytes } from "node:crypto";
import fs from "node:fs";
import path from "node:path";
import { AppError, type ErrorCode } from "../../shared/errors.ts";

const OWNER_ONLY_FOLDER = 0o700;
const OWNER_ONLY_FILE = 0o600;
const CHOOSE_ANOTHER = "Choose another with --data or BELLOWS_DATA_DIR.";

/**
 * Make `folder` when it is missing and prove that a file can be written in it.
 * Throws AppError, actor user or machine: DATA_FOLDER_READONLY, DATA_FOLDER_NOT_A_FOLDER, DATA_FOLDER_FULL, DATA_FOLDER_UNUSABLE.
 */
export function prepareDataFolder(folder: string): void {
  const probe = path.join(folder, `.probe-${process.pid}-${randomBytes(4).toString("hex")}`);
  try {
    makeFolder(folder);
    fs.writeFileSync(probe, "written to find out whether this folder can be\n", { mode: OWNER_ONLY_FILE });
    fs.rmSync(probe);
  } catch (thrown) {
    discard(probe);
    throw dataFolderError(folder, thrown);
  }
}

/**
 * Root that works in a service's folder leaves what it writes there to the service's user, which could not read it else.
 * `file`: just made in that folder, and open.
 */
export function leaveToOwner(folder: string, file: number): void {
  if (process.getuid?.() !== 0) return;
  const { uid, gid } = fs.statSync(folder);
  if (uid !== 0) fs.fchownSync(file, uid, gid);
}

/**
 * The folder and those above it, each its parent's owner's. Not `mkdir` with `recursive`: where a file system says ENOENT although the folder
 * above exists (as /proc does), that tries again for ever.
 */
export function makeFolder(folder: string): void {
  if (fs.statSync(folder, { throwIfNoEntry: false })?.isDirectory()) return;
  const above = path.dirname(folder);
  if (above !== folder) makeFolder(above);
  try {
    fs.mkdirSync(folder, { mode: OWNER_ONLY_FOLDER });
    if (process.getuid?.() === 0) {
      const { uid, gid } = fs.statSync(above);
      if (uid !== 0) fs.lchownSync(folder, uid, gid);
    }
  } catch (thrown) {
    // Another process made it at the same time.
    if (!fs.statSync(folder, { throwIfNoEntry: false })?.isDirectory()) throw thrown;
  }
}

/** Write a file only its owner can read, whole or not at all. */
export function writePrivateFile(file: string, text: string): void {
  const temporary = `${file}.${process.pid}.${randomBytes(4).toString("hex")}.tmp`;
  try {
    const opened = fs.openSync(temporary, "wx", OWNER_ONLY_FILE);
    try {
      leaveToOwner(path.dirname(file), opened);
      fs.writeFileSync(opened, text, { flush: true });
    } finally {
      fs.closeSync(opened);
    }
    fs.renameSync(temporary, file);
  } catch (thrown) {
    discard(temporary);
    throw dataFolderError(path.dirname(file), thrown);
  }
}

/** Cleaning up after an error must not hide it behind another one. */
function discard(file: string): void {
  try {
    fs.rmSync(file, { force: true });
  } catch {
    // Where nothing could be written there is nothing to remove.
  }
}

function dataFolderError(folder: string, thrown: unknown): AppError {
  const code = thrown instanceof Error && "code" in thrown ? String(thrown.code) : "unknown cause";
  const make = (name: ErrorCode, message: string, help: string) =>
    new AppError({ code: name, message, actor: "user", help, cause: thrown });
  switch (code) {
    case "EACCES":
    case "EPERM":
    case "EROFS":
      return make(
        "DATA_FOLDER_READONLY",
        `The data folder ${folder} can't be written (${code})`,
        CHOOSE_ANOTHER,
      );
    case "ENOTDIR":
    case "EEXIST":
      return make(
        "DATA_FOLDER_NOT_A_FOLDER",
        `The data folder ${folder} can't be made: a file is in its way`,
        CHOOSE_ANOTHER,
      );
    case "ENOENT":
      return make(
        "DATA_FOLDER_UNUSABLE",
        `The data folder ${folder} can't be made: the system keeps no folders there (${code})`,
        CHOOSE_ANOTHER,
      );
    case "ENOSPC":
    case "EDQUOT":
      return make(
        "DATA_FOLDER_FULL",
        `The disk of the data folder ${folder} is full (${code})`,
        "Free some space, or choose another with --data or BELLOWS_DATA_DIR.",
      );
    default:
      return make(
        "DATA_FOLDER_UNUSABLE",
        `The data folder ${folder} can't be used (${code})`,
        CHOOSE_ANOTHER,
      );
  }
}
