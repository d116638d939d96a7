/**
 * What the NVIDIA driver leaves in Linux's /proc, read without asking the driver anything: when it changes, a driver
 * was loaded, updated or removed, or a GPU was plugged in or out, and it is worth looking again.
 */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";

/** Empty without a driver, and everywhere but on Linux. */
export async function readDriverFootprint(folder = "/proc/driver/nvidia"): Promise<string> {
  const [version, gpus] = await Promise.all([
    readFile(join(folder, "version"), "utf8").catch(() => ""),
    readdir(join(folder, "gpus")).catch(() => []),
  ]);
  return [version.trim(), ...gpus.toSorted()].join("\n").trim();
}
