/**
 * The GPU pack on this machine: <data>/gpu-pack/<pack id>/, whole or not there. It is brought together in a folder
 * beside it and renamed when every file is right, so that a stop at any moment leaves the old state; what was already
 * downloaded is kept and used by the next try.
 */
import { createHash } from "node:crypto";
import { createReadStream, existsSync, statSync } from "node:fs";
import { mkdir, readdir, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { MIB } from "../../shared/durations.ts";
import { AppError } from "../../shared/errors.ts";
import { DEFAULT_TUNING, downloadFile, type Tuning } from "../models/download/file-download.ts";
import { findPackage, packPackage, type RunNpm, runNpm } from "../models/download/npm.ts";
import { extractMembers } from "../models/download/tarball.ts";
import type { GpuPack, PackSource } from "./manifest.ts";

export type PackEvent =
  | { readonly kind: "source"; readonly name: string }
  /** `done` bytes are here, those of an interrupted try included; null while npm fetches, which does not say. */
  | { readonly kind: "downloading"; readonly done: number | null; readonly total: number }
  | { readonly kind: "source-failed"; readonly error: AppError }
  | { readonly kind: "unpacking" };

export interface InstallOptions {
  readonly pack: GpuPack;
  /** <data>/gpu-pack */
  readonly folder: string;
  /** Instead of the pack's own sources: an archive of this machine, or its address. */
  readonly from?: string | undefined;
  readonly onEvent: (event: PackEvent) => void;
  readonly signal: AbortSignal;
  readonly npm?: RunNpm;
  readonly tuning?: Tuning;
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
      const right = size === bytes && (await sha256Of(file, signal)) === sha256;
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
  const parts = partsFolder(folder, pack);
  await mkdir(parts, { recursive: true });
  const archive = await bringArchive(options, parts);
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

/** The archive, complete and checked against the pack's sha256, from the first source that delivers. */
async function bringArchive(options: InstallOptions, parts: string): Promise<string> {
  const { pack, from, onEvent, signal } = options;
  if (from !== undefined && !/^https?:\/\//.test(from)) return await requireArchive(from, pack, signal);
  const sources: readonly PackSource[] = from === undefined ? pack.sources : [{ kind: "url", url: from }];
  let last: AppError | null = null;
  for (const source of sources) {
    onEvent({ kind: "source", name: nameOf(source) });
    try {
      return await fetchFrom(source, options, parts);
    } catch (thrown) {
      signal.throwIfAborted();
      last = asPackError(thrown);
      onEvent({ kind: "source-failed", error: last });
    }
  }
  throw last ?? unavailable();
}

async function fetchFrom(source: PackSource, options: InstallOptions, parts: string): Promise<string> {
  if (source.kind === "url") return await fetchUrl(source.url, options, parts);
  const { pack, onEvent, signal, npm = runNpm } = options;
  try {
    // npm knows where the package lies; fetching it from there ourselves is what can be taken up again.
    const { tarball } = await findPackage(source, npm, signal);
    return await fetchUrl(tarball, options, parts);
  } catch (thrown) {
    signal.throwIfAborted();
    // A registry behind a login or npm's own proxy answers npm only.
    if (!(thrown instanceof AppError) || /NPM_MISSING|GONE|DISK_FULL/.test(thrown.code)) throw thrown;
    onEvent({ kind: "downloading", done: null, total: pack.archive.bytes });
    return await requireArchive(await packPackage(source, parts, npm, signal), pack, signal);
  }
}

function fetchUrl(url: string, options: InstallOptions, parts: string): Promise<string> {
  const { pack, onEvent, signal, tuning = DEFAULT_TUNING } = options;
  const { bytes: total, sha256 } = pack.archive;
  return downloadFile(
    {
      url,
      bytes: total,
      digest: { algorithm: "sha256", hex: sha256 },
      name: "The GPU pack",
      folder: parts,
      partName: "archive",
      limiters: [],
      tuning,
      onReceived: (done) => onEvent({ kind: "downloading", done, total }),
    },
    signal,
  );
}

/** Whatever came from wherever: only these bytes are unpacked. */
async function requireArchive(file: string, pack: GpuPack, signal: AbortSignal): Promise<string> {
  if (sizeOf(file) === null) {
    throw new AppError({ code: "FILE_NOT_READ", message: `There is no file ${file}`, actor: "user" });
  }
  const sha256 = await sha256Of(file, signal);
  if (sha256 === pack.archive.sha256) return file;
  throw new AppError({
    code: "GPU_PACK_SOURCE_WRONG",
    message: `This is not the GPU pack: its sha256 is ${sha256}, expected ${pack.archive.sha256}`,
    actor: "user",
    help: "Fetch the file again, from another place or through another network.",
  });
}

/** Download, journal and half-unpacked files live here, beside the pack and on the same disk. */
function partsFolder(folder: string, pack: GpuPack): string {
  return join(folder, `${pack.id}.part`);
}

async function sha256Of(file: string, signal?: AbortSignal): Promise<string> {
  const hash = createHash("sha256");
  const stream = createReadStream(file, { highWaterMark: MIB, ...(signal ? { signal } : {}) });
  for await (const chunk of stream) hash.update(chunk as Buffer);
  return hash.digest("hex");
}

function sizeOf(file: string): number | null {
  return statSync(file, { throwIfNoEntry: false })?.size ?? null;
}

async function bytesUnder(folder: string): Promise<number> {
  let sum = 0;
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (entry.isFile()) sum += (await stat(join(entry.parentPath, entry.name))).size;
  }
  return sum;
}

function nameOf(source: PackSource): string {
  return source.kind === "url" ? new URL(source.url).host : `${source.package}@${source.version} (npm)`;
}

/** The downloads' errors speak of models: here they are about the pack. */
function asPackError(thrown: unknown): AppError {
  const full = thrown instanceof Error && "code" in thrown && thrown.code === "ENOSPC";
  if (full || (thrown instanceof AppError && thrown.code === "MODEL_DISK_FULL")) {
    return new AppError({
      code: "GPU_PACK_DISK_FULL",
      message: "The disk is too full for the GPU pack",
      actor: "user",
      help: "Free about 500 MB and run the same command again; what was downloaded is kept.",
      cause: thrown,
    });
  }
  if (!(thrown instanceof AppError)) throw thrown;
  if (!thrown.code.startsWith("MODEL_")) return thrown;
  return new AppError({
    code: thrown.code.replace(/^MODEL_/, "GPU_PACK_"),
    message: `The GPU pack could not be fetched. ${thrown.message}`,
    actor: thrown.actor,
    help: "Run the same command again, which goes on where it stopped; or fetch the archive elsewhere and run `bellows gpu-pack install --from FILE`.",
    retryable: thrown.retryable,
    cause: thrown,
  });
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

function unavailable(): AppError {
  return new AppError({
    code: "GPU_PACK_UNAVAILABLE",
    message: "No source for the GPU pack is known",
    actor: "user",
    help: "Fetch the archive elsewhere and run `bellows gpu-pack install --from FILE`.",
  });
}
