/**
 * Temporary folders in memory, where the system has such a file system. Ledgers and markets are made durable at every
 * step, and a dozen of them beside each other would wait for one disk; what the tests kill are processes, not machines.
 */
import { readFileSync, statfsSync } from "node:fs";
import { freemem } from "node:os";
import { GIB } from "../../src/shared/durations.ts";

const IN_MEMORY = "/dev/shm";
/** A run's folders take some hundred MB at once. */
const ROOM = 4 * GIB;

/** For the environment of tests: a TMPDIR, unless the person has set one or there is no room. */
export function memoryFolder(): { TMPDIR?: string } {
  if (process.platform !== "linux" || process.env.TMPDIR !== undefined) return {};
  try {
    // Programs are compiled and started in temporary folders: what is mounted `noexec` will not do.
    const mount = readFileSync("/proc/self/mounts", "utf8")
      .split("\n")
      .map((line) => line.split(" "))
      .findLast(([, place]) => place === IN_MEMORY);
    const options = mount?.[3]?.split(",") ?? [];
    if (mount?.[2] !== "tmpfs" || !options.includes("rw") || options.includes("noexec")) return {};
    const { bavail, bsize } = statfsSync(IN_MEMORY);
    return Math.min(bavail * bsize, freemem()) < ROOM ? {} : { TMPDIR: IN_MEMORY };
  } catch {
    return {}; // A system without it.
  }
}
