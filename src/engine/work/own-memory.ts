/**
 * What a process of ours holds of its device's memory: as the driver tells it of each process, or where it does not (Windows,
 * a container with process numbers of its own), what has come since that process began.
 */
import type { Telemetry } from "../device/telemetry.ts";
import type { DeviceRuntime } from "../runtime-client/runtime-client.ts";

type Watched = Pick<DeviceRuntime, "onStatus"> & { readonly status: { readonly pid: number | null } };

export class OwnMemory {
  readonly #runtime: Watched;
  readonly #latest: () => Pick<Telemetry, "gpu" | "memoryUsedMb">;
  #pid: number | null = null;
  /** The least that was used of the device since just before that process began, MiB; null: nobody knows. */
  #before: number | null = null;

  constructor(runtime: Watched, latest: () => Pick<Telemetry, "gpu" | "memoryUsedMb">) {
    this.#runtime = runtime;
    this.#latest = latest;
    runtime.onStatus(() => this.#look());
  }

  /** MiB, of our process alone; null: the driver does not tell. */
  get toldMb(): number | null {
    const { pid } = this.#runtime.status;
    const { gpu } = this.#latest();
    return (pid !== null && gpu?.processes?.find((process) => process.pid === pid)?.memoryMb) || null;
  }

  /** MiB that would be free without our process: what others took since it began may be among them. null: not known. */
  get mb(): number | null {
    this.#look();
    const told = this.toldMb;
    if (told !== null) return told;
    const { memoryUsedMb } = this.#latest();
    return this.#before === null || memoryUsedMb === null ? null : Math.max(0, memoryUsedMb - this.#before);
  }

  #look(): void {
    const { pid } = this.#runtime.status;
    if (pid !== this.#pid) this.#before = null;
    this.#pid = pid;
    const { memoryUsedMb } = this.#latest();
    // The first reading may still show a process before this one.
    if (pid !== null && memoryUsedMb !== null)
      this.#before = Math.min(this.#before ?? memoryUsedMb, memoryUsedMb);
  }
}
