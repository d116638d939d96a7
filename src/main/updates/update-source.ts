/** Where releases come from: a folder on a server, read by electron-updater, which also fetches only what changed. */
import { writeFile } from "node:fs/promises";
import path from "node:path";
import type { UpdateChannel } from "../../shared/contract/app.ts";
import { AppError } from "../../shared/errors.ts";

export interface FoundRelease {
  /** As the feed says it: nothing of it is believed yet. */
  readonly feed: unknown;
  /** False: a newer version that is rolled out in steps, and it is not this machine's turn. */
  readonly included: boolean;
}

export interface UpdateSource {
  /** Throws UPDATE_FEED_UNREACHABLE. */
  check(feedUrl: string, channel: UpdateChannel): Promise<FoundRelease>;
  /** What the last `check` found; resolves with the file. Throws UPDATE_DOWNLOAD_FAILED. */
  download(progress: (bytes: number, total: number | null) => void): Promise<string>;
}

type Updater = typeof import("electron-updater")["autoUpdater"];

/** Only inside Electron. The library is loaded with the first check: most starts never need it. */
export class ElectronUpdateSource implements UpdateSource {
  readonly #folder: string;
  readonly #log: (line: string) => void;
  #updater: Promise<Updater> | null = null;

  /** `folder`: for the library's own settings; must exist. */
  constructor(folder: string, log: (line: string) => void) {
    this.#folder = folder;
    this.#log = log;
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

  async download(progress: (bytes: number, total: number | null) => void): Promise<string> {
    const updater = await this.#load();
    const told = ({ transferred, total }: { transferred: number; total: number }) =>
      progress(transferred, total > 0 ? total : null);
    updater.on("download-progress", told);
    try {
      const [file] = await updater.downloadUpdate();
      if (file === undefined) throw new Error("no file came");
      return file;
    } catch (thrown) {
      throw new AppError({
        code: "UPDATE_DOWNLOAD_FAILED",
        message: `The new version could not be downloaded: ${firstLine(thrown)}`,
        actor: "network",
        help: "Try again later; what runs now goes on unchanged.",
        retryable: true,
      });
    } finally {
      updater.off("download-progress", told);
    }
  }

  #load(): Promise<Updater> {
    this.#updater ??= this.#open();
    return this.#updater;
  }

  async #open(): Promise<Updater> {
    const { default: library } = await import("electron-updater");
    const updater = library.autoUpdater;
    const settings = path.join(this.#folder, "app-update.yml");
    await writeFile(
      settings,
      "provider: generic\nurl: http://127.0.0.1:9/\nupdaterCacheDirName: bellows-updater\n",
    );
    updater.updateConfigPath = settings;
    updater.forceDevUpdateConfig = true;
    updater.autoDownload = false;
    updater.autoInstallOnAppQuit = false;
    const log = (line: unknown) => this.#log(`updates: ${firstLine(line)}`);
    updater.logger = { info: () => undefined, warn: log, error: () => undefined };
    // Without a listener an `error` event would be thrown; the promises carry the same error.
    updater.on("error", () => undefined);
    return updater;
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
