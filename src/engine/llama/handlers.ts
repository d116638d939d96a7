/** The contract's commands about llama.cpp. */
import type { ContractHandlers } from "../../shared/contract/contract.ts";
import type { LLAMA_COMMANDS } from "../../shared/contract/llama.ts";
import type { LlamaDesk } from "./desk.ts";

export type LlamaHandlers = Pick<ContractHandlers, keyof typeof LLAMA_COMMANDS>;

export function llamaHandlers(desk: LlamaDesk): LlamaHandlers {
  return {
    "llama.status": async () => ({ llama: await desk.look() }),
    "llama.install": async (wish) => ({ llama: await desk.install(wish) }),
    "llama.cancel": async () => ({ llama: await desk.cancel() }),
    "llama.verify": async () => ({ llama: await desk.verify() }),
    "llama.remove": async () => ({ llama: await desk.remove() }),
  };
}
