/** The relay between window and engine: who speaks is checked, what they say is validated, nothing else goes through. */
import { type BrowserWindow, type IpcMainInvokeEvent, ipcMain } from "electron";
import type { AppEventName, AppEventPayload } from "../shared/contract/app.ts";
import type { Outcome } from "../shared/contract/bridge.ts";
import { type ContractClient, EVENTS, type EventName } from "../shared/contract/contract.ts";
import { IPC } from "../shared/contract/ipc-names.ts";
import { AppError, toErrorValue } from "../shared/errors.ts";
import type { AppDesk } from "./app-desk.ts";
import { isAppPage } from "./app-protocol.ts";
import { type CommandedEngine, carryOut } from "./commands.ts";

export type RelayedEngine = CommandedEngine & ContractClient;

export interface Relay {
  /** To the window, when there is one and it shows our page. */
  tell<E extends AppEventName>(event: E, payload: AppEventPayload<E>): void;
  end(): void;
}

/** `served`: the window was given the state for the first time, so a person can use it now. */
export function relay(
  engine: RelayedEngine,
  app: AppDesk,
  window: () => BrowserWindow | null,
  served: () => void = () => undefined,
): Relay {
  let first = true;
  ipcMain.handle(IPC.invoke, async (event, command: unknown, input: unknown): Promise<Outcome<unknown>> => {
    try {
      checkSender(event, window());
      const output = await carryOut(engine, command, input);
      if (first && command === "state.snapshot") {
        first = false;
        served();
      }
      return { ok: true, output };
    } catch (thrown) {
      return { ok: false, error: toErrorValue(thrown) };
    }
  });
  ipcMain.handle(
    IPC.appInvoke,
    async (event, command: unknown, input: unknown): Promise<Outcome<unknown>> => {
      try {
        checkSender(event, window());
        return { ok: true, output: await app.carryOut(command, input) };
      } catch (thrown) {
        return { ok: false, error: toErrorValue(thrown) };
      }
    },
  );
  ipcMain.handle(IPC.engineStatusNow, (event) => {
    checkSender(event, window());
    return engine.status;
  });

  const send = (channel: string, ...values: unknown[]) => {
    const contents = window()?.webContents;
    // A page that is being loaded asks for the present state itself.
    if (contents && !contents.isDestroyed() && isAppPage(contents.getURL()))
      contents.send(channel, ...values);
  };
  const tell: Relay["tell"] = (event, payload) => send(IPC.appEvent, event, payload);
  const stops = [
    app.onChange((view) => tell("app.changed", view)),
    engine.onStatus((status) => send(IPC.engineStatus, status)),
    ...(Object.keys(EVENTS) as EventName[]).map((name) =>
      engine.on(name, (payload) => send(IPC.event, name, payload)),
    ),
  ];
  return {
    tell,
    end() {
      for (const stop of stops) stop();
      for (const channel of [IPC.invoke, IPC.appInvoke, IPC.engineStatusNow]) ipcMain.removeHandler(channel);
    },
  };
}

/** Only the main frame of our own window, and only while it shows our page. */
function checkSender({ sender, senderFrame }: IpcMainInvokeEvent, window: BrowserWindow | null): void {
  const ours =
    window !== null &&
    sender.id === window.webContents.id &&
    senderFrame !== null &&
    senderFrame === sender.mainFrame &&
    isAppPage(senderFrame.url);
  if (!ours)
    throw new AppError({
      code: "SENDER_REFUSED",
      message: "This page may not speak to the app",
      actor: "bug",
    });
}
