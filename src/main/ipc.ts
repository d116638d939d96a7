/** The relay between window and engine: who speaks is checked, what they say is validated, nothing else goes through. */
import { type BrowserWindow, type IpcMainInvokeEvent, ipcMain } from "electron";
import { z } from "zod";
import type { EngineStatus, Outcome } from "../shared/contract/bridge.ts";
import {
  COMMANDS,
  type CommandInput,
  type CommandName,
  type ContractClient,
  EVENTS,
  type EventName,
  isCommandName,
} from "../shared/contract/contract.ts";
import { IPC } from "../shared/contract/ipc-names.ts";
import { SECOND } from "../shared/durations.ts";
import { AppError, toErrorValue } from "../shared/errors.ts";
import { isAppPage } from "./app-protocol.ts";

/** A start by hand after a failure may take this long: the engine's own limit. */
const RETRY_WITHIN = 30 * SECOND;

export interface RelayedEngine extends ContractClient {
  readonly status: EngineStatus;
  onStatus(listener: (status: EngineStatus) => void): () => void;
  start(): void;
}

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

/** Validates name and input before anything leaves main; `run.start` after a failure is the person's wish to try again. */
export async function carryOut(engine: RelayedEngine, command: unknown, input: unknown): Promise<unknown> {
  if (!isCommandName(command)) {
    throw new AppError({ code: "UNKNOWN_COMMAND", message: "There is no such command", actor: "bug" });
  }
  const parsed = COMMANDS[command].input.safeParse(input ?? {});
  if (!parsed.success) {
    throw new AppError({
      code: "BAD_INPUT",
      message: `${command}: ${z.prettifyError(parsed.error).replaceAll("\n", " ")}`,
      actor: "bug",
    });
  }
  if (command === "run.start" && engine.status.state === "failed") {
    engine.start();
    await whenUpOrFailed(engine);
  }
  return engine.invoke(command, parsed.data as CommandInput<CommandName>);
}

/** Resolves when up; rejects with the new failure, or after the limit. */
function whenUpOrFailed(engine: RelayedEngine): Promise<void> {
  return new Promise((resolve, reject) => {
    const late = setTimeout(() => settle(() => reject(tooLate())), RETRY_WITHIN);
    const settle = (act: () => void) => {
      clearTimeout(late);
      stop();
      act();
    };
    const check = (status: EngineStatus) => {
      if (status.state === "up") settle(resolve);
      if (status.state === "failed") settle(() => reject(AppError.fromValue(status.error)));
    };
    const stop = engine.onStatus(check);
    check(engine.status);
  });
}

function tooLate(): AppError {
  return new AppError({
    code: "ENGINE_NOT_UP",
    message: `The engine was not ready within ${RETRY_WITHIN / SECOND} s`,
    actor: "machine",
    retryable: true,
  });
}
