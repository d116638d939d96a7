/**
 * Ids that tell this installation from every other one: made once, kept in its data folder, and beside them a mark of
 * the machine they were made on, by which a folder on another machine is known (residence.ts).
 */
import { createHash, randomBytes } from "node:crypto";
import fs from "node:fs";
import path from "node:path";
import { z } from "zod";
import { AppError } from "../../shared/errors.ts";
import { writePrivateFile } from "./data-folder.ts";

/** Not the machine's id itself: who reads the file does not learn it. */
const MarkSchema = z.object({ salt: z.string().min(1), sha256: z.string().regex(/^[0-9a-f]{64}$/) });
export type MachineMark = z.infer<typeof MarkSchema>;

const InstallationSchema = z.object({
  /** Name at AITBC's coordinator, which takes any and lets the last one with a name win. */
  minerId: z.string().min(1),
  /** Tells apart the machines that share one AICF provider key. */
  workerId: z.string().min(1),
  /** Absent: no machine was told yet. */
  machine: MarkSchema.optional(),
  /** The folder is a copy with names of its own: what the ledger in it had from the other machine is left to that one. */
  isCopy: z.boolean().optional(),
});
export type Installation = z.infer<typeof InstallationSchema>;

const fileIn = (dataFolder: string): string => path.join(dataFolder, "installation.json");

/** Read the ids from `<dataFolder>/installation.json`, or make them. */
export function openInstallation(dataFolder: string): Installation {
  return openOnce(fileIn(dataFolder), InstallationSchema, newIds);
}

export function saveInstallation(dataFolder: string, installation: Installation): void {
  writePrivateFile(fileIn(dataFolder), `${JSON.stringify(installation, null, 2)}\n`);
}

/** The ids, where some were made. Makes no file. */
export function readInstallation(dataFolder: string): Installation | null {
  return fs.existsSync(fileIn(dataFolder)) ? openInstallation(dataFolder) : null;
}

export function newIds(): Pick<Installation, "minerId" | "workerId"> {
  return {
    minerId: `bellows-${randomBytes(6).toString("hex")}`,
    workerId: `worker-${randomBytes(6).toString("hex")}`,
  };
}

export function markOf(machineId: string, salt = randomBytes(16).toString("hex")): MachineMark {
  return { salt, sha256: createHash("sha256").update(`${salt} ${machineId}`).digest("hex") };
}

/** The parsed content of a private JSON file, made by `create` when there is none. A damaged one is never overwritten. */
export function openOnce<T>(file: string, schema: z.ZodType<T>, create: () => T): T {
  let text: string;
  try {
    text = fs.readFileSync(file, "utf8");
  } catch (thrown) {
    if (!(thrown instanceof Error && "code" in thrown && thrown.code === "ENOENT"))
      throw damaged(file, thrown);
    const made = create();
    writePrivateFile(file, `${JSON.stringify(made, null, 2)}\n`);
    return made;
  }
  try {
    return schema.parse(JSON.parse(text));
  } catch (thrown) {
    throw damaged(file, thrown);
  }
}

function damaged(file: string, cause: unknown): AppError {
  return new AppError({
    code: "DATA_FILE_DAMAGED",
    message: `${file} can't be read`,
    actor: "user",
    help: "Restore it from a backup, or move it away to begin with new ids.",
    cause,
  });
}
