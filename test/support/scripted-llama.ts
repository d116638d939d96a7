/** The contract's commands about llama.cpp, answered from a view that a test makes and sees change. */
import type { ContractHandlers } from "../../src/shared/contract/contract.ts";
import type { LLAMA_COMMANDS, LlamaView } from "../../src/shared/contract/llama.ts";

export function aLlama(change: Partial<LlamaView> = {}): LlamaView {
  return {
    offered: true,
    folder: "/var/lib/bellows/llama",
    version: null,
    newest: "3.21.1",
    builds: [
      { id: "cuda", bytes: 142_600_000, installed: false, usual: false },
      { id: "vulkan", bytes: 27_300_000, installed: false, usual: true },
      { id: "cpu", bytes: 10_900_000, installed: false, usual: true },
    ],
    bytesToFetch: 55_800_000,
    bytesOnDisk: 0,
    bytesKept: 0,
    licences: ["Apache-2.0", "MIT"],
    doing: "nothing",
    step: null,
    bytesTotal: 0,
    bytesHere: 0,
    error: null,
    checked: null,
    ...change,
  };
}

type LlamaHandlers = Pick<ContractHandlers, keyof typeof LLAMA_COMMANDS>;

/** Nothing takes time: an install is under way until the test says otherwise. */
export function scriptedLlamaHandlers(
  view: () => LlamaView = aLlama,
  show: (view: LlamaView) => void = () => undefined,
): LlamaHandlers {
  const change = async (to: Partial<LlamaView>) => {
    show({ ...view(), ...to });
    return { llama: view() };
  };
  return {
    "llama.status": () => change({}),
    "llama.install": () =>
      change({
        doing: "installing",
        step: "downloading",
        bytesTotal: view().bytesToFetch,
        bytesHere: 0,
        error: null,
      }),
    "llama.cancel": () => change({ doing: "nothing", step: null }),
    "llama.verify": () => change({ checked: { at: Date.now(), wrong: [] } }),
    "llama.remove": () => change({ version: null, bytesOnDisk: 0, bytesKept: 0 }),
  };
}
