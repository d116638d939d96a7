/**
 * A note on disk of each child that runs (`<name>.pid`), so that a start after a crash can end what was left over:
 * a runtime blocked in an inference call does not notice that its parent is gone.
 *
 * A pid alone proves nothing, because numbers are used again. On Linux the note also holds the boot id and the
 * process's start time in ticks since boot; only a process that matches both is killed. Elsewhere the start time
 * can't be had without starting another program, so nothing is killed and the note is only removed.
 */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { MILLISECOND, SECOND } from "../shared/durations.ts";
import { delay } from "../shared/wait.ts";
import type { ManagedProcess, ProcessHost, ProcessSpec } from "./process-host.ts";

const SUFFIX = ".pid";
const KILL_DEADLINE = 2 * SECOND;
const KILL_POLL = 10 * MILLISECOND;

const PidNoteSchema = z.object({
  name: z.string(),
  pid: z.number().int().positive(),
  /** Null where it can't be known: such a process is never killed. */
  bootId: z.string().nullable(),
  startTicks: z.string().nullable(),
});
export type PidNote = z.infer<typeof PidNoteSchema>;

/** Any host, with a note in `folder` for as long as each of its processes runs. */
export class PidNotingHost implements ProcessHost {
  readonly #host: ProcessHost;
  readonly #folder: string;

  constructor(host: ProcessHost, folder: string) {
    this.#host = host;
    this.#folder = folder;
  }

  spawn(spec: ProcessSpec): ManagedProcess {
    const child = this.#host.spawn(spec);
    const note = () => {
      if (child.pid !== undefined) writePidNote(this.#folder, spec.name, child.pid);
    };
    if (child.pid === undefined) noteOnFirstMessage(child, note);
    else note();
    void child.exited.then(() => removePidNote(this.#folder, spec.name, child.pid));
    return child;
  }
}

/** A brokered process has no pid yet when spawn returns; by its first message it has. */
function noteOnFirstMessage(child: ManagedProcess, note: () => void): void {
  const stop = child.onMessage(() => {
    if (child.pid === undefined) return;
    stop();
    note();
  });
}

export function writePidNote(folder: string, name: string, pid: number): void {
  const note: PidNote = { name, pid, bootId: bootId(), startTicks: startTicksOf(pid) };
  mkdirSync(folder, { recursive: true });
  writeFileSync(noteFile(folder, name), `${JSON.stringify(note)}\n`, { mode: 0o600 });
}

/** Removes the note of exactly this process; a successor's note under the same name stays. */
export function removePidNote(folder: string, name: string, pid: number | undefined): void {
  const file = noteFile(folder, name);
  if (readNote(file)?.pid === pid) rmSync(file, { force: true });
}

export interface Leftover {
  readonly name: string;
  readonly pid: number;
  /** False: the process was gone, or could not be proved to be ours. */
  readonly killed: boolean;
}

/** Reads every note in `folder`, ends (SIGKILL) the processes that are verifiably ours, and clears the folder. */
export async function killLeftovers(folder: string, signal?: AbortSignal): Promise<Leftover[]> {
  const names = await readdir(folder).catch(() => [] as string[]); // No folder: nothing ever ran.
  const leftovers: Leftover[] = [];
  for (const name of names.filter((name) => name.endsWith(SUFFIX))) {
    const file = join(folder, name);
    const note = readNote(file);
    if (note) leftovers.push({ name: note.name, pid: note.pid, killed: await killIfOurs(note, signal) });
    rmSync(file, { force: true });
  }
  return leftovers;
}

/** Is the process of this note still running, and provably the same one? */
export function isStillRunning(note: PidNote): boolean {
  if (note.bootId === null || note.startTicks === null) return false;
  return note.bootId === bootId() && note.startTicks === startTicksOf(note.pid);
}

async function killIfOurs(note: PidNote, signal: AbortSignal | undefined): Promise<boolean> {
  if (!isStillRunning(note) || !sendKill(note.pid)) return false;
  const deadline = performance.now() + KILL_DEADLINE;
  while (isStillRunning(note) && performance.now() < deadline) await delay(KILL_POLL, signal);
  return true;
}

/** False: it ended in the meantime, or belongs to another user. */
function sendKill(pid: number): boolean {
  try {
    return process.kill(pid, "SIGKILL");
  } catch {
    return false;
  }
}

function noteFile(folder: string, name: string): string {
  return join(folder, `${name.replaceAll(/[^A-Za-z0-9._-]+/g, "-")}${SUFFIX}`);
}

function readNote(file: string): PidNote | null {
  const text = readOrNull(file);
  if (text === null) return null;
  try {
    return PidNoteSchema.parse(JSON.parse(text));
  } catch {
    return null; // Cut off by a power failure: it names nothing that still runs.
  }
}

/** Null where it can't be known (not Linux). */
export function bootId(): string | null {
  return readOrNull("/proc/sys/kernel/random/boot_id")?.trim() ?? null;
}

/** Field 22 of /proc/<pid>/stat (proc(5)); a zombie counts as gone. Null: no such process, or not Linux. */
export function startTicksOf(pid: number): string | null {
  const stat = readOrNull(`/proc/${pid}/stat`);
  if (stat === null) return null;
  // The command name (field 2) is in brackets and may hold spaces and brackets: count from the last one.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const [state] = fields;
  return state === "Z" ? null : (fields[19] ?? null);
}

function readOrNull(file: string): string | null {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return null;
  }
}
