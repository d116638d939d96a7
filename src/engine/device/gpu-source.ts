/** A way to ask for the GPUs of this machine. */
import type { GpuTable } from "../../shared/gpu/reading.ts";

export interface GpuSource {
  /** Reads every GPU. Throws NoNvidiaDriver with the reason in words, or the signal's reason. */
  read(signal?: AbortSignal): Promise<GpuTable>;
  /** Lets go of what it holds open; a later read opens it again. */
  close(): void;
}

/** Why nothing can be said about GPUs, in words. */
export class NoNvidiaDriver extends Error {
  override readonly name = "NoNvidiaDriver";
  /** Not even the driver's files are there: the machine most likely has no NVIDIA GPU. */
  readonly absent: boolean;

  constructor(message: string, { absent = false } = {}) {
    super(message);
    this.absent = absent;
  }
}
