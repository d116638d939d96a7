/**
 * The GPU pack on this machine: <data>/gpu-pack/<pack id>/, whole or not there. It is brought together in a folder
 * beside it and renamed when every file is right, so that a stop at any moment leaves the old state; what was already
 * downloaded is kept and used by the next try.
 */
import { existsSync } from "node:fs";
import { mkdir, readdir, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { AppError } from "../../shared/errors.ts";
import { sha256OfFile } from "../../shared/hash-file.ts";
import { extractMembers } from "../models/download/tarball.ts";
import { asPackError, bringArchive, type FetchOptions, sizeOf } from "./archive.ts";
import type { GpuPack } from "./manifest.ts";

export interface InstallOptions extends FetchOptions {
  readonly pack: GpuPack;
  /** <data>/gpu-pack */
  readonly folder: string;
}

export type FileState = "ok" | "missing" | "wrong";

export interface PackState {
  /** Absolute. */
  readonly folder: string;
  readonly files: readonly { readonly path: string; readonly state: FileState }[];
  readonly complete: boolean;
}

export function packFolderOf(folder: string, pack: Pick<GpuPack, "id">): string {
  return join(folder, pack.id);
}

/** A quick look: names and sizes. */
export function isInstalled(folder: string, pack: GpuPack): boolean {
  const home = packFolderOf(folder, pack);
  return pack.files.every(({ path, bytes }) => sizeOf(join(home, path)) === bytes);
}

/** On disk once installed. */
export function installedBytes(pack: GpuPack): number {
  return pack.files.reduce((sum, file) => sum + file.bytes, 0);
}

/** Reads every file to its end. */
export async function verifyPack(folder: string, pack: GpuPack, signal?: AbortSignal): Promise<PackState> {
  const home = packFolderOf(folder, pack);
  const files: { path: string; state: FileState }[] = [];
  for (const { path, bytes, sha256 } of pack.files) {
    const file = join(home, path);
    const size = sizeOf(file);
    if (size === null) files.push({ path, state: "missing" });
    else {
      const right = size === bytes && (await sha256OfFile(file, signal)) === sha256;
      files.push({ path, state: right ? "ok" : "wrong" });
    }
  }
  return { folder: home, files, complete: files.every(({ state }) => state === "ok") };
}

/** Throws GPU_PACK_… with the last source's cause, or the signal's reason. What was downloaded is kept. */
export async function installPack(options: InstallOptions): Promise<PackState> {
  const { pack, folder, onEvent, signal } = options;
  const present = await verifyPack(folder, pack, signal);
  if (present.complete) return present;
  const parts = packParts(folder, pack);
  await mkdir(parts, { recursive: true });
  const { archive: pinned, sources } = pack;
  const archive = await bringArchive({ name: "The GPU pack", ...pinned, sources }, parts, options);
  onEvent({ kind: "unpacking" });
  const next = join(parts, "next");
  await rm(next, { recursive: true, force: true });
  try {
    const wanted = pack.files.map(({ member, bytes, path }) => ({
      name: member,
      bytes,
      target: join(next, path),
    }));
    await extractMembers(archive, wanted, signal);
  } catch (thrown) {
    signal.throwIfAborted();
    throw asPackError(thrown);
  }
  await rm(packFolderOf(folder, pack), { recursive: true, force: true });
  await rename(next, packFolderOf(folder, pack));
  const installed = await verifyPack(folder, pack, signal);
  if (!installed.complete) throw wrongFiles(installed);
  await rm(parts, { recursive: true, force: true });
  return installed;
}

/** Removes every pack and what an interrupted install left. Returns the bytes freed. */
export async function removePacks(folder: string): Promise<number> {
  if (!existsSync(folder)) return 0;
  const freed = await bytesUnder(folder);
  await rm(folder, { recursive: true, force: true });
  return freed;
}

/** Download, journal and half-unpacked files live here, beside the pack and on the same disk. */
export function packParts(folder: string, pack: Pick<GpuPack, "id">): string {
  return join(folder, `${pack.id}.part`);
}

async function bytesUnder(folder: string): Promise<number> {
  let sum = 0;
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (entry.isFile()) sum += (await stat(join(entry.parentPath, entry.name))).size;
  }
  return sum;
}

function wrongFiles(state: PackState): AppError {
  const wrong = state.files.filter(({ state }) => state !== "ok").map(({ path }) => path);
  return new AppError({
    code: "GPU_PACK_CORRUPT",
    message: `${wrong.join(" and ")} did not reach the disk as they should`,
    actor: "machine",
    help: "Look at the disk's health, then run `bellows gpu-pack install` again.",
  });
}
