/**
 * The devices of this machine, kept up to date: read at the pace that somebody needs, detected anew when a GPU comes,
 * goes, breaks or gets another driver, and looked for where there is none yet.
 */
import type { HostInfo } from "../../shared/contract/views.ts";
import { SECOND } from "../../shared/durations.ts";
import { isAbort } from "../../shared/errors.ts";
import type { ScreenReading } from "../../shared/gpu/reading.ts";
import type { WantedBackend } from "../../shared/runtime/protocol.ts";
import { Wakeup } from "../../shared/wait.ts";
import { type Attention, type Cadence, cadenceOf } from "./cadence.ts";
import { CpuLoad } from "./cpu-load.ts";
import { type Detection, detectionOf } from "./detect.ts";
import type { DeviceInfo } from "./device-info.ts";
import { readDriverFootprint } from "./driver-footprint.ts";
import { DriverSilence, GpuSearch } from "./gpu-search.ts";
import { type GpuSleep, readGpuSleep } from "./gpu-sleep.ts";
import { NoNvidiaDriver } from "./gpu-source.ts";
import type { LayeredGpus, LayeredTable } from "./layered-gpus.ts";
import { cpuTelemetry, gpuTelemetry, type Telemetry, UNKNOWN_TELEMETRY } from "./telemetry.ts";

/** While no GPU is known: how often it is looked whether it is worth looking. */
const SEARCH_LOOK = 2 * SECOND;

export interface WatcherOptions {
  readonly wanted: WantedBackend;
  /** Numbers or ids of the only GPUs that may work; absent: all. */
  readonly visible?: readonly string[] | undefined;
  readonly gpus: LayeredGpus;
  readonly host: HostInfo;
  readonly attention: () => Attention;
  /** Milliseconds, monotonic. */
  readonly clock?: () => number;
  readonly sleepOf?: (pciBusId: string | null) => Promise<GpuSleep>;
  readonly footprint?: () => Promise<string>;
}

type GpuAnswer = LayeredTable | NoNvidiaDriver;

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
  #screen: ScreenReading = null;
  #paceMs = 0;
  /** The end of the queue: readings never overlap, a slow driver is asked once. */
  #turn: Promise<unknown> = Promise.resolve();

  private constructor(options: WatcherOptions) {
    this.#options = {
      clock: () => performance.now(),
      sleepOf: readGpuSleep,
      footprint: readDriverFootprint,
      ...options,
    };
    this.#detection = detectionOf(null, options.wanted, options.host, options.visible);
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
    await this.#inTurn(() => this.#readAnew(signal));
    return this.#detection;
  }

  /** Read now, whatever the pace. Rejects with the signal's reason only. */
  refresh(signal?: AbortSignal): Promise<void> {
    return this.#inTurn(() => this.#readAnew(signal));
  }

  /** Until the signal aborts; never rejects but for a bug. */
  async run(signal: AbortSignal): Promise<void> {
    try {
      while (!signal.aborted) {
        // Rung for while the last reading was under way: then there is no wait.
        if (!this.#isDue) await this.#due.wait(signal, this.#nextPause());
        this.#isDue = false;
        await this.#inTurn(() => this.#readAgain(signal));
      }
    } catch (thrown) {
      if (!isAbort(thrown) && !signal.aborted) throw thrown;
    } finally {
      this.#options.gpus.close();
    }
  }

  #inTurn(work: () => Promise<void>): Promise<void> {
    const mine = this.#turn.then(work);
    this.#turn = mine.catch(() => undefined); // The caller gets the error; the queue goes on.
    return mine;
  }

  #cadence(): Cadence {
    return cadenceOf(this.#options.attention(), this.#sleep.maySleep);
  }

  #nextPause(): number {
    this.#paceMs = this.#cadence().everyMs;
    const searching = this.#options.wanted !== "cpu" && this.#pciBusIds.length === 0;
    return searching ? Math.min(this.#paceMs, SEARCH_LOOK) : this.#paceMs;
  }

  async #readAnew(signal?: AbortSignal): Promise<void> {
    const answer = this.#options.wanted === "cpu" ? null : await this.#ask(signal);
    if (answer) this.#takeUnlessSlow(answer);
    await this.#publish(answer);
  }

  async #readAgain(signal: AbortSignal): Promise<void> {
    this.#sleep = await this.#lookAtSleep();
    if (this.#sleep.sleeps && !this.#options.attention().working) {
      this.#options.gpus.close();
      return this.#publish("asleep");
    }
    const answer = (await this.#isWorthAsking()) ? await this.#ask(signal) : null;
    if (answer) this.#takeUnlessSlow(answer);
    await this.#publish(answer);
    if (!this.#cadence().holdOpen) this.#options.gpus.close();
  }

  async #isWorthAsking(): Promise<boolean> {
    if (this.#options.wanted === "cpu") return false;
    if (this.#pciBusIds.length > 0) return true;
    const due = this.#search.isDue(this.#options.clock(), await this.#options.footprint());
    if (due) this.#options.gpus.retryNow();
    return due;
  }

  /** A driver that is silent for a while keeps its GPUs; where none was known, its silence is the answer. */
  #takeUnlessSlow(answer: GpuAnswer): void {
    const slow = answer instanceof NoNvidiaDriver && this.#pciBusIds.length > 0;
    if (!slow || this.#silence.isForGood(this.#options.clock())) this.#take(answer);
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
    if (hadGpus && this.#pciBusIds.length === 0) this.#search.restart(clock());
    const before = this.#detection;
    this.#detection = detectionOf(answer, wanted, host, visible);
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
  const key = ({ devices, noGpuReason, problems }: Detection) =>
    JSON.stringify([devices.map(({ id, driverVersion }) => [id, driverVersion]), noGpuReason, problems]);
  return key(a) === key(b);
}
