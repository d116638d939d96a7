/**
 * Updates, from "is there one?" to "ready": looked for, checked against our own signature, fetched, checked again. How
 * one is put in place, and only when no job is held, is put-in-place.ts. The version that is replaced is kept.
 *
 *   unasked → checking → none | held-back | refused | failed | offered → downloading → ready → waiting → installing
 *                                                             ▲  cancelled ─┘ └─▶ interrupted → downloading
 */
import type { UpdateChannel, UpdatePhase, UpdatesView } from "../../shared/contract/app.ts";
import { HOUR, MINUTE } from "../../shared/durations.ts";
import { AppError, type ErrorCode, toErrorValue } from "../../shared/errors.ts";
import type { WindDown } from "../wind-down.ts";
import type { Installer } from "./installer.ts";
import type { KeptPackage, KeptVersions } from "./kept-versions.ts";
import { PutInPlace } from "./put-in-place.ts";
import { judge, proveFile, type Release, sameRelease } from "./release.ts";
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
  /** Takes no more work and ends what is held; afterwards all is as it was. */
  readonly windDown: Pick<WindDown, "begin" | "end" | "look">;
  /** The package is in place: end the app in order, and start it again where `relaunch` says how. */
  readonly restart: () => void;
  readonly changed: () => void;
  readonly clock?: () => number;
}

/** After the start, so that it never competes with the first window; then four times a day. */
const FIRST_LOOK = MINUTE;
const LOOK_EVERY = 6 * HOUR;

export class Updates {
  readonly #options: UpdatesOptions;
  readonly #clock: () => number;
  readonly #place: PutInPlace;
  #phase: UpdatePhase = { state: "unasked" };
  /** Where it goes on when an installation is put off. */
  #before: UpdatePhase = { state: "unasked" };
  #checkedAt: number | null = null;
  #release: Release | null = null;
  #file: string | null = null;
  #download: AbortController | null = null;
  /** Its download was cancelled: it does not come by itself any more. */
  #unwanted: string | null = null;
  /** The feed is being asked; another one after other settings. */
  #question: object | null = null;
  #previous: KeptPackage | null = null;
  #timer: NodeJS.Timeout | null = null;

  constructor(options: UpdatesOptions) {
    this.#options = options;
    this.#clock = options.clock ?? Date.now;
    this.#place = new PutInPlace({
      ...options,
      tell: (phase) => this.#to(phase),
      onPutOff: () => this.#to(this.#before),
    });
  }

  get view(): UpdatesView {
    const { version, settings, kept } = this.#options;
    const { feedUrl, channel, auto } = settings();
    const off = this.#off();
    const previous = this.#previous;
    return {
      version,
      channel,
      feedUrl,
      auto,
      checkedAt: this.#checkedAt,
      previous:
        previous === null
          ? null
          : { version: previous.version, keptAt: previous.keptAt, ledger: kept.ledgerFor(previous) },
      phase: off !== null && isIdle(this.#phase) ? { state: "off", reason: off.toValue() } : this.#phase,
    };
  }

  /** Finds what was kept, and begins to look by itself where the settings say so. */
  async start(): Promise<void> {
    const { kept, version, source } = this.#options;
    // A folder that can't be written keeps a file too many.
    const came = await kept.settle(version).catch(() => false);
    if (came) await source.forget().catch(() => undefined);
    await this.#readKept();
    this.#lookLater(FIRST_LOOK);
  }

  dispose(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    this.#download?.abort();
    this.#place.dispose();
  }

  /** Other settings: what was found by the old ones does not count any more. */
  reconfigured(): void {
    if (isBusy(this.#phase) && this.#phase.state !== "checking") return;
    this.#question = null;
    this.#release = null;
    this.#file = null;
    this.#to({ state: "unasked" });
  }

  /** Throws UPDATES_OFF, UPDATES_NO_KEY, UPDATES_CHECKOUT, UPDATES_BY_HAND; what the feed or the network does wrong becomes the phase. */
  async check(): Promise<void> {
    const off = this.#off();
    if (off !== null) throw off;
    const { settings, source } = this.#options;
    const { feedUrl, channel } = settings();
    if (feedUrl === null || isBusy(this.#phase) || this.#question !== null) return;
    // What was found before stands for as long as nothing else is known.
    const stands = isFound(this.#phase);
    const question = {};
    this.#question = question;
    if (!stands) this.#to({ state: "checking" });
    try {
      const found = await source.check(feedUrl, channel);
      if (this.#question !== question) return;
      this.#checkedAt = this.#clock();
      // Whoever was quicker has what was found before.
      if (stands && isBusy(this.#phase)) return;
      this.#follow(found.feed, found.included, channel);
    } catch (thrown) {
      if (this.#question === question && !stands) this.#to({ state: "failed", error: toErrorValue(thrown) });
    } finally {
      if (this.#question === question) this.#question = null;
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
    this.#before = this.#phase;
    await this.#place.want({
      version: release.offer.version,
      keep: true,
      file: async () => {
        this.#file = null; // One that has changed is fetched anew.
        await proveFile(release, file);
        this.#file = file;
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
    this.#before = this.#phase;
    await this.#place.want({ version: previous.version, keep: false, file: () => kept.checked(previous) });
  }

  /** Work is as it was before, and so is the update. */
  postpone(): Promise<void> {
    return this.#place.putOff();
  }

  /** Whenever the engine's state may have changed. */
  workChanged(): void {
    void this.#place.look();
  }

  #follow(feed: unknown, included: boolean, channel: UpdateChannel): void {
    const { version, platform, keys, settings } = this.#options;
    const judgement = judge(feed, { version, platform, channel, keys });
    if (judgement.verdict === "acceptable" && included && sameRelease(judgement.release, this.#release)) {
      this.#goOn(judgement.release);
      return;
    }
    // What lies here was proven when it came: a feed that is spoilt since then takes nothing away from it.
    if (this.#phase.state === "ready" && judgement.verdict === "refused") return;
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

  /** The feed still has what was found before. */
  #goOn(release: Release): void {
    const { offer } = release;
    this.#release = release;
    this.#to(
      this.#file !== null
        ? { state: "ready", offer }
        : isFound(this.#phase)
          ? this.#phase
          : { state: "offered", offer },
    );
    if (this.#file !== null) return;
    if (this.#options.settings().auto && offer.version !== this.#unwanted) void this.download();
  }

  #off(): AppError | null {
    const { keys, installer, settings } = this.#options;
    if (installer.impossible !== null)
      return off(installer.impossibleCode ?? "UPDATES_BY_HAND", installer.impossible, "machine");
    if (keys.length === 0) {
      return off(
        "UPDATES_NO_KEY",
        "This build knows no release key, so no release could be proven to be Bellows",
        "bug",
      );
    }
    return settings().feedUrl === null ? off("UPDATES_OFF", "No release feed is set", "user") : null;
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

const isBusy = ({ state }: UpdatePhase): boolean =>
  state === "checking" || state === "downloading" || state === "waiting" || state === "installing";

/** There is a version to be had. */
const isFound = ({ state }: UpdatePhase): boolean =>
  state === "offered" || state === "interrupted" || state === "ready";

const isIdle = ({ state }: UpdatePhase): boolean =>
  state === "unasked" ||
  state === "none" ||
  state === "held-back" ||
  state === "refused" ||
  state === "interrupted" ||
  state === "failed";

function off(code: ErrorCode, message: string, actor: "user" | "machine" | "bug"): AppError {
  return new AppError({ code, message, actor });
}
