// Who runs from dist/ says so, so that nobody builds it anew under a running app.
import fs from "node:fs";
import path from "node:path";
import { isAlive, touch } from "./holder.mjs";
import { cacheDir } from "./paths.mjs";

const REFRESH_MS = 2_000;
/** A process id may be somebody else's by now; one that is silent for so long is gone. */
const SILENT_MS = 30_000;

export const runningFolder = path.join(cacheDir, "running");

/** Until the returned function is called, or this process ends. */
export function markInUse(folder = runningFolder) {
  const file = path.join(folder, String(process.pid));
  fs.mkdirSync(folder, { recursive: true });
  fs.writeFileSync(file, "");
  const refresh = setInterval(() => touch(file), REFRESH_MS);
  refresh.unref();
  const release = () => fs.rmSync(file, { force: true });
  process.once("exit", release);
  return () => {
    clearInterval(refresh);
    process.off("exit", release);
    release();
  };
}

/** Does another process that is alive run from it? */
export function isInUse(folder = runningFolder) {
  const names = fs.existsSync(folder) ? fs.readdirSync(folder) : [];
  return names.some((name) => Number(name) !== process.pid && lives(path.join(folder, name)));
}

function lives(file) {
  const stat = fs.statSync(file, { throwIfNoEntry: false });
  if (!stat) return false;
  if (Date.now() - stat.mtimeMs <= SILENT_MS && isAlive(Number(path.basename(file)))) return true;
  fs.rmSync(file, { force: true });
  return false;
}
