/**
 * The parts of the GPU pack as a person sees them: ONNX Runtime's CUDA provider and NVIDIA's libraries, each here, found
 * elsewhere on the machine, or missing. One process at a time writes in the pack's folder.
 */
import { existsSync, readdirSync, statSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import type { GpuPackPart } from "../../shared/contract/gpu-pack.ts";
import { AppError } from "../../shared/errors.ts";
import { packagedLibraryFolder } from "../../shared/runtime/onnx-library.ts";
import { type FileLock, lockFile } from "../models/download/model-lock.ts";
import { type FetchOptions, isAddress, type PackEvent, sizeOf } from "./archive.ts";
import { CUDA_LIBRARIES, type CudaSearch } from "./cuda-libraries.ts";
import {
  type FileState,
  installedBytes,
  installPack,
  isInstalled,
  packFolderOf,
  packParts,
  removePacks,
  verifyPack,
} from "./install.ts";
import {
  installLibrary,
  isLibraryInstalled,
  keptBytes,
  keptIn,
  libraryBytes,
  libraryHome,
  verifyLibrary,
} from "./libraries.ts";
import type { GpuPack, PackLibrary } from "./manifest.ts";

export const PROVIDER = "provider";
const PROVIDER_FILE = "libonnxruntime_providers_cuda.so";

export interface PackPlace {
  readonly pack: GpuPack;
  /** <data>/gpu-pack */
  readonly folder: string;
}

export interface PartsOptions extends Omit<FetchOptions, "onEvent">, PackPlace {
  /** Ids, in the pack's order; what is installed already is only verified. */
  readonly parts: readonly string[];
  readonly onEvent: (part: string, event: PackEvent) => void;
}

/** Every part with what is known of it without reading files. */
export function lookAtParts({ pack, folder }: PackPlace, search: CudaSearch): GpuPackPart[] {
  const home = packFolderOf(folder, pack);
  const own = isInstalled(folder, pack);
  const packaged = join(packagedLibraryFolder(), PROVIDER_FILE);
  const provider: GpuPackPart = {
    id: PROVIDER,
    name: "ONNX Runtime CUDA provider",
    version: pack.onnxruntime,
    licence: pack.licence,
    licenceUrl: null,
    bytes: pack.archive.bytes,
    bytesKept: own ? 0 : keptIn(packParts(folder, pack), pack.archive.bytes),
    bytesOnDisk: own ? installedBytes(pack) : 0,
    state: own ? "pack" : existsSync(packaged) ? "system" : "missing",
    file: own ? join(home, PROVIDER_FILE) : existsSync(packaged) ? packaged : null,
    needed: "at start",
  };
  return [provider, ...pack.libraries.map((library) => lookAtLibrary(library, folder, search))];
}

function lookAtLibrary(library: PackLibrary, folder: string, search: CudaSearch): GpuPackPart {
  const { id, name, version, licence, licenceUrl, sonames, archive } = library;
  const own = isLibraryInstalled(folder, library);
  const found = sonames.map((soname) => search.found.get(soname));
  const elsewhere = found.every((file) => file !== undefined);
  const needs = CUDA_LIBRARIES.filter(({ soname }) => sonames.includes(soname));
  return {
    id,
    name,
    version,
    licence,
    licenceUrl,
    bytes: archive.bytes,
    bytesKept: own ? 0 : keptBytes(folder, library),
    bytesOnDisk: own ? libraryBytes(folder, library) : 0,
    state: own ? "pack" : elsewhere ? "system" : "missing",
    file: own ? join(libraryHome(folder, library), sonames[0] ?? "") : (found[0] ?? null),
    needed: needs.some(({ needed }) => needed === "at start") ? "at start" : "later",
  };
}

/**
 * Throws GPU_PACK_… or the signal's reason; parts that came before stay. `from`: an archive or an address instead of the
 * sources, for the one part it is of; or a folder that holds archives.
 */
export async function installParts(options: PartsOptions): Promise<void> {
  const { pack, folder, parts, signal, onEvent } = options;
  for (const id of parts) {
    signal.throwIfAborted();
    const fetch: FetchOptions = {
      ...options,
      from: sourceFor(id, options),
      onEvent: (event) => onEvent(id, event),
    };
    const library = pack.libraries.find((each) => each.id === id);
    if (id === PROVIDER) await installPack({ ...fetch, pack, folder });
    else if (library === undefined) throw noSuchPart(id, pack);
    else if (!(await isWhole(folder, library, signal))) await installLibrary({ ...fetch, library, folder });
  }
}

async function isWhole(folder: string, library: PackLibrary, signal: AbortSignal): Promise<boolean> {
  if (!isLibraryInstalled(folder, library)) return false;
  return (await verifyLibrary(folder, library, signal)).every(({ state }) => state === "ok");
}

/** The parts whose archives `from` holds; an archive that is none of them is taken for the provider's, and refused there. */
export function partsIn(from: string, pack: GpuPack): string[] {
  if (isAddress(from)) return [PROVIDER];
  const ids = [PROVIDER, ...pack.libraries.map(({ id }) => id)];
  if (isFolder(from)) return ids.filter((id) => archiveIn(from, id, pack) !== null);
  const bytes = sizeOf(from);
  const found = ids.find((id) => archiveOf(id, pack)?.bytes === bytes);
  return [found ?? PROVIDER];
}

function sourceFor(id: string, { from, pack }: PartsOptions): string | undefined {
  if (from === undefined || isAddress(from) || !isFolder(from)) return from;
  return archiveIn(from, id, pack) ?? undefined;
}

/** By its size: its name may have been changed on the way, and its digest is checked before it is unpacked. */
function archiveIn(folder: string, id: string, pack: GpuPack): string | null {
  const bytes = archiveOf(id, pack)?.bytes;
  const files = readdirSync(folder).map((name) => join(folder, name));
  return files.find((file) => sizeOf(file) === bytes) ?? null;
}

function archiveOf(id: string, pack: GpuPack): { readonly bytes: number } | undefined {
  return id === PROVIDER ? pack.archive : pack.libraries.find((library) => library.id === id)?.archive;
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}

export interface VerifiedPart {
  readonly id: string;
  readonly files: readonly { readonly path: string; readonly state: FileState }[];
}

/** The parts that are installed, every file read to its end. */
export async function verifyParts(place: PackPlace, signal?: AbortSignal): Promise<VerifiedPart[]> {
  const { pack, folder } = place;
  const verified: VerifiedPart[] = [];
  if (existsSync(packFolderOf(folder, pack)))
    verified.push({ id: PROVIDER, files: (await verifyPack(folder, pack, signal)).files });
  for (const library of pack.libraries) {
    const files = await verifyLibrary(folder, library, signal);
    if (files.length > 0) verified.push({ id: library.id, files });
  }
  return verified;
}

/** Everything, with what an interrupted install left. Returns the bytes freed. */
export async function removeParts(folder: string): Promise<number> {
  return await removePacks(folder);
}

/** Removes what interrupted tries left, and keeps what is whole. */
export async function discardKept({ pack, folder }: PackPlace): Promise<void> {
  await rm(packParts(folder, pack), { recursive: true, force: true });
  for (const { id, version } of pack.libraries)
    await rm(join(folder, `${id}-${version}.part`), { recursive: true, force: true });
}

/** Throws GPU_PACK_BUSY while the app or a terminal works on the folder. */
export function lockPack(folder: string): Promise<FileLock> {
  return lockFile(
    `${folder}.lock`,
    (pid) =>
      new AppError({
        code: "GPU_PACK_BUSY",
        message: `The GPU pack is being changed by another process (pid ${pid})`,
        actor: "user",
        help: "Wait until it is done, or end it there.",
      }),
  );
}

function noSuchPart(id: string, { libraries }: GpuPack): AppError {
  return new AppError({
    code: "GPU_PACK_NO_SUCH_PART",
    message: `The GPU pack has no part "${id}"`,
    actor: "user",
    help: `It has: ${[PROVIDER, ...libraries.map((library) => library.id)].join(", ")}.`,
  });
}
