/**
 * llama.cpp on this machine: <data>/llama/installed, whole or not there. It is brought together in a folder beside it and
 * put in place by a rename; what was downloaded before a stop is used by the next try.
 */
import { existsSync } from "node:fs";
import { copyFile, mkdir, readdir, rename, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { ioCode } from "../models/download/io-error.ts";
import { type FileLock, lockFile } from "../models/download/model-lock.ts";
import { freeBytesAt } from "../models/shown-facts.ts";
import {
  bytesOf,
  type InstalledPackage,
  type LlamaContents,
  readContents,
  writeContents,
  wrongFiles,
} from "./contents.ts";
import { asLlamaError, busy, diskFull, inUse } from "./errors.ts";
import { type FetchOptions, fetchPackage } from "./fetch-package.ts";
import {
  LLAMA_BUILDS,
  type LlamaBuildId,
  type LlamaManifest,
  type LlamaPackage,
  packagesFor,
} from "./manifest.ts";
import { unpackPackage } from "./unpack.ts";

export interface LlamaPlace {
  readonly manifest: LlamaManifest;
  /** <data>/llama */
  readonly folder: string;
}

export interface InstallOptions extends FetchOptions, LlamaPlace {
  readonly builds: readonly LlamaBuildId[];
  readonly onEvent: (event: LlamaEvent) => void;
}

export type LlamaEvent =
  /** Of what is fetched altogether; what an earlier try left counts as here. */
  | { readonly kind: "downloading"; readonly done: number; readonly total: number }
  | { readonly kind: "unpacking" };

export interface LlamaState {
  /** Of what is installed; null: nothing is. */
  readonly version: string | null;
  readonly builds: readonly LlamaBuildId[];
  readonly bytesOnDisk: number;
  /** Left by an interrupted try. */
  readonly bytesKept: number;
}

/** Small packages are many: one after the other would wait for the network most of the time. */
const AT_ONCE = 6;

export function llamaHome(folder: string): string {
  return join(folder, "installed");
}

/** Without reading files to their end. */
export async function lookAtLlama({ manifest, folder }: LlamaPlace): Promise<LlamaState> {
  const contents = readContents(llamaHome(folder));
  return {
    version: contents?.llama ?? null,
    builds: contents === null ? [] : buildsIn(contents, manifest),
    bytesOnDisk: contents === null ? 0 : bytesOf(contents),
    bytesKept: await bytesUnder(partsOf(folder)),
  };
}

/** To be fetched for these builds, beside what is installed already. */
export function bytesToFetch({ manifest, folder }: LlamaPlace, builds: readonly LlamaBuildId[]): number {
  const contents = readContents(llamaHome(folder));
  return packagesFor(manifest, builds)
    .filter((wanted) => installedAs(contents, wanted) === undefined)
    .reduce((sum, { bytes }) => sum + bytes, 0);
}

/**
 * Afterwards these builds are installed, and those that were before. Throws LLAMA_… or the signal's reason; what was
 * downloaded is kept.
 */
export async function installLlama(options: InstallOptions): Promise<void> {
  const { manifest, folder, signal } = options;
  const home = llamaHome(folder);
  const before = readContents(home);
  const ids = LLAMA_BUILDS.filter(
    (id) => options.builds.includes(id) || (before !== null && buildsIn(before, manifest).includes(id)),
  );
  const wanted = packagesFor(manifest, ids);
  const whole = await wholePackages(home, before, wanted, signal);
  if (
    before?.llama === manifest.llama &&
    before.packages.length === wanted.length &&
    whole.size === wanted.length
  )
    return;
  try {
    const archives = await fetchAll(
      wanted.filter(({ path }) => !whole.has(path)),
      options,
    );
    options.onEvent({ kind: "unpacking" });
    await putInPlace({ wanted, whole, archives }, options);
  } catch (thrown) {
    signal.throwIfAborted();
    throw asLlamaError(thrown);
  }
  await rm(partsOf(folder), { recursive: true, force: true });
}

/** The files that are not right, every one read to its end; null: nothing is installed. */
export async function verifyLlama({ folder }: Pick<LlamaPlace, "folder">, signal?: AbortSignal) {
  const home = llamaHome(folder);
  const contents = readContents(home);
  if (contents === null) return null;
  const wrong = [];
  for (const each of contents.packages) wrong.push(...(await wrongFiles(home, each, signal)));
  return { files: contents.packages.flatMap(({ files }) => files).length, wrong };
}

/** With what an interrupted try left. Returns the bytes freed. Throws LLAMA_IN_USE. */
export async function removeLlama(folder: string): Promise<number> {
  const bytes = await bytesUnder(folder);
  await rm(folder, { recursive: true, force: true }).catch((thrown: unknown) => {
    throw isOpen(thrown) ? inUse(thrown) : thrown;
  });
  return bytes;
}

/** Throws LLAMA_BUSY while the app or a terminal works on the folder. */
export function lockLlama(folder: string): Promise<FileLock> {
  return lockFile(`${folder}.lock`, busy);
}

async function fetchAll(
  packages: readonly LlamaPackage[],
  { folder, onEvent, ...options }: InstallOptions,
): Promise<ReadonlyMap<string, string>> {
  const parts = partsOf(folder);
  await mkdir(parts, { recursive: true });
  await requireRoom(packages, folder);
  const total = packages.reduce((sum, { bytes }) => sum + bytes, 0);
  const here = new Map<string, number>();
  const archives = new Map<string, string>();
  const failed = new AbortController();
  const signal = AbortSignal.any([options.signal, failed.signal]);
  const queue = [...packages];
  const work = async () => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      const { path } = next;
      const onReceived = (bytes: number) => {
        here.set(path, bytes);
        onEvent({
          kind: "downloading",
          done: [...here.values()].reduce((sum, each) => sum + each, 0),
          total,
        });
      };
      archives.set(path, await fetchPackage(next, parts, onReceived, { ...options, signal }));
    }
  };
  const workers = Array.from({ length: AT_ONCE }, () =>
    work().catch((thrown: unknown) => {
      failed.abort(thrown);
      throw thrown;
    }),
  );
  // All have let go of their files before anybody is told.
  await Promise.allSettled(workers);
  if (failed.signal.aborted) throw failed.signal.reason;
  return archives;
}

