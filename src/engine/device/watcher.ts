/**
 * The devices of this machine, kept up to date: read at the pace that somebody needs, detected anew when a GPU comes,
 * goes, breaks or gets another driver, and looked for where there is none yet.
 */
import type { HostInfo } from "../../shared/contract/views.ts";
import { MILLISECOND, SECOND } from "../../shared/durations.ts";
import { isAbort } from "../../shared/errors.ts";
import type { ScreenReading } from "../../shared/gpu/reading.ts";
import type { WantedBackend } from "../../shared/runtime/protocol.ts";
import { Wakeup } from "../../shared/wait.ts";
import { readOnBattery } from "../presence/system.ts";
import { type Attention, type Cadence, cadenceOf } from "./cadence.ts";
import { CpuLoad } from "./cpu-load.ts";
import { type Detection, detectionOf } from "./detect.ts";
import type { DeviceInfo } from "./device-info.ts";
import { readDriverFootprint } from "./driver-footprint.ts";
import { DriverSilence, GpuSearch } from "./gpu-search.ts";
import { type GpuSleep, readGpuSleep } from "./gpu-sleep.ts";
import { NoNvidiaDriver } from "./gpu-source.ts";
import type { LayeredGpus, LayeredTable } from "./layered-gpus.ts";
import { type NvidiaCard, readNvidiaCards } from "./nvidia-cards.ts";
import { type Seat, seatOf } from "./seat.ts";
import { cpuTelemetry, gpuTelemetry, type Telemetry, UNKNOWN_TELEMETRY } from "./telemetry.ts";

/** While no GPU is known: how often it is looked whether it is worth looking. */
const SEARCH_LOOK = 5 * SECOND;
/** Timers may be a little early. */
const TOLERANCE = 50 * MILLISECOND;
/** A pause that took this much longer than it was to be was a sleep of the machine. */
const SLEPT = 30 * SECOND;

export interface WatcherOptions {
  readonly wanted: WantedBackend;
  /** Numbers or ids of the only GPUs that may work; absent: all. */
  readonly visible?: readonly string[] | undefined;
  readonly gpus: LayeredGpus;
  readonly host: HostInfo;
  readonly attention: () => Attention;
  /** Milliseconds, monotonic. */
  readonly clock?: () => number;
  /** Unix ms; it goes on while the machine sleeps. */
  readonly wallClock?: () => number;
  readonly sleepOf?: (pciBusId: string | null) => Promise<GpuSleep>;
  readonly footprint?: () => Promise<string>;
  readonly onBattery?: () => Promise<boolean | null>;
  readonly cards?: () => Promise<readonly NvidiaCard[]>;
}

type GpuAnswer = LayeredTable | NoNvidiaDriver;

/** A GPU that should be here and is not. */
export interface MissingGpu {
  readonly reason: string;
  /** It is looked for every few seconds for this much longer, ms; 0: from now on every few minutes. */
  readonly eagerForMs: number;
}

export class DeviceWatcher {
  readonly #options: Required<Omit<WatcherOptions, "visible">> & Pick<WatcherOptions, "visible">;
  readonly #cpuLoad = new CpuLoad();
  readonly #due = new Wakeup();
  #isDue = false;
  readonly #search = new GpuSearch();
  readonly #silence = new DriverSilence();
  readonly #detectionListeners = new Set<(detection: Detection) => void>();
  readonly #readingListeners = new Set<() => void>();
  #detection: Detection;
  #readings: ReadonlyMap<string, Telemetry> = new Map();
  /** Of the GPUs that answered last; empty: none is known. */
  #pciBusIds: readonly (string | null)[] = [];
  #sleep: GpuSleep = { maySleep: false, sleeps: false };
  #onBattery: boolean | null = null;
  /** What the system knows of where no driver answers; null: it was not asked since it mattered. */
  #cards: readonly NvidiaCard[] | null = null;
  /** The driver as it was last seen in the system; null: not looked yet. */
  #footprint: string | null = null;
  #screen: ScreenReading = null;
  #paceMs = 0;
  #publishedAt = Number.NEGATIVE_INFINITY;
  /** The settings name a GPU or what only one can do, or one was here. */
  #expectsGpu: boolean;
  /** The end of the queue: readings never overlap, a slow driver is asked once. */
  #turn: Promise<unknown> = Promise.resolve();

