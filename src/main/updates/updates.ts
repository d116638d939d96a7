/**
 * Updates, from "is there one?" to "installed": looked for, checked against our own signature, fetched, checked
 * again, and put in place only when no job is held. The version that is replaced is kept, so that it can come back.
 *
 *   unasked → checking → none | held-back | refused | failed | offered → downloading → ready → waiting → installing
 *                                                             ▲  cancelled ─┘ └─▶ interrupted → downloading
 */
import path from "node:path";
import type { UpdateChannel, UpdatePhase, UpdatesView } from "../../shared/contract/app.ts";
import { HOUR, MINUTE } from "../../shared/durations.ts";
import { AppError, toErrorValue } from "../../shared/errors.ts";
import type { Installer } from "./installer.ts";
import type { KeptPackage, KeptVersions } from "./kept-versions.ts";
import { judge, type Release } from "./release.ts";
import { sameHash, sha256OfFile } from "./signature.ts";
import type { UpdateSource } from "./update-source.ts";

export interface UpdateSettings {
  readonly feedUrl: string | null;
  readonly channel: UpdateChannel;
  readonly auto: boolean;
}

export interface UpdatesOptions {
  readonly version: string;
  /** "linux-x64". */
  readonly platform: string;
  readonly keys: readonly string[];
  readonly source: UpdateSource;
  readonly installer: Installer;
  readonly kept: KeptVersions;
  readonly settings: () => UpdateSettings;
  /** Jobs held now; null: no engine tells. */
  readonly jobsHeld: () => number | null;
  /** Take no more work and end what is held. */
  readonly finishWork: () => Promise<void>;
  /** Take work again after an update was put off. */
  readonly resumeWork: () => Promise<void>;
  /** The package is in place: end the app in order, and start it again where `relaunch` says how. */
  readonly restart: () => void;
  readonly changed: () => void;
  readonly clock?: () => number;
}

/** After the start, so that it never competes with the first window; then four times a day. */
const FIRST_LOOK = MINUTE;
const LOOK_EVERY = 6 * HOUR;

/** What is to be put in place as soon as no job is held. */
interface Wanted {
  readonly version: string;
  readonly file: () => Promise<string>;
  /** Keep the running version's package first: false for a way back. */
  readonly keep: boolean;
}

export class Updates {
  readonly #options: UpdatesOptions;
  readonly #clock: () => number;
  #phase: UpdatePhase = { state: "unasked" };
  #checkedAt: number | null = null;
  #release: Release | null = null;
  #file: string | null = null;
  #download: AbortController | null = null;
  /** Its download was cancelled: it does not come by itself any more. */
  #unwanted: string | null = null;
  #wanted: Wanted | null = null;
  #finishing = false;
  #previous: KeptPackage | null = null;
  #timer: NodeJS.Timeout | null = null;

  constructor(options: UpdatesOptions) {
    this.#options = options;
    this.#clock = options.clock ?? Date.now;
  }

