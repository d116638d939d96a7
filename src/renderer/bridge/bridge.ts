/**
 * The page's one way to the engine, whichever carries it: Electron's preload, or a WebSocket to the engine that
 * served this page.
 */
import type {
  AppCommandInput,
  AppCommandName,
  AppCommandOutput,
  AppEventName,
  AppEventPayload,
} from "../../shared/contract/app.ts";
import type { EngineStatus, PreloadBridge } from "../../shared/contract/bridge.ts";
import type { ContractClient } from "../../shared/contract/contract.ts";
import { createDesktopBridge } from "./desktop.ts";
import { createLoopbackBridge } from "./loopback.ts";

declare global {
  interface Window {
    readonly bellows?: PreloadBridge;
  }
}

/** The engine's own status, or: this page has no valid session (loopback only). */
export type LinkStatus = EngineStatus | { readonly state: "unauthorised" };

/** What belongs to the desktop app itself: main answers, never the engine. */
export interface AppBridge {
  invoke<C extends AppCommandName>(command: C, input: AppCommandInput<C>): Promise<AppCommandOutput<C>>;
  on<E extends AppEventName>(event: E, listener: (payload: AppEventPayload<E>) => void): () => void;
}

export interface Bridge extends ContractClient {
  /** desktop: main restarts the engine. web: somebody started the engine by hand, we can only reconnect. */
  readonly kind: "desktop" | "web";
  /** The app's version as the shell knows it; null where only the engine's is known. */
  readonly version: string | null;
  /** null: the page is served by an engine, and there is no app around it. */
  readonly app: AppBridge | null;
  /** Called with the present status at once, then on every change. Returns the unsubscribe function. */
  onStatus(listener: (status: LinkStatus) => void): () => void;
}

export function createBridge(page: Window): Bridge {
  return page.bellows === undefined ? createLoopbackBridge(page) : createDesktopBridge(page.bellows);
}
