/**
 * Tells the engine what only the desktop sees of its person: when they last touched anything, whether the screen is
 * locked, whether the machine runs on its battery. And after sleep, that the GPUs are to be looked for again: drivers
 * forget them.
 */
import type { ContractClient } from "../shared/contract/contract.ts";
import type { PresenceReport } from "../shared/contract/presence.ts";
import { MINUTE, SECOND } from "../shared/durations.ts";

/** While jobs are held, a person's return must end the work beside them soon: the system is asked this often. */
const LOOK_BUSY = 2 * SECOND;
/** Else nobody waits for the answer, and each look wakes an idle machine. The engine forgets after a minute. */
const LOOK_IDLE = 15 * SECOND;
const TELL_AT_LEAST = LOOK_IDLE;
/** Who was away this long and is back is told at once: work beside them ends now, not in 15 s. */
const AWAY = MINUTE;
/** A driver needs a moment after the system woke; the engine goes on looking by itself. */
const AFTER_RESUME = 2 * SECOND;

/** Electron's powerMonitor, as far as it is used. */
export interface PowerSource {
  getSystemIdleTime(): number;
  isOnBatteryPower(): boolean;
  on(event: PowerEvent, listener: () => void): unknown;
  off(event: PowerEvent, listener: () => void): unknown;
}
type PowerEvent = "resume" | "lock-screen" | "unlock-screen";

interface Told {
  readonly at: number;
  readonly report: PresenceReport;
}

export interface PresenceWatchDeps {
  readonly power: PowerSource;
  readonly engine: Pick<ContractClient, "invoke">;
  readonly isUp: () => boolean;
  /** Milliseconds, monotonic. */
  readonly clock?: () => number;
}

export class PresenceWatch {
  readonly #deps: PresenceWatchDeps;
  readonly #clock: () => number;
  #timer: NodeJS.Timeout;
  #busy = false;
  /** null where the system has no such event, until it has come once. */
  #locked: boolean | null = null;
  #told: Told | null = null;
  #afterResume: NodeJS.Timeout | undefined;
  readonly #onLock = () => this.#setLocked(true);
  readonly #onUnlock = () => this.#setLocked(false);
  readonly #onResume = () => {
    clearTimeout(this.#afterResume);
    this.#afterResume = setTimeout(() => this.#redetect(), AFTER_RESUME);
  };

  constructor(deps: PresenceWatchDeps) {
    this.#deps = deps;
    this.#clock = deps.clock ?? (() => performance.now());
    const { power } = deps;
    power.on("lock-screen", this.#onLock);
    power.on("unlock-screen", this.#onUnlock);
    power.on("resume", this.#onResume);
    this.#timer = setInterval(() => this.look(), LOOK_IDLE);
  }

  /** Whether jobs are held, after every change of it. */
  follow(busy: boolean): void {
    if (busy === this.#busy) return;
    this.#busy = busy;
    clearInterval(this.#timer);
    this.#timer = setInterval(() => this.look(), busy ? LOOK_BUSY : LOOK_IDLE);
    if (busy) this.look();
  }

  /** Tells the engine if there is something to tell. */
  look(): void {
    if (!this.#deps.isUp()) {
      this.#told = null;
      return;
    }
    const report = this.#see();
    if (this.#told !== null && !this.#isNews(report, this.#told)) return;
    this.#told = { at: this.#clock(), report };
    // An engine that is just gone asks for nothing; the next look tells the next one.
    this.#deps.engine.invoke("presence.report", report).catch(() => {
      this.#told = null;
    });
  }

  dispose(): void {
    const { power } = this.#deps;
    clearInterval(this.#timer);
    clearTimeout(this.#afterResume);
    power.off("lock-screen", this.#onLock);
    power.off("unlock-screen", this.#onUnlock);
    power.off("resume", this.#onResume);
  }

  #see(): PresenceReport {
    const { power } = this.#deps;
    return {
      idleSeconds: known(() => Math.max(0, power.getSystemIdleTime())),
      onBattery: known(() => power.isOnBatteryPower()),
      locked: this.#locked,
    };
  }

  #isNews(now: PresenceReport, { at, report: before }: Told): boolean {
    if (now.onBattery !== before.onBattery || now.locked !== before.locked) return true;
    const wasAway = (before.idleSeconds ?? 0) * SECOND >= AWAY;
    if (wasAway && (now.idleSeconds ?? 0) < (before.idleSeconds ?? 0)) return true;
    return this.#clock() - at >= TELL_AT_LEAST;
  }

  #setLocked(locked: boolean): void {
    this.#locked = locked;
    this.look();
  }

  #redetect(): void {
    if (this.#deps.isUp()) this.#deps.engine.invoke("devices.redetect", {}).catch(() => undefined);
  }
}

/** A desktop that can't tell throws, or says nothing. */
function known<T>(ask: () => T): T | null {
  try {
    return ask() ?? null;
  } catch {
    return null;
  }
}
