/** The bridge: `window.bellows` is exactly the contract and the engine's status, and no part of Electron. */
import { contextBridge, ipcRenderer } from "electron";
import type { EngineStatus, Outcome, PreloadBridge } from "../shared/contract/bridge.ts";
import type {
  CommandInput,
  CommandName,
  CommandOutput,
  EventName,
  EventPayload,
} from "../shared/contract/contract.ts";
import { IPC, VERSION_ARGUMENT } from "../shared/contract/ipc-names.ts";
import { commandNames, eventNames } from "./names.ts";

const bridge: PreloadBridge = {
  async invoke<C extends CommandName>(
    command: C,
    input: CommandInput<C>,
  ): Promise<Outcome<CommandOutput<C>>> {
    if (!commandNames.includes(command)) return refused("UNKNOWN_COMMAND", "There is no such command");
    try {
      return (await ipcRenderer.invoke(IPC.invoke, command, input)) as Outcome<CommandOutput<C>>;
    } catch {
      return refused("MAIN_REFUSED", "The app's main process did not take the command");
    }
  },

  on<E extends EventName>(event: E, listener: (payload: EventPayload<E>) => void): () => void {
    if (!eventNames.includes(event)) return () => undefined;
    const handle = (_: unknown, name: string, payload: EventPayload<E>) => {
      if (name === event) listener(payload);
    };
    ipcRenderer.on(IPC.event, handle);
    return () => ipcRenderer.off(IPC.event, handle);
  },

  onEngineStatus(listener: (status: EngineStatus) => void): () => void {
    let told = false;
    const handle = (_: unknown, status: EngineStatus) => {
      told = true;
      listener(status);
    };
    ipcRenderer.on(IPC.engineStatus, handle);
    // A change that comes before this answer is newer than it.
    ipcRenderer.invoke(IPC.engineStatusNow).then(
      (status: EngineStatus) => told || listener(status),
      () => undefined,
    );
    return () => ipcRenderer.off(IPC.engineStatus, handle);
  },

  platform: process.platform,
  version:
    process.argv.find((argument) => argument.startsWith(VERSION_ARGUMENT))?.slice(VERSION_ARGUMENT.length) ??
    "",
};

function refused(
  code: string,
  message: string,
): { ok: false; error: { code: string; message: string; actor: "bug" } } {
  return { ok: false, error: { code, message, actor: "bug" } };
}

contextBridge.exposeInMainWorld("bellows", bridge);
