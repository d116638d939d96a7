/**
 * The GPUs, asked the best way that works: NVML first, nvidia-smi when that fails. NVML is tried again after a rest
 * that grows, so that a driver that crashes its helper does so a few times an hour and not once a second.
 */

import { MINUTE, SECOND } from "../../shared/durations.ts";
import type { GpuTable } from "../../shared/gpu/reading.ts";
import { backoffMs } from "../../shared/wait.ts";
import { say } from "../../shared/words/said.ts";
import { type GpuSource, NoNvidiaDriver } from "./gpu-source.ts";

const REST = { base: 10 * SECOND, cap: 10 * MINUTE, jitter: 0 };

export interface LayeredTable extends GpuTable {
  readonly source: "nvml" | "nvidia-smi";
  /** Why not NVML; null when it is. */
  readonly sourceReason: string | null;
}

export interface LayeredOptions {
  /** null: there is none for this system. */
  readonly nvml: GpuSource | null;
  readonly smi: GpuSource;
  /** Milliseconds, monotonic. */
  readonly clock?: () => number;
}

export class LayeredGpus {
  readonly #nvml: GpuSource | null;
  readonly #smi: GpuSource;
  readonly #clock: () => number;
  #failures = 0;
  #restUntil = 0;
  #nvmlTrouble = new NoNvidiaDriver(say("reasonNoNvml").text, { absent: true });

  constructor({ nvml, smi, clock = () => performance.now() }: LayeredOptions) {
    this.#nvml = nvml;
    this.#smi = smi;
    this.#clock = clock;
  }

  /** Throws NoNvidiaDriver with what both say, or the signal's reason. */
  async read(signal?: AbortSignal): Promise<LayeredTable> {
    const table = await this.#readNvml(signal);
    if (table) return { ...table, source: "nvml", sourceReason: null };
    try {
      return {
        ...(await this.#smi.read(signal)),
        source: "nvidia-smi",
        sourceReason: this.#nvmlTrouble.message,
      };
    } catch (thrown) {
      // Where there is no driver at all, one of them says enough.
      if (!(thrown instanceof NoNvidiaDriver) || this.#nvmlTrouble.absent) throw thrown;
      throw new NoNvidiaDriver(`${thrown.message}. ${this.#nvmlTrouble.message}`);
    }
  }

  /** NVML gets its next chance at once: after resume, after a driver change. */
  retryNow(): void {
    this.#failures = 0;
    this.#restUntil = 0;
  }

  /** Holds nothing open any more, so that a GPU may sleep; a later read opens it again. */
  close(): void {
    this.#nvml?.close();
    this.#smi.close();
  }

  async #readNvml(signal?: AbortSignal): Promise<GpuTable | null> {
    if (this.#nvml === null || this.#clock() < this.#restUntil) return null;
    try {
      const table = await this.#nvml.read(signal);
      this.#failures = 0;
      return table;
    } catch (thrown) {
      if (!(thrown instanceof NoNvidiaDriver)) throw thrown;
      this.#failures++;
      this.#restUntil = this.#clock() + backoffMs(this.#failures, REST);
      this.#nvmlTrouble = thrown;
      return null;
    }
  }
}
