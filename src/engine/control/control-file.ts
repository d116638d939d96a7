/**
 * How a program on this machine finds a running engine: `<data folder>/control.json`, readable by its owner only,
 * there while the engine runs. A crash leaves it behind, so whoever reads it asks the engine itself whether it is there.
 */
import fs from "node:fs";
import path from "node:path";
import { z } from "zod";
import { writePrivateFile } from "../config/data-folder.ts";

export const ControlFileSchema = z.object({
  /** Base address of the control API, on loopback. */
  url: z.url({ protocol: /^http$/, hostname: /^127\.0\.0\.1$/ }),
  /** Sent as `Authorization: Bearer …`. */
  token: z.string().min(32),
  pid: z.number().int().positive(),
  /** Unix milliseconds. */
  startedAt: z.number().int().nonnegative(),
});
export type ControlFile = z.infer<typeof ControlFileSchema>;

export const controlFilePath = (dataFolder: string) => path.join(dataFolder, "control.json");

export function writeControlFile(dataFolder: string, control: ControlFile): void {
  writePrivateFile(controlFilePath(dataFolder), `${JSON.stringify(control)}\n`);
}

/** null when there is none, or none that can be understood: either way no engine can be reached through it. */
export function readControlFile(dataFolder: string): ControlFile | null {
  try {
    const parsed = ControlFileSchema.safeParse(
      JSON.parse(fs.readFileSync(controlFilePath(dataFolder), "utf8")),
    );
    return parsed.success ? parsed.data : null;
  } catch {
    return null;
  }
}

/** Remove the file if it is still the one with this token, not that of an engine started since. */
export function removeControlFile(dataFolder: string, token: string): void {
  if (readControlFile(dataFolder)?.token === token) fs.rmSync(controlFilePath(dataFolder), { force: true });
}
