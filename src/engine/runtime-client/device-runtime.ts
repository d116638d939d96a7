/** What the engine asks of whatever computes for one device: a process of ours, another program on the machine, or both. */
import type { ComputedBy } from "../../shared/runtime/backend.ts";
import type { ItemResult, RuntimeClass } from "../../shared/runtime/protocol.ts";
import type { Work } from "../../shared/work.ts";
import type { DeviceInfo } from "../device/device-info.ts";
import type { RunnableModel } from "../ollama/model.ts";

export type RuntimeState = "asleep" | "starting" | "ready" | "working" | "failed";

/** With what a result was computed: by a process of ours, or in an Ollama on this machine. */
export type ComputeClass = Omit<RuntimeClass, "backend"> & { readonly backend: ComputedBy };

export interface RuntimeStatus {
  readonly state: RuntimeState;
  /** Why it failed; null otherwise. */
  readonly reason: string | null;
  readonly pid: number | null;
  /** The last one proved, kept while asleep; null before the first start. */
  readonly runtimeClass: ComputeClass | null;
  /** Over the last minute of work; null before the first batch. */
  readonly textsPerSecond: number | null;
}

export interface RunItem {
  /** Chosen by the caller, unique within a request; comes back with the item's result. */
  readonly key: string;
  readonly work: Work;
}

export interface RunRequest {
  /** null: work that needs none. */
  readonly model: RunnableModel | null;
  readonly items: readonly RunItem[];
  /** Milliseconds the batch may take once a process with the model loaded has it; then the process is killed. */
  readonly deadlineMs: number;
  /** Aborting rejects at once; a batch that already runs is computed to its end and thrown away. */
  readonly signal: AbortSignal;
}

export interface RunAnswer {
  /** One per requested item, in the same order. */
  readonly items: readonly ItemResult[];
  /** Milliseconds in session.run, and in the runtime process altogether. */
  readonly inferMs: number;
  readonly totalMs: number;
  readonly runtimeClass: ComputeClass;
}

export interface DeviceRuntime {
  readonly device: DeviceInfo;
  readonly status: RuntimeStatus;
  onStatus(listener: (status: RuntimeStatus) => void): () => void;
  /** Is the model in the device's memory, in the present process? */
  holds(model: string): boolean;
  /** Can this device be asked for it at all? */
  canRun(model: RunnableModel): boolean;
  /** Has a program of ours the device open, or had it a moment ago? */
  readonly holdsDevice: boolean;
  /** Is this program, found on the device, one that works for us? */
  owns(program: { readonly pid: number; readonly name: string | null }): boolean;
  /**
   * Requests run one after the other; the next one waits within the process already, so that the device does not wait
   * for it. Throws RUNTIME_CRASHED, RUNTIME_HUNG, RUNTIME_STOPPED, RUNTIME_BACKING_OFF
   * (all retryable), CUDA_UNAVAILABLE, ModelNotLoaded when the model can't be loaded, or the signal's reason.
   */
  run(request: RunRequest): Promise<RunAnswer>;
  /** The files that a process has open are no longer the newest: it ends now, or with work between two batches. */
  startAnew(): void;
  /** End the process in order (SIGKILL after 2 s, or when the signal aborts); work that waits is rejected. */
  stop(signal?: AbortSignal): Promise<void>;
  /** End the process now. */
  killNow(): void;
}
