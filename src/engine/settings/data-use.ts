/** What the data folder holds, by part, and the room that is left on its disk. */
import fs from "node:fs/promises";
import path from "node:path";
import type { z } from "zod";
import type { DataUseAnswer } from "../../shared/contract/settings.ts";

export async function dataUse(folder: string): Promise<z.infer<typeof DataUseAnswer>> {
  const entries = await fs.readdir(folder, { withFileTypes: true }).catch(() => []);
  const parts = await Promise.all(
    entries
      .filter((entry) => !entry.isSymbolicLink())
      .map(async (entry) => ({ name: entry.name, bytes: await sizeOf(path.join(folder, entry.name)) })),
  );
  parts.sort((a, b) => b.bytes - a.bytes);
  const disk = await fs.statfs(folder).catch(() => null);
  return {
    folder,
    parts,
    totalBytes: parts.reduce((sum, { bytes }) => sum + bytes, 0),
    freeBytes: disk === null ? null : disk.bavail * disk.bsize,
  };
}

/** Links are not followed: what they lead to is not ours. A file that goes meanwhile counts for nothing. */
async function sizeOf(file: string): Promise<number> {
  const stat = await fs.lstat(file).catch(() => null);
  if (stat === null || stat.isSymbolicLink()) return 0;
  if (!stat.isDirectory()) return stat.size;
  const names = await fs.readdir(file).catch(() => []);
  const sizes = await Promise.all(names.map((name) => sizeOf(path.join(file, name))));
  return sizes.reduce((sum, size) => sum + size, 0);
}
