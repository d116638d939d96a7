/**
 * One writer per model, or whatever else is brought to disk piece by piece: a note of the process that does it. A note
 * whose process is gone counts for nothing; on Linux that includes a process whose number was given to another one.
 */
import { randomBytes } from "node:crypto";
import { constants, copyFile, link, mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { z } from "zod";
import { bootId, startTicksOf } from "../../../host/pid-file.ts";
import { AppError } from "../../../shared/errors.ts";
import { ioCode, isMissing } from "./io-error.ts";

const NoteSchema = z.object({
  pid: z.number().int().positive(),
  bootId: z.string().nullable(),
  startTicks: z.string().nullable(),
});
type Note = z.infer<typeof NoteSchema>;

export interface FileLock {
  release(): Promise<void>;
}

/** Throws MODEL_BUSY while another living process (or another task of this one) holds it. */
export function lockModel(file: string, model: string): Promise<FileLock> {
  return lockFile(file, (pid) => busy(model, pid));
}

/** Throws what `held` makes of the holder's process number. */
export async function lockFile(file: string, held: (pid: number) => AppError): Promise<FileLock> {
  await mkdir(dirname(file), { recursive: true });
  const mine = `${file}.${process.pid}.${randomBytes(4).toString("hex")}`;
  const note: Note = { pid: process.pid, bootId: bootId(), startTicks: startTicksOf(process.pid) };
  await writeFile(mine, JSON.stringify(note), { flag: "wx" });
  try {
    if (!(await take(mine, file))) {
      const holder = await read(file);
      if (holder !== null && isAlive(holder)) throw held(holder.pid);
      await clear(file, holder);
      if (!(await take(mine, file))) throw held((await read(file))?.pid ?? 0);
    }
  } finally {
    await rm(mine, { force: true });
  }
  return { release: () => rm(file, { force: true }) };
}

/** A link appears whole or not at all, and only where there is none. FAT has no links: there a copy must do. */
async function take(mine: string, file: string): Promise<boolean> {
  try {
    await link(mine, file).catch((thrown) => {
      if (ioCode(thrown) === "EEXIST") throw thrown;
      return copyFile(mine, file, constants.COPYFILE_EXCL);
    });
    return true;
  } catch (thrown) {
    if (ioCode(thrown) === "EEXIST") return false;
    throw thrown;
  }
}

/** Takes a dead holder's note away, but not the note of whoever was quicker to do so. */
async function clear(file: string, dead: Note | null): Promise<void> {
  const aside = `${file}.${randomBytes(4).toString("hex")}.stale`;
  try {
    await rename(file, aside);
    const taken = await read(aside);
    if (taken !== null && JSON.stringify(taken) !== JSON.stringify(dead)) await take(aside, file);
  } catch (thrown) {
    if (!isMissing(thrown)) throw thrown;
  } finally {
    await rm(aside, { force: true });
  }
}

async function read(file: string): Promise<Note | null> {
  try {
    return NoteSchema.parse(JSON.parse(await readFile(file, "utf8")));
  } catch {
    return null; // Gone, or cut off by a power failure.
  }
}

function isAlive(note: Note): boolean {
  if (note.bootId !== null && note.bootId !== bootId()) return false;
  if (note.startTicks !== null) return note.startTicks === startTicksOf(note.pid);
  try {
    return process.kill(note.pid, 0);
  } catch (thrown) {
    return ioCode(thrown) === "EPERM";
  }
}

function busy(model: string, pid: number): AppError {
  return new AppError({
    code: "MODEL_BUSY",
    message: `The model ${model} is being written by another process (pid ${pid})`,
    actor: "user",
    help: "Wait until it is done, or end that process.",
  });
}
