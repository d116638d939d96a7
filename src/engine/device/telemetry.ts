/**
 * Temperature, power, load and memory of each device, polled. One nvidia-smi call serves all GPUs. What was not
 * measured is null. The interval is the caller's: polling a laptop GPU every 2 s keeps it awake at 20–25 W, so poll
 * slowly while idle, and not at all (`pause`) while devices sleep.
 */
import { cpus, freemem, totalmem } from "node:os";
import { MIB } from "../../shared/durations.ts";
import { isAbort } from "../../shared/errors.ts";
import { Wakeup } from "../../shared/wait.ts";
import { readCpuTemperature } from "./cpu-temperature.ts";
import type { DeviceInfo } from "./device-info.ts";
import { type GpuRow, NoNvidiaDriver, queryGpus, type SmiOptions } from "./nvidia-smi.ts";

export interface Telemetry {
  readonly temperatureC: number | null;
  readonly powerW: number | null;
  /** 0–100. */
  readonly utilisationPct: number | null;
  readonly memoryUsedMb: number | null;
}

export const UNKNOWN_TELEMETRY: Telemetry = {
  temperatureC: null,
  powerW: null,
  utilisationPct: null,
  memoryUsedMb: null,
};

/** By device id; every polled device has an entry. */
export type Readings = ReadonlyMap<string, Telemetry>;

export interface TelemetryOptions {
  readonly devices: readonly DeviceInfo[];
  /** From the end of one reading to the begin of the next, ms. */
  readonly intervalMs: number;
  readonly onReadings: (readings: Readings) => void;
  readonly smi?: SmiOptions;
}

/** Polls from construction, at once first, until disposed. */
export class TelemetryPoller {
  readonly #options: TelemetryOptions;
  readonly #stopping = new AbortController();
  readonly #changed = new Wakeup();
  readonly #cpuLoad = new CpuLoad();
  #intervalMs: number;
  #paused = false;
  #readings: Readings = new Map();

  constructor(options: TelemetryOptions) {
    this.#options = options;
    this.#intervalMs = options.intervalMs;
    this.#loop(this.#stopping.signal).catch((thrown: unknown) => {
      if (!isAbort(thrown)) throw thrown;
    });
  }

  /** The last reading; all null before the first one and while paused. */
  latest(deviceId: string): Telemetry {
    return this.#readings.get(deviceId) ?? UNKNOWN_TELEMETRY;
  }

  setInterval(intervalMs: number): void {
    this.#intervalMs = intervalMs;
    this.#changed.ring();
  }

  /** Ask no GPU anything, so that it may sleep: its readings become unknown. */
  pause(): void {
    if (this.#paused) return;
    this.#paused = true;
    this.#publish(new Map());
  }

  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.#changed.ring();
  }

  [Symbol.dispose](): void {
    this.#stopping.abort();
  }

  async #loop(signal: AbortSignal): Promise<void> {
    for (;;) {
      if (!this.#paused) {
        const readings = await readTelemetry(this.#options.devices, this.#cpuLoad, {
          ...this.#options.smi,
          signal,
        });
        if (!this.#paused) this.#publish(readings);
      }
      await this.#changed.wait(signal, this.#paused ? undefined : this.#intervalMs);
    }
  }

  #publish(readings: Readings): void {
    this.#readings = readings;
    this.#options.onReadings(readings);
  }
}

/** One reading of all devices. A driver that does not answer leaves its GPUs unknown; throws only when aborted. */
export async function readTelemetry(
  devices: readonly DeviceInfo[],
  cpuLoad: CpuLoad,
  smi: SmiOptions,
): Promise<Readings> {
  const gpus = devices.some((device) => device.kind === "gpu")
    ? await gpuRows(smi)
    : new Map<string, GpuRow>();
  const readings = new Map<string, Telemetry>();
  for (const device of devices) {
    readings.set(device.id, device.kind === "cpu" ? await readCpu(cpuLoad) : ofGpu(device, gpus));
  }
  return readings;
}

async function gpuRows(smi: SmiOptions): Promise<Map<string, GpuRow>> {
  try {
    const { gpus } = await queryGpus(smi);
    return new Map(gpus.map((gpu) => [gpu.uuid, gpu]));
  } catch (thrown) {
    if (thrown instanceof NoNvidiaDriver) return new Map();
    throw thrown;
  }
}

function ofGpu(device: DeviceInfo, rows: ReadonlyMap<string, GpuRow>): Telemetry {
  const row = device.sensorId === null ? undefined : rows.get(device.sensorId);
  if (!row) return UNKNOWN_TELEMETRY;
  const { temperatureC, powerW, utilisationPct, memoryUsedMb } = row;
  // A MIG slice shares its parent's heat and power, but not its memory and load.
  const isSlice = device.id !== device.sensorId;
  return {
    temperatureC,
    powerW,
    utilisationPct: isSlice ? null : utilisationPct,
    memoryUsedMb: isSlice ? null : memoryUsedMb,
  };
}

async function readCpu(load: CpuLoad): Promise<Telemetry> {
  return {
    temperatureC: await readCpuTemperature(),
    powerW: null,
    utilisationPct: load.sinceLastTime(),
    memoryUsedMb: Math.round((totalmem() - freemem()) / MIB),
  };
}

/** The share of all cores that was not idle, between two looks. */
export class CpuLoad {
  #last = cpuTimes();

  /** 0–100; null when no time has passed since the last look. */
  sinceLastTime(): number | null {
    const now = cpuTimes();
    const total = now.total - this.#last.total;
    const idle = now.idle - this.#last.idle;
    if (total <= 0) return null;
    this.#last = now;
    return Math.min(100, Math.max(0, 100 * (1 - idle / total)));
  }
}

function cpuTimes(): { idle: number; total: number } {
  let idle = 0;
  let total = 0;
  for (const { times } of cpus()) {
    idle += times.idle;
    total += times.user + times.nice + times.sys + times.idle + times.irq;
  }
  return { idle, total };
}
