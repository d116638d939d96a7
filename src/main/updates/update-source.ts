/**
 * Where releases come from: a folder on a server, read by electron-updater. Of an AppImage or a Windows installer it
 * fetches only the blocks that changed, where the old package is there and the server knows ranges; what it would fetch
 * whole, and would begin anew after each broken connection, is fetched by resumable-download.ts.
 */
import { copyFile, rename, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import type { UpdateChannel } from "../../shared/contract/app.ts";
import { AppError } from "../../shared/errors.ts";
import { downloadResumably, type ResumableDownloadOptions } from "./resumable-download.ts";

/** Windows' installer leaves a copy of itself where the library looks for the package that the next one is compared with. */
const INSTALLER_KEEPS_ITSELF = process.platform === "win32";

const FETCHED = "fetched";

export interface FoundRelease {
  /** As the feed says it: nothing of it is believed yet. */
  readonly feed: unknown;
  /** False: a newer version that is rolled out in steps, and it is not this machine's turn. */
  readonly included: boolean;
}

export interface UpdateSource {
  /** Throws UPDATE_FEED_UNREACHABLE. */
  check(feedUrl: string, channel: UpdateChannel): Promise<FoundRelease>;
  /** What the last `check` found; resolves with the file. Throws UPDATE_DOWNLOAD_FAILED, or the signal's reason. */
  download(progress: (bytes: number, total: number | null) => void, signal: AbortSignal): Promise<string>;
  /** What was fetched is installed: the room it takes is given back. */
  forget(): Promise<void>;
}

type Library = typeof import("electron-updater");
type Updater = Library["autoUpdater"];

/** Parts of the library that are not in its types. */
interface Inside {
  /** Every kind of updater asks here for a whole file. */
  httpExecutor: {
    download(url: URL, destination: string, options: FileFetchOptions): Promise<string>;
  };
  /** The library's folder is made under its `baseCachePath`: the system's cache folder, if nobody says otherwise. */
  readonly app: object;
}
interface FileFetchOptions {
  readonly headers?: Record<string, string> | null;
  readonly sha512?: string | null;
  readonly onProgress?: (told: { transferred: number; total: number }) => void;
}

export interface UpdateSourceOptions {
  /** For the library's own settings, for what has come of a file and for the file; must exist. */
  readonly folder: string;
  readonly fetch: ResumableDownloadOptions["fetch"];
  readonly log: (line: string) => void;
}

/** Only inside Electron. The library is loaded with the first check: most starts never need it. */
export class ElectronUpdateSource implements UpdateSource {
  readonly #options: UpdateSourceOptions;
  #updater: Promise<Updater> | null = null;
  /** The library may still be about a download that was cancelled: a new one waits for its end. */
  #last: Promise<unknown> = Promise.resolve();
  /** Of the download under way. */
  #signal: AbortSignal = AbortSignal.abort();

  constructor(options: UpdateSourceOptions) {
    this.#options = options;
  }

  async check(feedUrl: string, channel: UpdateChannel): Promise<FoundRelease> {
    const updater = await this.#load();
    updater.setFeedURL({ provider: "generic", url: feedUrl, channel });
    // Setting the channel also allows downgrades, which are never wanted: so the order counts.
    updater.channel = channel;
    updater.allowDowngrade = false;
    const found = await updater.checkForUpdates().catch((thrown: unknown) => {
      throw unreachable(feedUrl, thrown);
    });
    if (found === null) throw unreachable(feedUrl, "updates are not possible here");
    return { feed: found.updateInfo, included: found.isUpdateAvailable };
  }

  async download(
    progress: (bytes: number, total: number | null) => void,
    signal: AbortSignal,
  ): Promise<string> {
    const updater = await this.#load();
    const { CancellationToken } = await this.#library();
    const token = new CancellationToken();
    const aborted = Promise.withResolvers<never>();
    const cancel = () => {
      token.cancel();
      aborted.reject(signal.reason);
    };
    signal.addEventListener("abort", cancel, { once: true });
    const told = ({ transferred, total }: { transferred: number; total: number }) =>
      progress(transferred, total > 0 ? total : null);
    updater.on("download-progress", told);
    try {
      await Promise.race([this.#last.catch(() => undefined), aborted.promise]);
      signal.throwIfAborted();
      this.#signal = signal;
      // It does not hear of a cancelling while it fetches blocks.
      const came = updater.downloadUpdate(token);
      this.#last = came;
      const [file] = await Promise.race([came, aborted.promise]);
      if (file === undefined) throw new Error("no file came");
      return file;
    } catch (thrown) {
      signal.throwIfAborted();
      throw new AppError({
        code: "UPDATE_DOWNLOAD_FAILED",
        message: `The new version could not be downloaded: ${firstLine(thrown)}`,
        actor: "network",
        help: "Try again later: what has come is kept. What runs now goes on unchanged.",
        retryable: true,
      });
    } finally {
      aborted.promise.catch(() => undefined);
      this.#last.catch(() => undefined);
      signal.removeEventListener("abort", cancel);
      updater.off("download-progress", told);
    }
  }

  async forget(): Promise<void> {
    if (!INSTALLER_KEEPS_ITSELF)
      await rm(path.join(this.#options.folder, FETCHED), { recursive: true, force: true });
  }

  #load(): Promise<Updater> {
    this.#updater ??= this.#open();
    return this.#updater;
  }

  async #library(): Promise<Library> {
    return (await import("electron-updater")).default;
  }

  async #open(): Promise<Updater> {
    const updater = (await this.#library()).autoUpdater;
    const settings = path.join(this.#options.folder, "app-update.yml");
    const folder = INSTALLER_KEEPS_ITSELF ? "bellows-updater" : FETCHED;
    await writeFile(
      settings,
      `provider: generic\nurl: http://127.0.0.1:9/\nupdaterCacheDirName: ${folder}\n`,
    );
    updater.updateConfigPath = settings;
    updater.forceDevUpdateConfig = true;
    updater.autoDownload = false;
    updater.autoInstallOnAppQuit = false;
    const log = (line: unknown) => this.#options.log(`updates: ${firstLine(line)}`);
    updater.logger = { info: () => undefined, warn: log, error: () => undefined };
    // Without a listener an `error` event would be thrown; the promises carry the same error.
    updater.on("error", () => undefined);
    const { httpExecutor, app } = updater as unknown as Inside;
    if (!INSTALLER_KEEPS_ITSELF) {
      Object.defineProperty(app, "baseCachePath", { value: this.#options.folder });
    }
    httpExecutor.download = (url, destination, options) => this.#fetchWhole(url, destination, options);
    return updater;
  }

  async #fetchWhole(url: URL, destination: string, options: FileFetchOptions): Promise<string> {
    const { headers, sha512, onProgress } = options;
    if (!sha512) throw new Error("the feed names no checksum of the file");
    const part = await downloadResumably({
      url: url.href,
      ...(headers && { headers }),
      sha512,
      folder: path.join(this.#options.folder, "partial"),
      fetch: this.#options.fetch,
      signal: this.#signal,
      progress: (transferred, total) => onProgress?.({ transferred, total: total ?? 0 }),
    });
    await move(part, destination);
    return destination;
  }
}

/** The library's folder on Windows may be on another disk. */
async function move(from: string, to: string): Promise<void> {
  try {
    await rename(from, to);
  } catch {
    await copyFile(from, to);
    await rm(from, { force: true });
  }
}

function unreachable(feedUrl: string, cause: unknown): AppError {
  return new AppError({
    code: "UPDATE_FEED_UNREACHABLE",
    message: `The release feed at ${feedUrl} could not be read: ${firstLine(cause)}`,
    actor: "network",
    help: "Check the address and the connection.",
    retryable: true,
  });
}

/** The library puts whole stacks and headers into its messages. */
function firstLine(thrown: unknown): string {
  const text = thrown instanceof Error ? thrown.message : String(thrown);
  return (text.split("\n")[0] ?? "").slice(0, 300);
}
