/** The bridge: `window.bellows` is exactly the contract, the engine's status and the app's own commands, and no part of Electron. */
import { contextBridge, ipcRenderer } from "electron";
import type {
  AppCommandInput,
  AppCommandName,
  AppCommandOutput,
  AppEventName,
  AppEventPayload,
} from "../shared/contract/app.ts";
import type { EngineStatus, Outcome, PreloadBridge } from "../shared/contract/bridge.ts";
import type {
  CommandInput,
  CommandName,
  CommandOutput,
  EventName,
  EventPayload,
} from "../shared/contract/contract.ts";
import { IPC, VERSION_ARGUMENT } from "../shared/contract/ipc-names.ts";
import { appCommandNames, appEventNames, commandNames, eventNames } from "./names.ts";

const bridge: PreloadBridge = {
  async invoke<C extends CommandName>(
    command: C,
    input: CommandInput<C>,
  ): Promise<Outcome<CommandOutput<C>>> {
    if (!commandNames.includes(command)) return refused("UNKNOWN_COMMAND", "There is no such command");
    return ask<CommandOutput<C>>(IPC.invoke, command, input);
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

  app: {
    async invoke<C extends AppCommandName>(
      command: C,
      input: AppCommandInput<C>,
    ): Promise<Outcome<AppCommandOutput<C>>> {
      if (!appCommandNames.includes(command)) return refused("UNKNOWN_COMMAND", "There is no such command");
      return ask<AppCommandOutput<C>>(IPC.appInvoke, command, input);
    },

    on<E extends AppEventName>(event: E, listener: (payload: AppEventPayload<E>) => void): () => void {
      if (!appEventNames.includes(event)) return () => undefined;
      const handle = (_: unknown, name: string, payload: AppEventPayload<E>) => {
        if (name === event) listener(payload);
      };
      ipcRenderer.on(IPC.appEvent, handle);
      return () => ipcRenderer.off(IPC.appEvent, handle);
    },
  },

  platform: process.platform,
  version:
    process.argv.find((argument) => argument.startsWith(VERSION_ARGUMENT))?.slice(VERSION_ARGUMENT.length) ??
    "",
};

async function ask<T>(channel: string, command: string, input: unknown): Promise<Outcome<T>> {
  try {
    return (await ipcRenderer.invoke(channel, command, input)) as Outcome<T>;
  } catch {
    return refused("MAIN_REFUSED", "The app's main process did not take the command");
  }
}

function refused(
  code: string,
  message: string,
): { ok: false; error: { code: string; message: string; actor: "bug" } } {
  return { ok: false, error: { code, message, actor: "bug" } };
}

contextBridge.exposeInMainWorld("bellows", bridge);
