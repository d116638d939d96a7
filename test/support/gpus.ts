/** GPUs made up for tests, and a source that answers with them. */
import { type GpuSource, NoNvidiaDriver } from "../../src/engine/device/gpu-source.ts";
import type { HostInfo } from "../../src/shared/contract/views.ts";
import { type GpuReading, type GpuTable, unknownGpu } from "../../src/shared/gpu/reading.ts";

export const HOST: HostInfo = {
  cpu: "Test CPU",
  cores: 8,
  memoryMb: 32_000,
  os: "Test OS 1",
  wsl: false,
  battery: null,
};

/** An idle RTX 4090 with a good driver, but for `change`. */
export function testGpu(change: Partial<GpuReading> = {}): GpuReading {
  return {
    ...unknownGpu(0, "GPU-1", "NVIDIA GeForce RTX 4090"),
    pciBusId: "00000000:01:00.0",
    driverVersion: "590.48.01",
    cudaVersion: "13.1",
    computeCap: "8.9",
    memoryTotalMb: 24_564,
    memoryUsedMb: 1024,
    memoryFreeMb: 23_540,
    temperatureC: 41,
    powerW: 30,
    computeMode: "default",
    throttle: [],
    processes: [],
    ...change,
  };
}

/** Answers with what it is told to; a string is the reason for no answer. */
export class ScriptedGpus implements GpuSource {
  answer: readonly GpuReading[] | string;
  reads = 0;
  closes = 0;

  constructor(answer: readonly GpuReading[] | string) {
    this.answer = answer;
  }

  async read(): Promise<GpuTable> {
    this.reads++;
    if (typeof this.answer === "string") throw new NoNvidiaDriver(this.answer);
    return { gpus: [...this.answer], complaints: [] };
  }

  close(): void {
    this.closes++;
  }
}
