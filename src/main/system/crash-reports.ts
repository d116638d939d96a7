/** Reports of crashed processes: written by Chromium into the app's folder, and sent to nobody. */
import { readdir, stat } from "node:fs/promises";
import path from "node:path";
import type { AppView } from "../../shared/contract/app.ts";

/** How many there are and when the newest came; a folder that is not there holds none. */
export async function countCrashReports(folder: string): Promise<AppView["crashReports"]> {
  const names = await readdir(folder, { recursive: true }).catch(() => []);
  const times = await Promise.all(
    names
      .filter((name) => name.endsWith(".dmp"))
      .map((name) =>
        stat(path.join(folder, name)).then(
          ({ mtimeMs }) => Math.floor(mtimeMs),
          () => null, // Removed in the meantime.
        ),
      ),
  );
  const known = times.filter((time) => time !== null);
  return { count: known.length, newestAt: known.length === 0 ? null : Math.max(...known) };
}
