/**
 * Keeps the answer to "may this device work now?" for every device: looks again at each reading, each word of the person
 * and each tick, remembers what held a moment ago, and tells when an answer changed. What a pause then does is
 * work/device-rest.ts.
 */
import type { PauseLength } from "../../shared/contract/devices.ts";
import type { PauseView, PresenceReport, PresenceRules } from "../../shared/contract/presence.ts";
import type { DeviceView } from "../../shared/contract/views.ts";
import { MINUTE, SECOND } from "../../shared/durations.ts";
import { AppError } from "../../shared/errors.ts";
import { pause, toBeat, Wakeup } from "../../shared/wait.ts";
import type { FullscreenState } from "./fullscreen.ts";
import { type DeviceFacts, judge, type Latches, type MachineFacts, type Verdict } from "./judge.ts";
import { isOpen, nextOpening } from "./schedule.ts";
import type { DeviceWishes } from "./wishes.ts";

/** While a pause runs, or something has to last before it counts. */
const TENSE_TICK = SECOND;
/** Else only the hours for work can change anything by themselves. */
const TICK = 10 * SECOND;
/** Power supply and running programs change seldom, and are read from files. */
const SYSTEM_LOOK = 10 * SECOND;
/** The desktop tells every 15 s; one that has gone silent knows nothing any more. */
const REPORT_COUNTS_FOR = MINUTE;

export interface PresenceDevice {
  readonly id: string;
  readonly name: string;
  readonly kind: DeviceFacts["kind"];
  readonly isSlice: boolean;
  readonly isReserved: boolean;
  readonly programs: DeviceFacts["programs"];
  readonly utilisationPct: number | null;
  readonly temperatureC: number | null;
  /** A process of ours is on it, and it works. */
  readonly hasOurs: boolean;
  readonly works: boolean;
}

export interface PresenceDeps {
  readonly devices: () => readonly PresenceDevice[];
  /** Ids of devices that are there and can't work: the person's word about them counts once they can. */
  readonly idle: () => readonly string[];
  readonly rules: () => PresenceRules;
  readonly wishes: DeviceWishes;
  readonly fullscreen: () => FullscreenState;
  readonly readOnBattery: () => Promise<boolean | null>;
  readonly findListedProgram: (list: readonly string[]) => Promise<string | null>;
  /** Called for each device whose answer changed. */
  readonly onChange: (device: PresenceDevice, paused: PauseView | null) => void;
  /** What is shown changed, the answer did not. */
  readonly onSignals: () => void;
  /** Unix ms. */
  readonly now: () => number;
}

/** What a device's view shows of all this. */
export type PresenceView = Pick<DeviceView, "enabled" | "paused" | "signals" | "temperatureLimit">;

interface Remembered {
  readonly verdict: Verdict;
  readonly lastOursAt: number;
  readonly lastWorkAt: number;
}

export class PresenceKeeper {
  readonly #deps: PresenceDeps;
  /** Rings when the next tick should come sooner than it was to. */
  readonly #tension = new Wakeup();
  #memory = new Map<string, Remembered>();
  #report: { readonly at: number; readonly said: PresenceReport } | null = null;
  #onBattery: boolean | null = null;
  #listedProgram: string | null = null;

  constructor(deps: PresenceDeps) {
    this.#deps = deps;
  }

  pauseOf(device: string): PauseView | null {
    return this.#memory.get(device)?.verdict.paused ?? null;
  }

  /** A GPU's own readings decide when it may go on: worth reading more often. */
  get waitsForReadings(): boolean {
    return [...this.#memory.values()].some(({ verdict: { paused } }) =>
      paused?.signals.some((name) => OF_THE_GPU.has(name)),
    );
  }

  viewOf(device: string): PresenceView {
    const { wishes, rules, now } = this.#deps;
    const wish = wishes.of(device, now());
    const verdict = this.#memory.get(device)?.verdict;
    return {
      enabled: wish.enabled,
      paused: verdict?.paused ?? null,
      signals: [...(verdict?.signals ?? [])],
      temperatureLimit: { own: wish.temperatureC, general: rules().temperatureC },
    };
  }

  setEnabled(device: string, enabled: boolean): void {
    this.#require(device);
    this.#deps.wishes.setEnabled(device, enabled, this.#deps.now());
    this.lookNow();
  }

  setTemperature(device: string, limit: number | null): void {
    this.#require(device);
    this.#deps.wishes.setTemperature(device, limit, this.#deps.now());
    this.lookNow();
  }

