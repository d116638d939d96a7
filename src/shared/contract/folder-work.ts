/** What is being done about a folder that is fetched, checked and removed on a person's word. */
import { z } from "zod";
import { ErrorValueSchema } from "../errors.ts";

const Bytes = z.number().int().nonnegative();

/** The fields every view of such a folder has. */
export const FOLDER_WORK = {
  doing: z.enum(["nothing", "installing", "checking", "removing"]),
  step: z.enum(["downloading", "unpacking"]).nullable(),
  /** Of what this install fetches, altogether. */
  bytesTotal: Bytes,
  /** Why the last install, check or removal failed; null: it did not, or there was none. */
  error: ErrorValueSchema.nullable(),
  /** What the last check found; null: none since the last change. */
  checked: z.object({ at: Bytes, wrong: z.array(z.string().max(2000)) }).nullable(),
} as const;

const FolderWorkSchema = z.object(FOLDER_WORK);
export type FolderWorkView = z.infer<typeof FolderWorkSchema>;

/** `part`: which one of several is under way. */
export type FolderDoing = Pick<FolderWorkView, "doing" | "step" | "bytesTotal"> & {
  readonly part?: string | null;
};