  private constructor(options: WatcherOptions) {
    this.#options = {
      clock: () => performance.now(),
      wallClock: Date.now,
      sleepOf: readGpuSleep,
      footprint: readDriverFootprint,
      onBattery: readOnBattery,
      cards: readNvidiaCards,
      ...options,
    };
    this.#detection = detectionOf(null, options.wanted, options.host, options.visible);
    const { wanted, visible = [] } = options;
    this.#expectsGpu = wanted !== "cpu" && (wanted !== "auto" || visible.length > 0);
  }

  /** Resolves after the first detection; `run` then keeps it up to date. */
  static async start(options: WatcherOptions, signal?: AbortSignal): Promise<DeviceWatcher> {
    const watcher = new DeviceWatcher(options);
    await watcher.redetect(signal);
    return watcher;
  }

  get detection(): Detection {
    return this.#detection;
  }

  /** null: none is missed. A driver may come up minutes after the machine, or after it woke. */
  get missingGpu(): MissingGpu | null {
    const { noGpuReason } = this.#detection;
    if (!this.#expectsGpu || noGpuReason === null) return null;
    // What the driver shows and can't be used does not get better by looking again.
    const eagerForMs = this.#pciBusIds.length > 0 ? 0 : this.#search.eagerFor(this.#options.clock());
    return { reason: noGpuReason, eagerForMs };
  }

  /** The last reading; all null before the first one, while its driver is silent, and for a device that is gone. */
  latest(deviceId: string): Telemetry {
    return this.#readings.get(deviceId) ?? UNKNOWN_TELEMETRY;
  }

  /** What fills the screen, where the driver's helper can tell (Windows); null: it can't. */
  get screen(): ScreenReading {
    return this.#screen;
  }

  /** Called after devices came, went or changed. */
  onDetection(listener: (detection: Detection) => void): () => void {
    this.#detectionListeners.add(listener);
    return () => this.#detectionListeners.delete(listener);
  }

  onReadings(listener: () => void): () => void {
    this.#readingListeners.add(listener);
    return () => this.#readingListeners.delete(listener);
  }

  /** Somebody began to look, or a job began: reads at once if that asks for a quicker pace. */
  attentionChanged(): void {
    if (this.#cadence().everyMs < this.#paceMs) this.lookNow();
  }

  /** The loop's next reading comes now, not at its time. */
  lookNow(): void {
    this.#isDue = true;
    this.#due.ring();
  }

  /** Look again from the beginning, as after a resume or a driver change. Rejects with the signal's reason only. */
  async redetect(signal?: AbortSignal): Promise<Detection> {
    this.#search.restart(this.#options.clock());
    this.#options.gpus.retryNow();
    this.#cards = null;
    await this.#inTurn(() => this.#readAnew(signal));
    return this.#detection;
  }

  /** Read now, whatever the pace. Rejects with the signal's reason only. */
  refresh(signal?: AbortSignal): Promise<void> {
    return this.#inTurn(() => this.#readAnew(signal));
  }

  /** On which GPU a process is now, asked anew. Rejects with the signal's reason only. */
  async seatOf(pid: number, device: DeviceInfo): Promise<Seat> {
    await this.refresh();
    const others = this.#detection.devices.filter(({ sensorId }) => sensorId !== device.sensorId);
    const gpus = others.flatMap(({ id }) => this.latest(id).gpu ?? []);
    return seatOf(pid, this.latest(device.id).gpu, gpus);
  }

  /** Until the signal aborts; never rejects but for a bug. */
  async run(signal: AbortSignal): Promise<void> {
    try {
      while (!signal.aborted) {
        // Rung for while the last reading was under way: then there is no wait.
        const slept = !this.#isDue && (await this.#sleepsThrough(this.#nextPause(), signal));
        const isAsked = this.#isDue;
        this.#isDue = false;
        if (slept) await this.redetect(signal);
        else await this.#inTurn(() => this.#readAgain(isAsked, signal));
      }
    } catch (thrown) {
      if (!isAbort(thrown) && !signal.aborted) throw thrown;
    } finally {
      this.#options.gpus.close();
    }
  }

  /** Resolves after the pause or the bell with whether the machine slept meanwhile. */
  async #sleepsThrough(pauseMs: number, signal: AbortSignal): Promise<boolean> {
    const { wallClock } = this.#options;
    const before = wallClock();
    await this.#due.wait(signal, pauseMs);
    return wallClock() - before > pauseMs + SLEPT;
  }

  #inTurn(work: () => Promise<void>): Promise<void> {
    const mine = this.#turn.then(work);
    this.#turn = mine.catch(() => undefined); // The caller gets the error; the queue goes on.
    return mine;
  }

  #cadence(): Cadence {
    const { maySleep } = this.#sleep;
    return cadenceOf(this.#options.attention(), { maySleep, onBattery: this.#onBattery });
  }

  #nextPause(): number {
    this.#paceMs = this.#cadence().everyMs;
    const searching = this.#options.wanted !== "cpu" && this.#pciBusIds.length === 0;
    return searching ? Math.min(this.#paceMs, SEARCH_LOOK) : this.#paceMs;
  }

  async #readAnew(signal?: AbortSignal): Promise<void> {
    const answer = this.#options.wanted === "cpu" ? null : await this.#ask(signal);
    if (answer) await this.#takeUnlessSlow(answer);
    await this.#publish(answer);
  }

  async #readAgain(isAsked: boolean, signal: AbortSignal): Promise<void> {
    this.#sleep = await this.#lookAtSleep();
    this.#onBattery = this.#sleep.maySleep ? await this.#options.onBattery() : null;
    if (this.#sleep.sleeps && !this.#options.attention().working) {
      this.#options.gpus.close();
      return this.#publish("asleep");
    }
    const answer = (await this.#isWorthAsking()) ? await this.#ask(signal) : null;
    if (answer) await this.#takeUnlessSlow(answer);
    // Looking whether there is a GPU by now is no reason to read the rest as often.
    const { clock } = this.#options;
    if (answer === null && !isAsked && clock() - this.#publishedAt < this.#paceMs - TOLERANCE) return;
    await this.#publish(answer);
    if (!this.#cadence().holdOpen) this.#options.gpus.close();
  }

  async #isWorthAsking(): Promise<boolean> {
    const { wanted, gpus, clock } = this.#options;
    if (wanted === "cpu") return false;
    const footprint = await this.#options.footprint();
    if (this.#pciBusIds.length > 0) {
      // Another driver than the one that is open: let go of it, and look eagerly until the new one is up.
      if (this.#footprint !== null && footprint !== this.#footprint) {
        gpus.close();
        gpus.retryNow();
        this.#search.restart(clock());
      }
      this.#footprint = footprint;
      return true;
    }
    this.#footprint = footprint;
    const due = this.#search.isDue(clock(), footprint);
    if (due) gpus.retryNow();
    return due;
  }

  /** A driver that is silent for a while keeps its GPUs; where none was known, its silence is the answer. */
  async #takeUnlessSlow(answer: GpuAnswer): Promise<void> {
    const silent = answer instanceof NoNvidiaDriver;
    const slow = silent && this.#pciBusIds.length > 0;
    if (slow && !this.#silence.isForGood(this.#options.clock())) return;
    if (silent) this.#cards ??= await this.#options.cards();
    else this.#cards = null;
    this.#take(answer);
  }

  async #ask(signal?: AbortSignal): Promise<GpuAnswer> {
    try {
      const table = await this.#options.gpus.read(signal);
      this.#silence.heard();
      this.#screen = table.screen ?? null;
      return table;
    } catch (thrown) {
      if (thrown instanceof NoNvidiaDriver) return thrown;
      throw thrown;
    }
  }

  /** What the driver said becomes the truth about which devices there are. */
  #take(answer: GpuAnswer): void {
    const { wanted, visible, host, clock } = this.#options;
    const hadGpus = this.#pciBusIds.length > 0;
    this.#pciBusIds = answer instanceof NoNvidiaDriver ? [] : answer.gpus.map((gpu) => gpu.pciBusId);
    if (this.#pciBusIds.length > 0) this.#expectsGpu = wanted !== "cpu";
    if (hadGpus && this.#pciBusIds.length === 0) this.#search.restart(clock());
    const before = this.#detection;
    this.#detection = detectionOf(answer, wanted, host, visible, this.#cards ?? []);
    // A card without its driver is missed too: the driver may be on its way.
    if (this.#detection.unusable.some(({ verdict }) => verdict.code === "no-driver")) this.#expectsGpu = true;
    if (isSame(before, this.#detection)) return;
    for (const listener of [...this.#detectionListeners]) listener(this.#detection);
  }

  async #lookAtSleep(): Promise<GpuSleep> {
    const each = await Promise.all(this.#pciBusIds.map((id) => this.#options.sleepOf(id)));
    // Asking one GPU opens the driver for all: as long as one sleeps, none is asked without need.
    return { maySleep: each.some((gpu) => gpu.maySleep), sleeps: each.some((gpu) => gpu.sleeps) };
  }

  async #publish(answer: GpuAnswer | "asleep" | null): Promise<void> {
    const readings = new Map<string, Telemetry>();
    for (const device of this.#detection.devices)
      readings.set(device.id, await this.#telemetry(device, answer));
    this.#readings = readings;
    this.#publishedAt = this.#options.clock();
    for (const listener of [...this.#readingListeners]) listener();
  }

  async #telemetry(device: DeviceInfo, answer: GpuAnswer | "asleep" | null): Promise<Telemetry> {
    if (device.kind === "cpu") return cpuTelemetry(this.#cpuLoad);
    if (answer === "asleep")
      return { ...UNKNOWN_TELEMETRY, gpu: this.latest(device.id).gpu, suspended: true };
    if (answer === null) return UNKNOWN_TELEMETRY;
    if (answer instanceof NoNvidiaDriver) return { ...UNKNOWN_TELEMETRY, sourceReason: answer.message };
    return gpuTelemetry(device, answer);
  }
}

/** The same devices, able and unable for the same reasons. */
function isSame(a: Detection, b: Detection): boolean {
  const key = ({ devices, noGpuReason, problems, unusable }: Detection) =>
    JSON.stringify([
      devices.map(({ id, driverVersion }) => [id, driverVersion]),
      unusable.map(({ gpu, verdict }) => [gpu.uuid, verdict.code]),
      noGpuReason,
      problems,
    ]);
  return key(a) === key(b);
}