  /** Without a device: every one. */
  pause(device: string | undefined, length: PauseLength): void {
    for (const id of this.#chosen(device)) this.#deps.wishes.pause(id, length, this.#deps.now());
    this.lookNow();
  }

  resume(device: string | undefined): void {
    for (const id of this.#chosen(device)) this.#deps.wishes.resume(id, this.#deps.now());
    this.lookNow();
  }

  noteReport(said: PresenceReport): void {
    this.#report = { at: this.#deps.now(), said };
    this.lookNow();
  }

  /** Judges every device anew; cheap, and asks nothing. */
  lookNow(): void {
    const { wishes, now, onChange, onSignals } = this.#deps;
    const at = now();
    const rules = this.#deps.rules();
    const devices = this.#deps.devices();
    const fullscreen = this.#deps.fullscreen();
    const machine = this.#machine(rules, at);
    const before = this.#memory;
    this.#memory = new Map();
    const changed: [PresenceDevice, PauseView | null][] = [];
    let shownChanged = before.size === 0;
    for (const device of devices) {
      const known = before.get(device.id);
      const lastOursAt = device.hasOurs ? at : Math.min(known?.lastOursAt ?? 0, at);
      const lastWorkAt = device.works ? at : Math.min(known?.lastWorkAt ?? 0, at);
      const facts: DeviceFacts = {
        ...device,
        ourAbsenceMs: at - lastOursAt,
        ourIdleMs: at - lastWorkAt,
        hasFullscreen: hasFullscreen(device, devices, fullscreen),
      };
      const latches: Latches = known?.verdict.latches ?? {};
      const verdict = judge(facts, machine, rules, wishes.of(device.id, at), latches, at);
      this.#memory.set(device.id, { verdict, lastOursAt, lastWorkAt });
      if (!isSame(verdict.paused, known?.verdict.paused ?? null)) changed.push([device, verdict.paused]);
      else if (!isSame(verdict.signals, known?.verdict.signals)) shownChanged = true;
    }
    for (const [device, paused] of changed) onChange(device, paused);
    if (shownChanged) onSignals();
    if (this.#isTense) this.#tension.ring();
  }

  get #isTense(): boolean {
    return [...this.#memory.values()].some(
      ({ verdict: { paused, latches } }) =>
        paused !== null || Object.values(latches).some(({ contradictedSince }) => contradictedSince !== null),
    );
  }

  /** Ticks for what only the clock changes, until the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    let systemLookedAt = Number.NEGATIVE_INFINITY;
    while (!signal.aborted) {
      const { rules, now, readOnBattery, findListedProgram } = this.#deps;
      if (Math.abs(now() - systemLookedAt) >= SYSTEM_LOOK) {
        systemLookedAt = now();
        this.#onBattery = rules().battery ? await readOnBattery() : null;
        this.#listedProgram = await findListedProgram(rules().programs);
      }
      this.lookNow();
      // Aborted: the loop ends by its condition.
      if (this.#isTense) await pause(TENSE_TICK, signal);
      else await this.#tension.wait(signal, toBeat(TICK)).catch(() => undefined);
    }
  }

  #machine({ schedule }: PresenceRules, at: number): MachineFacts {
    const said = this.#report !== null && at - this.#report.at < REPORT_COUNTS_FOR ? this.#report.said : null;
    const idle = said?.locked === true ? Number.POSITIVE_INFINITY : (said?.idleSeconds ?? null);
    return {
      fullscreen: this.#deps.fullscreen(),
      idleMs: idle === null ? null : idle * SECOND,
      onBattery: said?.onBattery ?? this.#onBattery,
      listedProgram: this.#listedProgram,
      open: isOpen(schedule, at),
      opensAt: nextOpening(schedule, at),
    };
  }

  #chosen(device: string | undefined): string[] {
    if (device !== undefined) this.#require(device);
    return this.#known().filter((id) => device === undefined || id === device);
  }

  #require(device: string): void {
    if (!this.#known().includes(device)) throw unknownDevice(device);
  }

  #known(): string[] {
    return [...this.#deps.devices().map(({ id }) => id), ...this.#deps.idle()];
  }
}

const OF_THE_GPU: ReadonlySet<string> = new Set([
  "program",
  "fullscreen",
  "otherProgram",
  "busy",
  "temperature",
]);

/** Only the GPU in use pauses: the one that lists the program; where none does, the one that draws the desktop. */
function hasFullscreen(
  device: PresenceDevice,
  all: readonly PresenceDevice[],
  app: FullscreenState,
): boolean | null {
  if (app === null || app === "none" || device.kind === "cpu") return null;
  const gpus = all.filter(({ kind }) => kind === "gpu");
  const lists = (gpu: PresenceDevice) => gpu.programs?.some(({ pid }) => pid === app.pid) === true;
  if (gpus.some(lists)) return lists(device);
  const draws = (gpu: PresenceDevice) => gpu.programs?.some(({ kind }) => kind !== undefined) === true;
  if (gpus.some(draws)) return draws(device);
  return null;
}

function isSame(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

function unknownDevice(id: string): AppError {
  return new AppError({
    code: "UNKNOWN_DEVICE",
    message: `There is no device "${id}"`,
    actor: "user",
    help: "`bellows devices` lists them.",
  });
}
