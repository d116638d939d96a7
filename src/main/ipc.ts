/** The relay between window and engine: who speaks is checked, what they say is validated, nothing else goes through. */
import { type BrowserWindow, type IpcMainInvokeEvent, ipcMain } from "electron";
import type { Outcome } from "../shared/contract/bridge.ts";
import { type ContractClient, EVENTS, type EventName } from "../shared/contract/contract.ts";
import { IPC } from "../shared/contract/ipc-names.ts";
import { AppError, toErrorValue } from "../shared/errors.ts";
import { isAppPage } from "./app-protocol.ts";
import { type CommandedEngine, carryOut } from "./commands.ts";

export type RelayedEngine = CommandedEngine & ContractClient;

/** Returns the way to end the relay. */
export function relay(engine: RelayedEngine, window: () => BrowserWindow | null): () => void {
  ipcMain.handle(IPC.invoke, async (event, command: unknown, input: unknown): Promise<Outcome<unknown>> => {
    try {
      checkSender(event, window());
      return { ok: true, output: await carryOut(engine, command, input) };
    } catch (thrown) {
      return { ok: false, error: toErrorValue(thrown) };
    }
  });
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
  const stops = [
    engine.onStatus((status) => send(IPC.engineStatus, status)),
    ...(Object.keys(EVENTS) as EventName[]).map((name) =>
      engine.on(name, (payload) => send(IPC.event, name, payload)),
    ),
  ];
  return () => {
    for (const stop of stops) stop();
    ipcMain.removeHandler(IPC.invoke);
    ipcMain.removeHandler(IPC.engineStatusNow);
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