  get view(): UpdatesView {
    const { version, settings } = this.#options;
    const { feedUrl, channel, auto } = settings();
    const off = this.#off();
    const previous = this.#previous;
    return {
      version,
      channel,
      feedUrl,
      auto,
      checkedAt: this.#checkedAt,
      previous: previous === null ? null : { version: previous.version, keptAt: previous.keptAt },
      phase: off !== null && isIdle(this.#phase) ? { state: "off", reason: off.toValue() } : this.#phase,
    };
  }

  /** Finds what was kept, and begins to look by itself where the settings say so. */
  async start(): Promise<void> {
    await this.#readKept();
    this.#lookLater(FIRST_LOOK);
  }

  dispose(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    this.#download?.abort();
    this.#wanted = null;
  }

  /** Other settings: what was found by the old ones does not count any more. */
  reconfigured(): void {
    if (!isIdle(this.#phase) && this.#phase.state !== "offered" && this.#phase.state !== "ready") return;
    this.#release = null;
    this.#file = null;
    this.#to({ state: "unasked" });
  }

  /** Throws UPDATES_OFF; what the feed or the network does wrong becomes the phase. */
  async check(): Promise<void> {
    const off = this.#off();
    if (off !== null) throw off;
    const { settings, source } = this.#options;
    const { feedUrl, channel } = settings();
    if (feedUrl === null || isBusy(this.#phase)) return;
    this.#to({ state: "checking" });
    try {
      const found = await source.check(feedUrl, channel);
      this.#checkedAt = this.#clock();
      this.#follow(found.feed, found.included, channel);
    } catch (thrown) {
      this.#to({ state: "failed", error: toErrorValue(thrown) });
    }
  }

  async download(): Promise<void> {
    const release = this.#release;
    const phase = this.#phase;
    if (release === null || (phase.state !== "offered" && phase.state !== "interrupted")) return;
    const { offer } = release;
    const stop = new AbortController();
    this.#download = stop;
    let came = { bytes: phase.state === "interrupted" ? phase.bytes : 0, total: offer.bytes };
    this.#to({ state: "downloading", offer, ...came });
    try {
      const file = await this.#options.source.download((bytes, total) => {
        if (stop.signal.aborted) return;
        came = { bytes, total: total ?? offer.bytes };
        this.#to({ state: "downloading", offer, ...came });
      }, stop.signal);
      await proveFile(release, file);
      this.#file = file;
      this.#to({ state: "ready", offer });
    } catch (thrown) {
      if (stop.signal.aborted) {
        this.#to({ state: "offered", offer });
        return;
      }
      const error = toErrorValue(thrown);
      if (error.code === "UPDATE_FILE_CHANGED") this.#to({ state: "refused", version: offer.version, error });
      else this.#to({ state: "interrupted", offer, ...came, error });
    } finally {
      this.#download = null;
    }
  }

  /** What has come is kept; it does not come by itself again. */
  cancelDownload(): void {
    this.#unwanted = this.#release?.offer.version ?? null;
    this.#download?.abort(new DOMException("The download was cancelled", "AbortError"));
  }

  /** Resolves when it is under way or waits for jobs. */
  async install(): Promise<void> {
    const [release, file] = [this.#release, this.#file];
    if (release === null || file === null || this.#phase.state !== "ready") return;
    await this.#want({
      version: release.offer.version,
      keep: true,
      // Once more, because it may have lain there for days.
      file: async () => {
        await proveFile(release, file);
        return file;
      },
    });
  }

  /** Throws NO_PREVIOUS_VERSION. */
  async rollBack(): Promise<void> {
    const { kept, version, installer } = this.#options;
    const previous = await kept.previousOf(version);
    if (previous === null || installer.impossible !== null) {
      throw new AppError({
        code: "NO_PREVIOUS_VERSION",
        message: installer.impossible ?? "No previous version is kept on this machine",
        actor: "user",
        help: "Install the wanted version by hand from where you got Bellows.",
      });
    }
    if (isBusy(this.#phase)) return;
    await this.#want({ version: previous.version, keep: false, file: () => kept.checked(previous) });
  }

  /** Work is taken again, the update stays where it was. */
  async postpone(): Promise<void> {
    if (this.#phase.state !== "waiting") return;
    this.#wanted = null;
    this.#to(
      this.#release !== null && this.#file !== null
        ? { state: "ready", offer: this.#release.offer }
        : { state: "unasked" },
    );
    if (this.#finishing) await this.#options.resumeWork();
    this.#finishing = false;
  }

  /** Whenever the number of held jobs may have changed. */
  jobsChanged(): void {
    const wanted = this.#wanted;
    if (wanted === null || this.#phase.state !== "waiting") return;
    const held = this.#options.jobsHeld();
    // An engine that is away may hold jobs that it will finish: nobody can tell, so nothing is installed.
    if (held === null) return;
    if (held > 0) {
      if (held !== this.#phase.jobs) this.#to({ state: "waiting", version: wanted.version, jobs: held });
      return;
    }
    void this.#putInPlace(wanted);
  }

  async #want(wanted: Wanted): Promise<void> {
    this.#wanted = wanted;
    const held = this.#options.jobsHeld();
    if (held === 0) {
      await this.#putInPlace(wanted);
      return;
    }
    this.#to({ state: "waiting", version: wanted.version, jobs: held ?? 0 });
    this.#finishing = true;
    try {
      await this.#options.finishWork();
    } catch {
      // No engine takes the order now: the next change of its state is looked at all the same.
    }
    this.jobsChanged();
  }

  async #putInPlace(wanted: Wanted): Promise<void> {
    const { installer, kept, version, restart } = this.#options;
    this.#wanted = null;
    this.#to({ state: "installing", version: wanted.version });
    try {
      const file = await wanted.file();
      if (wanted.keep) await kept.rotate(version, { version: wanted.version, file }, installer.ownPackage);
      await installer.install(file);
      restart();
    } catch (thrown) {
      this.#to({ state: "failed", error: toErrorValue(thrown) });
      if (this.#finishing) await this.#options.resumeWork().catch(() => undefined);
      this.#finishing = false;
    }
  }

  #follow(feed: unknown, included: boolean, channel: UpdateChannel): void {
    const { version, platform, keys, settings } = this.#options;
    const judgement = judge(feed, { version, platform, channel, keys });
    this.#release = null;
    this.#file = null;
    switch (judgement.verdict) {
      case "none":
        this.#to({ state: "none" });
        return;
      case "refused":
        this.#to({ state: "refused", version: judgement.version, error: judgement.error.toValue() });
        return;
      case "acceptable": {
        const { offer } = judgement.release;
        if (!included) {
          this.#to({ state: "held-back", offer });
          return;
        }
        this.#release = judgement.release;
        this.#to({ state: "offered", offer });
        if (settings().auto && offer.version !== this.#unwanted) void this.download();
      }
    }
  }

  #off(): AppError | null {
    const { keys, installer, settings } = this.#options;
    if (installer.impossible !== null) return off(installer.impossible, "machine");
    if (keys.length === 0) {
      return off("This build knows no release key, so no release could be proven to be Bellows", "bug");
    }
    return settings().feedUrl === null ? off("No release feed is set", "user") : null;
  }

  #lookLater(after: number): void {
    this.#timer = setTimeout(() => {
      this.#lookLater(LOOK_EVERY);
      if (this.#options.settings().auto && this.#off() === null) void this.check();
    }, after);
    this.#timer.unref();
  }

  async #readKept(): Promise<void> {
    const { kept, version, changed, installer } = this.#options;
    this.#previous = installer.impossible === null ? await kept.previousOf(version) : null;
    changed();
  }

  #to(phase: UpdatePhase): void {
    this.#phase = phase;
    this.#options.changed();
  }
}

/** The file that came is the one that was signed. Throws UPDATE_FILE_CHANGED. */
async function proveFile(release: Release, file: string): Promise<void> {
  const hash = await sha256OfFile(file).catch(() => "");
  const signed = release.files.get(path.basename(file));
  // The library may name its copy after itself; then any of the release's own files is meant.
  const candidates = signed === undefined ? [...release.files.values()] : [signed];
  if (candidates.some((expected) => sameHash(hash, expected))) return;
  throw new AppError({
    code: "UPDATE_FILE_CHANGED",
    message: `The file of version ${release.offer.version} is not the one that was signed`,
    actor: "network",
    help: "Nothing was installed. If it stays so, report it: the release feed or its server is at fault.",
  });
}

const isBusy = ({ state }: UpdatePhase): boolean =>
  state === "checking" || state === "downloading" || state === "waiting" || state === "installing";

const isIdle = ({ state }: UpdatePhase): boolean =>
  state === "unasked" ||
  state === "none" ||
  state === "held-back" ||
  state === "refused" ||
  state === "interrupted" ||
  state === "failed";

function off(message: string, actor: "user" | "machine" | "bug"): AppError {
  return new AppError({ code: "UPDATES_OFF", message, actor });
}
