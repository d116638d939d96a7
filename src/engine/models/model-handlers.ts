/** The contract's commands about models. */
import type { ContractHandlers } from "../../shared/contract/contract.ts";
import type { OllamaView } from "../../shared/contract/ollama.ts";
import type { ModelManager } from "./manager.ts";

export type ModelHandlers = Pick<ContractHandlers, Extract<keyof ContractHandlers, `models.${string}`>>;

/** `ollama`: absent where none was turned on. */
export function modelHandlers(manager: ModelManager, ollama?: () => OllamaView): ModelHandlers {
  return {
    "models.list": async () => ({
      models: manager.views(),
      ...(ollama === undefined ? {} : { ollama: ollama() }),
    }),
    "models.download": async ({ id, bytesPerSecond }) => manager.download(id, bytesPerSecond ?? null),
    "models.pause": async ({ id }) => ({ model: await manager.pause(id) }),
    "models.resume": async ({ id }) => ({ model: await manager.resume(id) }),
    "models.cancel": async ({ id }) => ({ model: await manager.cancel(id) }),
    "models.remove": async ({ id }) => ({ model: await manager.remove(id) }),
    "models.verify": async ({ id }) => ({ model: await manager.verify(id) }),
    "models.setAllowed": async ({ id, allowed }) => ({ model: await manager.setAllowed(id, allowed) }),
    "models.setPinned": async ({ id, pinned }) => ({ model: manager.setPinned(id, pinned) }),
    "models.prune": async ({ toBytes, dryRun }) =>
      dryRun === true ? manager.planPrune(toBytes) : manager.prune(toBytes),
    "models.disk": () => manager.disk(),
  };
}
