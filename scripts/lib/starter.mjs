// Notices that whoever started this script is gone, so that nothing it runs is left behind without an owner.
import fs from "node:fs";

const LOOK_EVERY_MS = 1_000;

/**
 * Calls `gone` once when our parent ends; in an npm script also when npm does, which Linux tells past npm's shell.
 * Returns a function that stops looking.
 */
export function whenStarterGone(gone) {
  const parent = process.ppid;
  const npm = process.env.npm_lifecycle_event === undefined ? null : parentOf(parent);
  const timer = setInterval(() => {
    if (process.ppid === parent && (npm === null || parentOf(parent) === npm)) return;
    clearInterval(timer);
    gone();
  }, LOOK_EVERY_MS);
  return () => clearInterval(timer);
}

/** null: this system does not say, or the process is gone. */
function parentOf(pid) {
  try {
    const stat = fs.readFileSync(`/proc/${pid}/stat`, "utf8");
    return Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]);
  } catch {
    return null;
  }
}
