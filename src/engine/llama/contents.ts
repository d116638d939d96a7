/**
 * What lies in an installation of llama.cpp, package by package, with a digest for each file: written when it was unpacked
 * from archives that were checked, and read to verify it without them.
 */
import { existsSync, readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { sha256OfFile } from "../../shared/hash-file.ts";
import { sizeOf } from "../gpu-pack/archive.ts";

const FileSchema = z.object({
  /** In the package, with forward slashes. */
  path: z.string(),
  bytes: z.number().int().nonnegative(),
  sha256: z.string(),
});
export type UnpackedFile = z.infer<typeof FileSchema>;

const ContentsSchema = z.object({
  llama: z.string(),
  packages: z.array(z.object({ path: z.string(), sha512: z.string(), files: z.array(FileSchema) })),
});
export type LlamaContents = z.infer<typeof ContentsSchema>;
export type InstalledPackage = LlamaContents["packages"][number];

const FILE = "contents.json";

/** null: nothing is installed. */
export function readContents(home: string): LlamaContents | null {
  try {
    return ContentsSchema.parse(JSON.parse(readFileSync(join(home, FILE), "utf8")));
  } catch {
    return null; // Not there, or not written by us.
  }
}

export async function writeContents(home: string, contents: LlamaContents): Promise<void> {
  await writeFile(join(home, FILE), `${JSON.stringify(contents)}\n`, { flush: true });
}

export type FileState = "ok" | "missing" | "wrong";

/** Reads every file to its end; tells only those that are not right. */
export async function wrongFiles(
  home: string,
  { path: folder, files }: InstalledPackage,
  signal?: AbortSignal,
): Promise<{ path: string; state: Exclude<FileState, "ok"> }[]> {
  const wrong: { path: string; state: Exclude<FileState, "ok"> }[] = [];
  for (const { path, bytes, sha256 } of files) {
    const file = join(home, folder, path);
    if (!existsSync(file)) wrong.push({ path: `${folder}/${path}`, state: "missing" });
    else if (sizeOf(file) !== bytes || (await sha256OfFile(file, signal)) !== sha256)
      wrong.push({ path: `${folder}/${path}`, state: "wrong" });
  }
  return wrong;
}

export function bytesOf({ packages }: LlamaContents): number {
  return packages.flatMap(({ files }) => files).reduce((sum, { bytes }) => sum + bytes, 0);
}
