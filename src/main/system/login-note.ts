/**
 * What the system was last told to start at login. Windows answers only about the very line that is asked for, so the line
 * of an app that was moved since is known from here.
 */
import { readFile, writeFile } from "node:fs/promises";
import { z } from "zod";

const ItemSchema = z.object({ path: z.string(), args: z.array(z.string()) });
export type LoginLine = z.infer<typeof ItemSchema>;

export interface LoginNote {
  /** null: nothing was noted, or nothing that can be read. */
  read(): Promise<LoginLine | null>;
  write(line: LoginLine): Promise<void>;
}

export function loginNote(file: string): LoginNote {
  return {
    async read() {
      try {
        return ItemSchema.parse(JSON.parse(await readFile(file, "utf8")));
      } catch {
        return null;
      }
    },
    write: (line) => writeFile(file, JSON.stringify(line)),
  };
}
