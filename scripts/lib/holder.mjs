// A process that holds something shows it by a file: its pid, and a time it keeps fresh.
import fs from "node:fs";

/** Also true of a process that belongs to somebody else. */
export function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code !== "ESRCH";
  }
}

export function touch(file) {
  const now = new Date();
  try {
    fs.utimesSync(file, now, now);
  } catch {
    // Removed by hand: nothing to keep alive.
  }
}
