/**
 * Root that works in a service's folder leaves what it makes there to the service's user, who could not write it else:
 * when the command ends, however it ends. Only on Linux, where a service of the machine has a user of its own.
 */
import fs from "node:fs";
import path from "node:path";

interface Owner {
  readonly uid: number;
  readonly gid: number;
}

/** From its disposal on all that root owns in `folder` is the user's to whom the folder around it belongs. */
export function leftToOwner(folder: string): Disposable {
  const place = process.platform === "linux" && process.getuid?.() === 0 ? realPlace(folder) : null;
  const around = place === null ? null : nearest(path.dirname(place));
  const owner = around === null ? null : fs.statSync(around);
  return {
    [Symbol.dispose]() {
      if (place === null || around === null || owner === null || owner.uid === 0) return;
      inFolder(around, (at) => handOver(at, path.relative(around, place).split(path.sep), owner));
    },
  };
}

/** A folder that is there, or the nearest above it that is. */
function nearest(folder: string): string {
  return fs.existsSync(folder) ? folder : nearest(path.dirname(folder));
}

/** Links resolved now: one that the service's user sets meanwhile leads nowhere. */
function realPlace(folder: string): string {
  const there = nearest(folder);
  return path.join(fs.realpathSync(there), path.relative(there, folder));
}

/** `way`: from `at` to the folder whose all is given; those on the way may have been made for it. */
function handOver(at: string, [next, ...way]: readonly string[], owner: Owner): void {
  if (next === undefined) {
    giveAll(at, owner);
  } else {
    give(`${at}/${next}`, owner);
    inFolder(`${at}/${next}`, (below) => handOver(below, way, owner));
  }
}

function giveAll(folder: string, owner: Owner): void {
  for (const name of fs.readdirSync(folder)) {
    const entry = `${folder}/${name}`;
    give(entry, owner);
    inFolder(entry, (below) => giveAll(below, owner));
  }
}

/** What has another name elsewhere is left alone: that may be a file of the system. */
function give(entry: string, { uid, gid }: Owner): void {
  const stat = fs.lstatSync(entry, { throwIfNoEntry: false });
  if (stat === undefined || stat.uid !== 0 || (!stat.isDirectory() && stat.nlink > 1)) return;
  fs.lchownSync(entry, uid, gid);
}

/** Held open, and no link followed: whoever else may write there can't put another folder in its place meanwhile. */
function inFolder(folder: string, act: (open: string) => void): void {
  let file: number;
  try {
    file = fs.openSync(folder, fs.constants.O_RDONLY | fs.constants.O_DIRECTORY | fs.constants.O_NOFOLLOW);
  } catch {
    return; // No folder, or gone.
  }
  try {
    act(`/proc/self/fd/${file}`);
  } finally {
    fs.closeSync(file);
  }
}
