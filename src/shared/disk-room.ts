/** Room on the disk of the data folder: looked at before something big is written there, and before a start after it was full. */
import { statfsSync } from "node:fs";
import { MIB } from "./durations.ts";
import { AppError } from "./errors.ts";

/** Left for the ledger itself and whatever else is written meanwhile. */
const LEFT_FREE = 16 * MIB;
/** A start writes rows, their log and lines of the log file: with less the disk would be full again at once. */
const LEAST_TO_WORK = 4 * MIB;

export const FREE_SOME_SPACE =
  "Free some space, or choose a data folder on another disk with --data; nothing that was computed is lost.";

/** Throws DATA_FOLDER_FULL when `bytes` more would leave too little; where the system does not tell, it is tried. */
export function needRoom(folder: string, bytes: number, what: string): void {
  if (hasRoom(folder, bytes)) return;
  const free = freeBytesOf(folder) ?? 0;
  const needed = bytes + LEFT_FREE;
  throw new AppError({
    code: "DATA_FOLDER_FULL",
    message: `There is no room for ${what}: ${megabytes(needed)} are needed on the disk of ${folder}, ${megabytes(free)} are free`,
    actor: "machine",
    help: FREE_SOME_SPACE,
  });
}

/** As `needRoom` asks. */
export function hasRoom(folder: string, bytes: number): boolean {
  const free = freeBytesOf(folder);
  return free === null || free >= bytes + LEFT_FREE;
}

/** Throws DATA_FOLDER_FULL while there is no room to write down what is done. */
export function needRoomToWork(folder: string): void {
  const free = freeBytesOf(folder);
  if (free === null || free >= LEAST_TO_WORK) return;
  throw new AppError({
    code: "DATA_FOLDER_FULL",
    message: `The disk of the data folder ${folder} is full: ${megabytes(free)} are free, ${megabytes(LEAST_TO_WORK)} are needed to go on`,
    actor: "machine",
    help: FREE_SOME_SPACE,
  });
}

/** DATA_FOLDER_FULL for what the system or SQLite says of a disk that is full; anything else as it was. */
export function asFullDisk(thrown: unknown): unknown {
  const code = thrown instanceof Error && "code" in thrown ? String(thrown.code) : "";
  if (!/^(ENOSPC|EDQUOT|SQLITE_FULL)/.test(code)) return thrown;
  return new AppError({
    code: "DATA_FOLDER_FULL",
    message: "The disk that holds the data folder is full",
    actor: "machine",
    help: FREE_SOME_SPACE,
    cause: thrown,
  });
}

function freeBytesOf(folder: string): number | null {
  try {
    const { bavail, bsize } = statfsSync(folder);
    return bavail * bsize;
  } catch {
    return null;
  }
}

const megabytes = (bytes: number): string => `${Math.ceil(bytes / MIB)} MB`;
