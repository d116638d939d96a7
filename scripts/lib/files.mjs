// Files written whole or not at all, and their fingerprints.
import { createHash } from "node:crypto";
import fs from "node:fs";
import path from "node:path";
import { pipeline } from "node:stream/promises";

export function readJson(file) {
  try {
    return JSON.parse(fs.readFileSync(file, "utf8"));
  } catch {
    return null;
  }
}

/** Writes beside the target and renames, so that a crash never leaves half a file. */
export function writeJson(file, value) {
  fs.mkdirSync(path.dirname(file), { recursive: true });
  const temporary = `${file}.${process.pid}.tmp`;
  fs.writeFileSync(temporary, `${JSON.stringify(value, null, 2)}\n`);
  fs.renameSync(temporary, file);
}

export async function sha256OfFile(file) {
  const hash = createHash("sha256");
  await pipeline(fs.createReadStream(file, { highWaterMark: 1 << 20 }), hash);
  return hash.digest("hex");
}

/** Size and time of last change: enough to notice that a file was touched since it was checked. */
export function fingerprint(file) {
  const stat = fs.statSync(file, { bigint: true, throwIfNoEntry: false });
  return stat ? `${stat.size}:${stat.mtimeNs}` : null;
}

/** All files under `folder`, sorted, as absolute paths. */
export function filesUnder(folder) {
  if (!fs.existsSync(folder)) return [];
  return fs
    .readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath ?? entry.path, entry.name))
    .sort();
}

/** Bytes under `folder` right now; what vanishes while counting counts as nothing. */
export function sizeUnder(folder) {
  let total = 0;
  try {
    for (const file of filesUnder(folder)) total += fs.statSync(file, { throwIfNoEntry: false })?.size ?? 0;
  } catch {
    // A folder was renamed under the walk; the next look sees it.
  }
  return total;
}