interface Assembly {
  readonly wanted: readonly LlamaPackage[];
  readonly whole: ReadonlyMap<string, InstalledPackage>;
  readonly archives: ReadonlyMap<string, string>;
}

async function putInPlace({ wanted, whole, archives }: Assembly, options: InstallOptions): Promise<void> {
  const { manifest, folder, signal } = options;
  const home = llamaHome(folder);
  const next = join(partsOf(folder), "next");
  await rm(next, { recursive: true, force: true });
  await mkdir(next, { recursive: true });
  const packages: InstalledPackage[] = [];
  for (const { path, sha512 } of wanted) {
    signal.throwIfAborted();
    const kept = whole.get(path);
    const archive = archives.get(path);
    if (kept !== undefined) await copyPackage(kept, home, next);
    const files =
      kept?.files ?? (archive === undefined ? [] : await unpackPackage(archive, join(next, path), signal));
    packages.push({ path, sha512, files: [...files] });
  }
  await writeContents(next, { llama: manifest.llama, packages });
  try {
    await rm(home, { recursive: true, force: true });
    await rename(next, home);
  } catch (thrown) {
    throw isOpen(thrown) ? inUse(thrown) : thrown;
  }
}

async function copyPackage({ path, files }: InstalledPackage, home: string, next: string): Promise<void> {
  for (const file of files) {
    const target = join(next, path, file.path);
    await mkdir(dirname(target), { recursive: true });
    await copyFile(join(home, path, file.path), target);
  }
}

/** Those of the installation that are the pinned ones, with every file right. */
async function wholePackages(
  home: string,
  contents: LlamaContents | null,
  wanted: readonly LlamaPackage[],
  signal: AbortSignal,
): Promise<Map<string, InstalledPackage>> {
  const whole = new Map<string, InstalledPackage>();
  for (const each of wanted) {
    const installed = installedAs(contents, each);
    if (installed !== undefined && (await wrongFiles(home, installed, signal)).length === 0)
      whole.set(each.path, installed);
  }
  return whole;
}

function installedAs(
  contents: LlamaContents | null,
  { path, sha512 }: LlamaPackage,
): InstalledPackage | undefined {
  return contents?.packages.find((each) => each.path === path && each.sha512 === sha512);
}

function buildsIn(contents: LlamaContents, { builds }: LlamaManifest): LlamaBuildId[] {
  const paths = new Set(contents.packages.map(({ path }) => path));
  return builds.filter((build) => paths.has(build.package.path)).map(({ id }) => id);
}

function partsOf(folder: string): string {
  return join(folder, "parts");
}

/** Archives, and what comes out of them: four times as much for the builds. */
const UNPACKED = 5;

async function requireRoom(packages: readonly LlamaPackage[], folder: string): Promise<void> {
  const free = await freeBytesAt(folder);
  const needed = UNPACKED * packages.reduce((sum, { bytes }) => sum + bytes, 0);
  if (free !== null && free < needed) throw diskFull(Math.ceil(needed / 1e6));
}

async function bytesUnder(folder: string): Promise<number> {
  if (!existsSync(folder)) return 0;
  let sum = 0;
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (entry.isFile()) sum += (await stat(join(entry.parentPath, entry.name))).size;
  }
  return sum;
}

function isOpen(thrown: unknown): boolean {
  return ["EBUSY", "EPERM", "EACCES", "ENOTEMPTY"].includes(ioCode(thrown) ?? "");
}
