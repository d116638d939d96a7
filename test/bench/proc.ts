/** What Linux tells of a process and its children: /proc read as the benches want it. */
import { readdirSync, readFileSync } from "node:fs";

const TICKS_PER_SECOND = 100;

/** The process and all its descendants, itself first. */
export function familyOf(root: number): number[] {
  const parents = new Map<number, number>();
  for (const name of readdirSync("/proc")) {
    const pid = Number(name);
    const parent = Number.isInteger(pid) ? statOf(pid)?.[1] : undefined;
    if (parent !== undefined) parents.set(pid, Number(parent));
  }
  const family = [root];
  for (const pid of family) for (const [child, parent] of parents) if (parent === pid) family.push(child);
  return family;
}

/** User and system time of the process so far, seconds; 0: it is gone. */
export function cpuSecondsOf(pid: number): number {
  const stat = statOf(pid);
  return (Number(stat?.[11] ?? 0) + Number(stat?.[12] ?? 0)) / TICKS_PER_SECOND;
}

/** How often its threads waited of their own will: each is a wake-up. */
export function wakeUpsOf(pid: number): number {
  try {
    return readdirSync(`/proc/${pid}/task`).reduce(
      (sum, task) => sum + numberIn(`/proc/${pid}/task/${task}/status`, /^voluntary_ctxt_switches:\s+(\d+)/m),
      0,
    );
  } catch {
    return 0;
  }
}

/** What it has in memory, with all it shares, MB. */
export const rssMbOf = (pid: number): number => numberIn(`/proc/${pid}/status`, /^VmRSS:\s+(\d+) kB/m) / 1024;

/** The most it ever had in memory, MB. */
export const peakMbOf = (pid: number): number =>
  numberIn(`/proc/${pid}/status`, /^VmHWM:\s+(\d+) kB/m) / 1024;

/** What it has in memory, with its share of what it shares, MB. */
export const pssMbOf = (pid: number): number =>
  numberIn(`/proc/${pid}/smaps_rollup`, /^Pss:\s+(\d+) kB/m) / 1024;

/** The words of its command line; empty: it is gone. */
export function commandOf(pid: number): string[] {
  return (
    read(`/proc/${pid}/cmdline`)
      ?.split("\0")
      .filter((word) => word !== "") ?? []
  );
}

/** Fields of /proc/PID/stat from the state on: state, parent, …; null: the process is gone. */
function statOf(pid: number): readonly string[] | null {
  const text = read(`/proc/${pid}/stat`);
  return text === null ? null : text.slice(text.lastIndexOf(")") + 2).split(" ");
}

function numberIn(file: string, pattern: RegExp): number {
  return Number(pattern.exec(read(file) ?? "")?.[1] ?? 0);
}

function read(file: string): string | null {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return null;
  }
}
