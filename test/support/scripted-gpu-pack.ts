/** The contract's commands about the GPU pack, answered from a view that a test makes and sees change. */
import type { ContractHandlers } from "../../src/shared/contract/contract.ts";
import type { GPU_PACK_COMMANDS, GpuPackPart, GpuPackView } from "../../src/shared/contract/gpu-pack.ts";

export function aPart(change: Partial<GpuPackPart> = {}): GpuPackPart {
  return {
    id: "cublas",
    name: "cuBLAS",
    version: "13.1.0.3",
    licence: "NVIDIA CUDA Toolkit EULA",
    licenceUrl: "https://docs.example/LICENSE.txt",
    bytes: 838_952_932,
    bytesKept: 0,
    bytesOnDisk: 0,
    state: "missing",
    file: null,
    needed: "at start",
    ...change,
  };
}

export function aGpuPack(change: Partial<GpuPackView> = {}): GpuPackView {
  return {
    offered: false,
    folder: "/var/lib/bellows/gpu-pack",
    parts: [],
    doing: "nothing",
    part: null,
    step: null,
    bytesTotal: 0,
    bytesHere: 0,
    error: null,
    checked: null,
    ...change,
  };
}

type GpuPackHandlers = Pick<ContractHandlers, keyof typeof GPU_PACK_COMMANDS>;

/** Nothing takes time: an install is under way until the test says otherwise. */
export function scriptedGpuPackHandlers(
  view: () => GpuPackView = aGpuPack,
  show: (view: GpuPackView) => void = () => undefined,
): GpuPackHandlers {
  const change = async (to: Partial<GpuPackView>) => {
    show({ ...view(), ...to });
    return { gpuPack: view() };
  };
  const missing = () => view().parts.filter(({ state }) => state === "missing");
  return {
    "gpuPack.status": () => change({}),
    "gpuPack.install": () =>
      change({
        doing: "installing",
        part: missing()[0]?.id ?? null,
        step: "downloading",
        bytesTotal: missing().reduce((sum, { bytes }) => sum + bytes, 0),
        bytesHere: 0,
        error: null,
      }),
    "gpuPack.cancel": () => change({ doing: "nothing", part: null, step: null }),
    "gpuPack.verify": () => change({ checked: { at: Date.now(), wrong: [] } }),
    "gpuPack.remove": () =>
      change({ parts: view().parts.map((part) => ({ ...part, state: "missing", bytesOnDisk: 0 })) }),
  };
}
