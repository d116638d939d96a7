/** The battery of a machine that has one, read again now and then; one that has none is not asked. */
import type { HostInfo } from "../../shared/contract/views.ts";
import { MINUTE, SECOND } from "../../shared/durations.ts";
import { pause } from "../../shared/wait.ts";
import { readBatteryNow } from "./host-info.ts";

/** Linux tells it in files; elsewhere a program is started to ask. */
const EVERY = process.platform === "linux" ? 30 * SECOND : 5 * MINUTE;

export interface BatteryWatchOptions {
  readonly machine: HostInfo;
  readonly onChange: () => void;
  readonly read?: () => Promise<HostInfo["battery"]>;
  readonly everyMs?: number;
}

export class BatteryWatch {
  readonly #options: BatteryWatchOptions;
  #battery: HostInfo["battery"];

  constructor(options: BatteryWatchOptions) {
    this.#options = options;
    this.#battery = options.machine.battery;
  }

  get machine(): HostInfo {
    return { ...this.#options.machine, battery: this.#battery };
  }

  /** Until the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    const { machine, onChange, read = readBatteryNow, everyMs = EVERY } = this.#options;
    if (machine.battery === null) return;
    while (!signal.aborted) {
      await pause(everyMs, signal);
      if (signal.aborted) return;
      const before = JSON.stringify(this.#battery);
      this.#battery = await read();
      if (JSON.stringify(this.#battery) !== before) onChange();
    }
  }
}
