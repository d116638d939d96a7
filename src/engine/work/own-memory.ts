/**
 * What a process of ours holds of its device's memory: as the driver tells it of each process, or where it does not (Windows,
 * a container with process numbers of its own), what has come since that process began. A reading that is older than the
 * end of a process still shows what that held.
 */
import type { Telemetry } from "../device/telemetry.ts";
import type { DeviceRuntime } from "../runtime-client/device-runtime.ts";

type Watched = Pick<DeviceRuntime, "onStatus"> & { readonly status: { readonly pid: number | null } };
/** The same object until the device is read again. */
type Reading = Pick<Telemetry, "gpu" | "memoryUsedMb">;

export class OwnMemory {
  readonly #runtime: Watched;
  readonly #latest: () => Reading;
  #pid: number | null = null;
  /** The least that was used of the device since just before that process began, MiB; null: nobody knows. */
  #before: number | null = null;
  /** What had ended, and no reading has shown so yet. */
  #ended: { readonly reading: Reading; readonly mb: number } | null = null;

  constructor(runtime: Watched, latest: () => Reading) {
    this.#runtime = runtime;
    this.#latest = latest;
    runtime.onStatus(() => this.#look());
  }

  /** MiB, of our process alone; null: the driver does not tell. */
  get toldMb(): number | null {
    return told(this.#runtime.status.pid, this.#latest());
  }

  /** MiB that would be free without our process: what others took since it began may be among them. null: not known. */
  get mb(): number | null {
    this.#look();
    const reading = this.#latest();
    return this.#ended?.reading === reading ? this.#ended.mb : this.#heldIn(reading);
  }

  #look(): void {
    const { pid } = this.#runtime.status;
    const reading = this.#latest();
    if (pid !== this.#pid) {
      const held = this.#heldIn(reading);
      if (held !== null && held > 0 && this.#ended?.reading !== reading) this.#ended = { reading, mb: held };
      this.#before = null;
    }
    this.#pid = pid;
    const { memoryUsedMb } = reading;
    if (pid !== null && memoryUsedMb !== null)
      this.#before = Math.min(this.#before ?? memoryUsedMb, memoryUsedMb);
  }

  #heldIn(reading: Reading): number | null {
    const { memoryUsedMb } = reading;
    if (this.#pid === null) return null;
    if (this.#before === null || memoryUsedMb === null) return told(this.#pid, reading);
    return told(this.#pid, reading) ?? Math.max(0, memoryUsedMb - this.#before);
  }
}

function told(pid: number | null, { gpu }: Reading): number | null {
  return (pid !== null && gpu?.processes?.find((process) => process.pid === pid)?.memoryMb) || null;
}
