/**
 * A version put in place: no more work is taken, what is held is ended, then it is installed and the app started again.
 * Jobs are counted once more before each step that can't be taken back. Where it fails or is put off, all is as before.
 */
import type { UpdatePhase } from "../../shared/contract/app.ts";
import { toErrorValue } from "../../shared/errors.ts";
import type { WindDown } from "../wind-down.ts";
import type { Installer } from "./installer.ts";
import type { KeptVersions } from "./kept-versions.ts";

export interface Wanted {
  readonly version: string;
  /** Proven once more: it may have lain there for days. */
  readonly file: () => Promise<string>;
  /** Keep the running version's package: false for a way back. */
  readonly keep: boolean;
}

export interface PutInPlaceOptions {
  /** The running one. */
  readonly version: string;
  readonly installer: Installer;
  readonly kept: Pick<KeptVersions, "stage" | "settle">;
  readonly windDown: Pick<WindDown, "begin" | "end" | "look">;
  /** The package is in place: end the app in order, and start it again where `relaunch` says how. */
  readonly restart: () => void;
  readonly tell: (phase: Extract<UpdatePhase, { state: "waiting" | "installing" | "failed" }>) => void;
  /** It was put off, by its person or because somebody started work again. */
  readonly onPutOff: () => void;
}

export class PutInPlace {
  readonly #options: PutInPlaceOptions;
  #wanted: Wanted | null = null;
  /** Jobs as last told; null: it does not wait. */
  #waitsFor: number | null = null;
  /** Its files are in place: only the restart is left. */
  #installed: string | null = null;
  #underWay: Promise<void> = Promise.resolve();

  constructor(options: PutInPlaceOptions) {
    this.#options = options;
  }

  /** Resolves when it is under way or waits for jobs. Never rejects: what goes wrong is told as a phase. */
  async want(wanted: Wanted): Promise<void> {
    this.#wanted = wanted;
    const ordered = this.#options.windDown.begin();
    this.#wait(0);
    await ordered;
    await this.look();
    // Telling that it waits may have had it looked at already.
    await this.#underWay;
  }

  /** Whenever the engine's state may have changed. */
  async look(): Promise<void> {
    const wanted = this.#wanted;
    if (wanted === null || this.#waitsFor === null) return;
    const seen = this.#options.windDown.look();
    if (seen.state === "overruled") await this.putOff();
    if (seen.state === "ending" && seen.jobs !== this.#waitsFor) this.#wait(seen.jobs);
    if (seen.state === "ended") {
      this.#underWay = this.#carryOut(wanted);
      await this.#underWay;
    }
  }

  /** Only while it waits. Work is as it was before. */
  async putOff(): Promise<void> {
    if (this.#waitsFor === null) return;
    this.#forget();
    this.#options.onPutOff();
    await this.#options.windDown.end();
  }

  dispose(): void {
    this.#forget();
  }

  async #carryOut(wanted: Wanted): Promise<void> {
    const { tell, restart, windDown } = this.#options;
    this.#waitsFor = null;
    tell({ state: "installing", version: wanted.version });
    try {
      await this.#install(wanted);
    } catch (thrown) {
      this.#forget();
      tell({ state: "failed", error: toErrorValue(thrown) });
      await windDown.end();
      return;
    }
    if (this.#wanted !== wanted) return; // The app ends meanwhile.
    if (this.#installed === wanted.version && this.#isQuiet()) {
      this.#forget();
      restart();
      return;
    }
    this.#wait(0);
    await this.look();
  }

  /** Returns without having installed where work was taken meanwhile. */
  async #install({ version: next, file: proven, keep }: Wanted): Promise<void> {
    const { installer, kept, version } = this.#options;
    if (this.#installed === next) return;
    const file = await proven();
    if (!this.#isQuiet()) return;
    if (keep) await kept.stage(version, { version: next, file }, installer.ownPackage);
    try {
      if (!this.#isQuiet()) throw new Disturbed();
      await installer.install(file);
    } catch (thrown) {
      if (keep) await kept.settle(version);
      if (thrown instanceof Disturbed) return;
      throw thrown;
    }
    this.#installed = next;
  }

  #isQuiet(): boolean {
    return this.#options.windDown.look().state === "ended";
  }

  #wait(jobs: number): void {
    const version = this.#wanted?.version ?? "";
    this.#waitsFor = jobs;
    this.#options.tell({ state: "waiting", version, jobs });
  }

  #forget(): void {
    this.#wanted = null;
    this.#waitsFor = null;
  }
}

/** Work was taken while the packages were copied. */
class Disturbed extends Error {}
