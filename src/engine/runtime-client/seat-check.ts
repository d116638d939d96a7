/**
 * WebGPU, DirectML and Vulkan choose their GPU themselves. With a model loaded the driver is asked whether it is the one
 * that the device stands for: receipts name it.
 */
import { unreachable } from "../../shared/errors.ts";
import { BACKEND_NAMES } from "../../shared/runtime/backends.ts";
import type { RuntimeClass, SkippedBackend } from "../../shared/runtime/protocol.ts";
import { say } from "../../shared/words/said.ts";
import type { Seat } from "../device/seat.ts";

/** CUDA is told its GPU by the environment; these take one of the system's. */
const CHOOSES_ITS_GPU: ReadonlySet<RuntimeClass["backend"]> = new Set(["webgpu", "dml", "vulkan"]);

export class SeatCheck {
  readonly #seatOf: ((pid: number) => Promise<Seat>) | undefined;
  /** Back ends of the present process that were seen on the right GPU. */
  readonly #seated = new Set<RuntimeClass["backend"]>();
  readonly #without: SkippedBackend[] = [];

  /** On which GPU a process computes; undefined: it is not looked at. */
  constructor(seatOf: ((pid: number) => Promise<Seat>) | undefined) {
    this.#seatOf = seatOf;
  }

  /** Back ends that took another GPU, and are no way to this one. */
  get without(): readonly SkippedBackend[] {
    return this.#without;
  }

  /** Another process chooses anew. */
  noteStart(): void {
    this.#seated.clear();
  }

  /** What to sign for; null: it computes on another GPU, and the next process has to go without this back end. */
  async judge(pid: number | null, runtimeClass: RuntimeClass): Promise<RuntimeClass | null> {
    const { backend, reason } = runtimeClass;
    if (this.#seatOf === undefined || !CHOOSES_ITS_GPU.has(backend) || this.#seated.has(backend))
      return runtimeClass;
    const seat: Seat = pid === null ? { kind: "untold" } : await this.#seatOf(pid);
    const name = BACKEND_NAMES[backend];
    switch (seat.kind) {
      case "here":
        this.#seated.add(backend);
        return runtimeClass;
      case "untold": {
        const untold = say("reasonGpuUntold", { backend: name }).text;
        const hardware = `the GPU that ${name} chose`;
        return { ...runtimeClass, hardware, reason: reason === null ? untold : `${reason}; ${untold}` };
      }
      case "elsewhere":
        this.#without.push({ backend, reason: say("reasonOtherGpu", { gpu: seat.gpu }).text });
        return null;
      default:
        return unreachable(seat);
    }
  }
}
