/** Ids that tell this installation from every other one: made once, kept in its data folder, never changed. */
import { randomBytes } from "node:crypto";
import fs from "node:fs";
import path from "node:path";
import { z } from "zod";
import { AppError } from "../../shared/errors.ts";
import { writePrivateFile } from "./data-folder.ts";

const InstallationSchema = z.object({
  /** Name at AITBC's coordinator, which takes any and lets the last one with a name win. */
  minerId: z.string().min(1),
  /** Tells apart the machines that share one AICF provider key. */
  workerId: z.string().min(1),
});
export type Installation = z.infer<typeof InstallationSchema>;

/** Read the ids from `<dataFolder>/installation.json`, or make them. */
export function openInstallation(dataFolder: string): Installation {
  return openOnce(path.join(dataFolder, "installation.json"), InstallationSchema, () => ({
    minerId: `bellows-${randomBytes(6).toString("hex")}`,
    workerId: `worker-${randomBytes(6).toString("hex")}`,
  }));
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
