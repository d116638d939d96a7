// One writer at a time: two set-ups or builds in one checkout would tear each other's files apart.
import fs from "node:fs";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { isAlive, touch } from "./holder.mjs";

const POLL_MS = 200;
const REFRESH_MS = 2_000;

/** A holder killed in another container leaves a process id that means nothing here; its silence does. */
const SILENT_MS = 30_000;

/** Holds `file` as a lock while `work` runs. Waits for a living holder (`onWait` once), takes over from a dead one. */
export async function withLock(file, work, { onWait } = {}) {
  fs.mkdirSync(path.dirname(file), { recursive: true });
  let told = false;
  while (!tryTake(file)) {
    if (!told) onWait?.();
    told = true;
    await sleep(POLL_MS);
  }
  const refresh = setInterval(() => touch(file), REFRESH_MS);
  refresh.unref();
  const release = () => fs.rmSync(file, { force: true });
  process.once("exit", release);
  try {
    return await work();
  } finally {
    clearInterval(refresh);
    process.off("exit", release);
    release();
  }
}

function tryTake(file) {
  try {
    fs.writeFileSync(file, String(process.pid), { flag: "wx" });
    return true;
  } catch (error) {
    if (error.code !== "EEXIST") throw error;
  }
  if (!holderIsAlive(file)) fs.rmSync(file, { force: true });
  return false;
}

function holderIsAlive(file) {
  const stat = fs.statSync(file, { throwIfNoEntry: false });
  if (!stat) return true; // released just now: the next try takes it
  if (Date.now() - stat.mtimeMs > SILENT_MS) return false;
  if (stat.size === 0) return true; // between creating and writing
  try {
    return isAlive(Number(fs.readFileSync(file, "utf8")));
  } catch {
    return true; // released between the two looks: the next try takes it
  }
}
