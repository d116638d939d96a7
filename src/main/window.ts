/**
 * The one window: made when somebody wants to see it, destroyed when closed, because a hidden page costs as much
 * memory as a visible one. Where no tray shows Bellows, closing minimises instead, or it would be unreachable.
 */
import path from "node:path";
import { BrowserWindow, nativeImage, nativeTheme, screen } from "electron";
import { VERSION_ARGUMENT } from "../shared/contract/ipc-names.ts";
import { SECOND } from "../shared/durations.ts";
import type { ScreenName } from "../shared/screens.ts";
import { APP_PAGE, isAppPage } from "./app-protocol.ts";
import { PageRevival } from "./page-revival.ts";
import { MINIMUM_SIZE, placeWindow, readWindowState, writeWindowState } from "./window-state.ts";

/** The page's ground (tokens.css --bg), so that nothing flashes before the first frame. */
const GROUND = { dark: "#0e1012", light: "#f6f5f3" } as const;

/** A slow desktop's animation takes less. */
const MINIMISED_WITHIN = SECOND;

export interface WindowOptions {
  readonly preload: string;
  readonly iconFile: string;
  readonly stateFile: string;
  readonly version: string;
  /** Tells the page that is shown which screen is wanted. */
  readonly showScreen: (screen: ScreenName) => void;
  /** Would a person find Bellows again after its window is gone? */
  readonly canHide: () => Promise<boolean>;
  /** Its page crashed again and again. Resolves with whether to load it once more; else the window is closed. */
  readonly pageKeepsCrashing: (window: BrowserWindow) => Promise<boolean>;
  /** The window can neither be hidden nor minimised: the person has to be told how Bellows ends. */
  readonly cannotClose: (window: BrowserWindow) => void;
}

export class WindowController {
  readonly #options: WindowOptions;
  #window: BrowserWindow | null = null;
  #quitting = false;

  constructor(options: WindowOptions) {
    this.#options = options;
  }

  get window(): BrowserWindow | null {
    return this.#window;
  }

  /** Makes the window, or brings the present one to the front; without a screen it stays where it is. */
  show(screen?: ScreenName): void {
    if (screen !== undefined) this.#turnTo(screen);
    const window = this.#window ?? this.#create();
    if (window.isMinimized()) window.restore();
    window.show();
    window.focus();
  }

  #turnTo(screen: ScreenName): void {
    const contents = this.#window?.webContents;
    if (contents === undefined) this.#create(screen);
    // A page that still loads does not hear yet.
    else if (contents.isLoading()) contents.once("did-finish-load", () => this.#options.showScreen(screen));
    else this.#options.showScreen(screen);
  }

  /** From now on closing closes. */
  prepareToQuit(): void {
    this.#quitting = true;
    this.#remember();
  }

  #create(at?: ScreenName): BrowserWindow {
    const { preload, iconFile, stateFile, version } = this.#options;
    const screens = screen.getAllDisplays().map((display) => display.workArea);
    const { maximised, ...bounds } = placeWindow(readWindowState(stateFile), screens);
    const window = new BrowserWindow({
      ...bounds,
      minWidth: MINIMUM_SIZE.width,
      minHeight: MINIMUM_SIZE.height,
      title: "Bellows",
      icon: nativeImage.createFromPath(iconFile),
      backgroundColor: nativeTheme.shouldUseDarkColors ? GROUND.dark : GROUND.light,
      autoHideMenuBar: true,
      show: false,
      webPreferences: {
        preload,
        sandbox: true,
        contextIsolation: true,
        nodeIntegration: false,
        nodeIntegrationInWorker: false,
        nodeIntegrationInSubFrames: false,
        webSecurity: true,
        webviewTag: false,
        navigateOnDragDrop: false,
        spellcheck: false,
        additionalArguments: [`${VERSION_ARGUMENT}${version}`],
      },
    });
    this.#window = window;
    if (maximised) window.maximize();
    window.on("close", (event) => {
      this.#remember();
      if (this.#quitting) return;
      event.preventDefault();
      void this.#hide(window);
    });
    const revival = this.#reviveOnCrash(window);
    window.on("closed", () => {
      this.#window = null;
      revival.dispose();
    });
    // Rejected when the window is closed while it still loads: then nobody waits for it.
    window.loadURL(at === undefined ? APP_PAGE : `${APP_PAGE}#/${at}`).catch(() => undefined);
    return window;
  }

  /** With the screen it showed. */
  #reviveOnCrash(window: BrowserWindow): PageRevival {
    const { webContents } = window;
    const revival = new PageRevival({
      load: () => window.loadURL(isAppPage(webContents.getURL()) ? webContents.getURL() : APP_PAGE),
      ask: () => this.#options.pageKeepsCrashing(window),
      giveUp: () => window.destroy(),
    });
    webContents.on("render-process-gone", (_event, { reason }) => {
      if (reason !== "clean-exit" && !window.isDestroyed()) revival.crashed();
    });
    return revival;
  }

  async #hide(window: BrowserWindow): Promise<void> {
    const canHide = await this.#options.canHide();
    if (window.isDestroyed()) return;
    if (canHide) window.destroy();
    else if (!(await minimise(window))) this.#options.cannotClose(window);
  }

  #remember(): void {
    const window = this.#window;
    if (window === null || window.isDestroyed()) return;
    writeWindowState(this.#options.stateFile, {
      ...window.getNormalBounds(),
      maximised: window.isMaximized(),
    });
  }
}

/** Without a window manager the wish is simply lost. False: the window is still there to be seen. */
async function minimise(window: BrowserWindow): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const late = setTimeout(resolve, MINIMISED_WITHIN);
  window.once("minimize", resolve);
  window.once("closed", resolve);
  window.minimize();
  if (!window.isMinimized()) await promise;
  clearTimeout(late);
  if (window.isDestroyed()) return true;
  window.off("minimize", resolve);
  window.off("closed", resolve);
  return window.isMinimized();
}

/** Where the build puts the preload, seen from the app's folder. */
export const preloadFile = (appFolder: string): string =>
  path.join(appFolder, "dist", "preload", "preload.cjs");
