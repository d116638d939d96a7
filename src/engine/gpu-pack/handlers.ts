/** The contract's commands about the GPU pack. */
import type { ContractHandlers } from "../../shared/contract/contract.ts";
import type { GPU_PACK_COMMANDS } from "../../shared/contract/gpu-pack.ts";
import type { GpuPackDesk } from "./desk.ts";

export type GpuPackHandlers = Pick<ContractHandlers, keyof typeof GPU_PACK_COMMANDS>;

export function gpuPackHandlers(desk: GpuPackDesk): GpuPackHandlers {
  return {
    "gpuPack.status": async () => ({ gpuPack: await desk.look() }),
    "gpuPack.install": async ({ parts }) => ({ gpuPack: await desk.install(parts) }),
    "gpuPack.cancel": async ({ discard }) => ({ gpuPack: await desk.cancel(discard) }),
    "gpuPack.verify": async () => ({ gpuPack: await desk.verify() }),
    "gpuPack.remove": async () => ({ gpuPack: await desk.remove() }),
  };
}
