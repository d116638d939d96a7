/**
 * One of NVIDIA's libraries in the GPU pack: <data>/gpu-pack/libraries/<id>-<version>/, whole or not there. What was
 * unpacked is written down with its digests, so that it can be verified without the archive.
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { mkdir, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { z } from "zod";
import { AppError } from "../../shared/errors.ts";
import { sha256OfFile } from "../../shared/hash-file.ts";
import { freeBytesAt } from "../models/shown-facts.ts";
import { asPackError, bringArchive, diskFull, type FetchOptions, sizeOf } from "./archive.ts";
import type { FileState } from "./install.ts";
import type { PackLibrary } from "./manifest.ts";
import { unpackSharedObjects } from "./shared-objects.ts";

const CONTENTS = "contents.json";
const ContentsSchema = z.array(z.object({ path: z.string(), bytes: z.number().int(), sha256: z.string() }));

export interface LibraryOptions extends FetchOptions {
  readonly library: PackLibrary;
  /** <data>/gpu-pack */
  readonly folder: string;
}

export function libraryHome(folder: string, { id, version }: Pick<PackLibrary, "id" | "version">): string {
  return join(folder, "libraries", `${id}-${version}`);
}

/** A quick look: is every library there that it is installed for? */
export function isLibraryInstalled(folder: string, library: PackLibrary): boolean {
  const home = libraryHome(folder, library);
  return (
    existsSync(join(home, CONTENTS)) && library.sonames.every((soname) => existsSync(join(home, soname)))
  );
}

/** Folders of all libraries that were installed, whatever their version: where CUDA's may be found. */
export function installedLibraryFolders(folder: string): string[] {
  const parent = join(folder, "libraries");
  if (!existsSync(parent)) return [];
  return readdirSync(parent)
    .map((name) => join(parent, name))
    .filter((home) => existsSync(join(home, CONTENTS)));
}

/** Bytes of the archive that an interrupted try left. */
export function keptBytes(folder: string, library: PackLibrary): number {
  return keptIn(partsOf(folder, library), library.archive.bytes);
}

/** What a download keeps in `parts`, at most `total`. */
export function keptIn(parts: string, total: number): number {
  if (!existsSync(parts)) return 0;
  const sizes = readdirSync(parts).map((name) => sizeOf(join(parts, name)) ?? 0);
  return Math.min(total, Math.max(0, ...sizes));
}

/** Throws GPU_PACK_… with the last source's cause, or the signal's reason. What was downloaded is kept. */
export async function installLibrary(options: LibraryOptions): Promise<void> {
  const { library, folder, onEvent, signal } = options;
  const parts = partsOf(folder, library);
  await mkdir(parts, { recursive: true });
  await requireRoom(options);
  const { name, archive: pinned, sources } = library;
  const archive = await bringArchive({ name, ...pinned, sources }, parts, options);
  onEvent({ kind: "unpacking" });
  const next = join(parts, "next");
  await rm(next, { recursive: true, force: true });
  try {
    const files = await unpackSharedObjects(archive, next, signal);
    for (const soname of library.sonames) if (!existsSync(join(next, soname))) throw without(library, soname);
    await writeFile(join(next, CONTENTS), `${JSON.stringify(files, null, 1)}\n`, { flush: true });
  } catch (thrown) {
    signal.throwIfAborted();
    throw asPackError(thrown);
  }
  const home = libraryHome(folder, library);
  await mkdir(dirname(home), { recursive: true });
  await rm(home, { recursive: true, force: true });
  await rename(next, home);
  await rm(parts, { recursive: true, force: true });
}

/** Reads every file to its end; empty: it is not installed. */
export async function verifyLibrary(
  folder: string,
  library: PackLibrary,
  signal?: AbortSignal,
): Promise<{ path: string; state: FileState }[]> {
  const home = libraryHome(folder, library);
  const states: { path: string; state: FileState }[] = [];
  for (const { path, bytes, sha256 } of readContents(home)) {
    const file = join(home, path);
    const size = sizeOf(file);
    const right = size === bytes && (await sha256OfFile(file, signal)) === sha256;
    states.push({ path, state: size === null ? "missing" : right ? "ok" : "wrong" });
  }
  return states;
}

/** On disk, as far as it was written down. */
export function libraryBytes(folder: string, library: PackLibrary): number {
  return readContents(libraryHome(folder, library)).reduce((sum, { bytes }) => sum + bytes, 0);
}

function readContents(home: string): z.infer<typeof ContentsSchema> {
  try {
    return ContentsSchema.parse(JSON.parse(readFileSync(join(home, CONTENTS), "utf8")));
  } catch {
    return []; // Not installed.
  }
}

function partsOf(folder: string, { id, version }: PackLibrary): string {
  return join(folder, `${id}-${version}.part`);
}

/** The archive, and about as much again unpacked: what NVIDIA packs beside the shared objects makes up for the packing. */
async function requireRoom({ library, folder }: LibraryOptions): Promise<void> {
  const free = await freeBytesAt(folder);
  const needed = 2 * library.archive.bytes - keptBytes(folder, library);
  if (free !== null && free < needed) throw diskFull(undefined, `${Math.ceil(needed / 1e6)} MB`);
}

function without({ name }: PackLibrary, soname: string): AppError {
  return new AppError({
    code: "GPU_PACK_CORRUPT",
    message: `${name}'s archive holds no ${soname}`,
    actor: "bug",
    help: "Install NVIDIA's CUDA 13 and cuDNN 9 packages instead (docs/gpu.md).",
  });
}
