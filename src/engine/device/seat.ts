/**
 * On which GPU a process of ours really computes. CUDA is told its GPU; WebGPU, DirectML and Vulkan take one of the
 * system's adapters, which need not be an NVIDIA GPU. The driver lists the programs of each GPU, where it tells them.
 */
import type { GpuProcess } from "../../shared/gpu/reading.ts";

export interface SeatedGpu {
  readonly name: string;
  readonly index: number;
  /** null: could not be asked. */
  readonly processes: readonly GpuProcess[] | null;
}

export type Seat =
  | { readonly kind: "here" }
  /** On another GPU of the driver's, and not on this one. */
  | { readonly kind: "elsewhere"; readonly gpu: string }
  /** Not every program is listed: in a container ours has another number, and some drivers leave some out. */
  | { readonly kind: "untold" };

/** `own`: the GPU it should be on; null: the driver does not answer. */
export function seatOf(pid: number, own: SeatedGpu | null, others: readonly SeatedGpu[]): Seat {
  const isOn = ({ processes }: SeatedGpu) => processes?.some((process) => process.pid === pid) ?? false;
  if (own === null || own.processes === null) return { kind: "untold" };
  if (isOn(own)) return { kind: "here" };
  const other = others.find(isOn);
  return other === undefined
    ? { kind: "untold" }
    : { kind: "elsewhere", gpu: `${other.name} (GPU ${other.index})` };
}
