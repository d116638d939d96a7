/**
 * The app: a tray, a window on demand, and the supervision of everything that does the work. It touches no ledger, no
 * market and no GPU.
 */
import os from "node:os";
import path from "node:path";
import { app, powerMonitor, powerSaveBlocker, protocol, safeStorage, shell } from "electron";
import type { AppPaths } from "../engine/config/paths.ts";
import { StateMirror } from "../shared/contract/state-mirror.ts";
import { SECOND } from "../shared/durations.ts";
import { AppError } from "../shared/errors.ts";
import { chooseLanguage, currentLanguage, setLanguage } from "../shared/words/words.ts";
import { AppDesk } from "./app-desk.ts";
import { APP_SCHEME, serveFolder } from "./app-protocol.ts";
import {
  askAboutCrashingPage,
  askToPauseRented,
  askToQuit,
  askToQuitHeld,
  askToStop,
  tellUnknownLink,
} from "./ask.ts";
import { carryOut } from "./commands.ts";
import { planEngine } from "./config.ts";
import { EngineSupervisor } from "./engine-supervisor.ts";
import { HangWatch, TICK } from "./hang-watch.ts";
import { relay } from "./ipc.ts";
import { openKeySeal } from "./key-seal.ts";
import { lockDown } from "./lockdown.ts";
import { log, timing } from "./log.ts";
import { AppMenu } from "./menu.ts";
import { NoticeWatch } from "./notices.ts";
import { Notifier } from "./notifier.ts";
import { PowerSave } from "./power-save.ts";
import { PresenceWatch } from "./presence-watch.ts";
import { openProcessHost } from "./process-host.ts";
import { QuitWish, quitInOrder } from "./quit.ts";
import { RepairDesk } from "./repair-desk.ts";
import { refuseSecondEngine } from "./running-engine.ts";
import { commandWord } from "./system/command-word.ts";
import { CrashGuard, GOOD_START } from "./system/crash-guard.ts";
import { countCrashReports } from "./system/crash-reports.ts";
import { LINK_SCHEME, screenInArguments, unknownLinkIn } from "./system/deep-link.ts";
import { launcherOf } from "./system/launcher.ts";
import { autostartFile, HIDDEN_ARGUMENT, systemLoginItem, xdgLoginItem } from "./system/login-item.ts";
import { loginNote } from "./system/login-note.ts";
import { mutedTypes, PreferenceFile, preferencesOf, settingsIn } from "./system/preferences.ts";
import { TerminalWords } from "./terminal-words.ts";
import { TrayController } from "./tray.ts";
import { trayActions } from "./tray-actions.ts";
import { hasTrayHost } from "./tray-host.ts";
import { jobsHeld, trayModel } from "./tray-model.ts";
import { openUpdates } from "./updates/open-updates.ts";
import { WindDown, workSeen } from "./wind-down.ts";
import { preloadFile, WindowController } from "./window.ts";

/** Beyond this nothing is waited for any more: the engine's own bounded end, and a margin. */
const QUIT_WITHIN = 12 * SECOND;
/** Of a link that comes from outside, no more is shown. */
const LONGEST_LINK = 200;

export interface AppPlaces {
  readonly paths: AppPaths;
  /** Where the app itself keeps things; the data folder of the engine is beside it. */
  readonly desktop: string;
}

/** Once Electron is ready. */
export function runApp({ paths, desktop }: AppPlaces): void {
  const { env } = process;
  const launcher = launcherOf({
    execPath: process.execPath,
    argv: process.argv,
    env,
    appFolder: process.defaultApp ? app.getAppPath() : null,
  });
  let ended = false;
  const icons = path.join(paths.resourcesFolder, "icons");
  const iconFile = path.join(icons, "app-256.png");
  const preferences = new PreferenceFile(path.join(desktop, "preferences.json"));
  followLanguage();
  const crashes = new CrashGuard(path.join(desktop, "starts.json"));
  const wasGood = setTimeout(() => crashes.safeMode || crashes.forget(), GOOD_START);

  const engine = new EngineSupervisor({
    plan: () =>
      planEngine(
        { env, flags: {}, paths },
        {
          keySeal: (folder) => openKeySeal(folder, safeStorage, process.platform),
          safeMode: () => crashes.safeMode,
        },
      ),
    mayStart: (plan, signal) => refuseSecondEngine(plan.dataFolder, { ownPid: engine.enginePid, signal }),
    host: openProcessHost(paths),
    entries: paths.entries,
  });
  const mirror = new StateMirror(engine, { changed: update, failed: () => undefined });
  const state = () => mirror.current?.state ?? null;

  const windows = new WindowController({
    preload: preloadFile(paths.root),
    iconFile,
    stateFile: path.join(desktop, "window.json"),
    version: paths.version,
    showScreen: (screen) => bridge.tell("app.show", { screen }),
    canHide: () => hasTrayHost({ platform: process.platform, override: env.BELLOWS_TRAY }),
    pageKeepsCrashing: askAboutCrashingPage,
    cannotClose: (window) => void askToQuit(window).then((quit) => (quit ? quitWish.want() : undefined)),
  });
  const quitWish = new QuitWish({
    lookAgain: () => mirror.refresh(),
    jobsHeld: () => jobsHeld(state()),
    ask: (held) => askToQuitHeld(windows.window, held),
    windDown: windDown(),
    quit: () => app.quit(),
  });
  const updates = openUpdates({
    version: paths.version,
    folder: path.join(desktop, "updates"),
    settings: () => preferences.current,
    windDown: windDown(),
    changed: () => desk.changed(),
    log,
  });
  const notices = new NoticeWatch({
    client: engine,
    state,
    link: () => engine.status,
    app: () => desk.view,
    muted: () => mutedTypes(preferences.current),
    tell: (notice) => notifier.tell(notice),
    changed: () => desk.changed(),
  });
  const repair = new RepairDesk({
    sources: { env, flags: {}, paths },
    status: () => engine.status,
    start: () => engine.start(),
    openFolder,
    versions: {
      electron: process.versions.electron,
      chromium: process.versions.chrome,
      node: process.versions.node,
    },
  });
  const desk = new AppDesk({
    crashes,
    login:
      process.platform === "linux"
        ? xdgLoginItem(autostartFile({ home: os.homedir(), configHome: env.XDG_CONFIG_HOME }), launcher)
        : systemLoginItem(app, launcher, process.platform, loginNote(path.join(desktop, "login-item.json"))),
    loginAsked: () => preferences.current.startAtLogin !== null,
    saveLogin,
    countCrashReports: () => countCrashReports(app.getPath("crashDumps")),
    openCrashReports: () => openFolder(app.getPath("crashDumps")),
    notices: { list: () => notices.list, putAway: (key) => notices.putAway(key) },
    repair,
    updates,
    startWork: () => carryOut(engine, "run.start", {}).then(() => undefined),
  });
  const act = trayActions({
    engine,
    state,
    desk,
    installUpdate: () => updates.install(),
    askToStop: (held) => askToStop(windows.window, held),
    askToPauseRented: (gpu, endsAt) => askToPauseRented(windows.window, gpu, endsAt),
  });
  const tray = new TrayController(icons, trayModel(engine.status, null, desk.view), {
    run: (action) => void act(action).catch((thrown: unknown) => log(`${action.kind}: ${String(thrown)}`)),
    open: () => windows.show(),
    quit: () => void quitWish.want(),
  });
  timing("tray");
  const menu = new AppMenu({
    run: (verb) =>
      void act({ kind: "verb", verb }).catch((thrown: unknown) => log(`${verb}: ${String(thrown)}`)),
    quit: () => void quitWish.want(),
  });
  const powerSave = new PowerSave(powerSaveBlocker);
  const notifier = new Notifier({
    iconFile,
    isWatched: () => windows.window?.isFocused() ?? false,
    open: ({ screen }) => windows.show(screen),
  });
  const words = new TerminalWords({
    say: log,
    dashboard: `${commandWord({
      packaged: app.isPackaged,
      appImage: env.APPIMAGE,
      resources: paths.resourcesFolder,
      platform: process.platform,
    })} dashboard`,
  });
  engine.onStatus((status) => {
    repair.follow(status);
    if (status.state === "up") {
      void mirror.refresh();
      presence.look();
    } else {
      mirror.forget();
    }
    update();
  });
  const hangs = new HangWatch({
    client: engine,
    isUp: () => engine.status.state === "up",
    onHang: () => {
      log("engine: no answer for 10 s, it is ended and started again");
      engine.killHangingEngine();
    },
  });
  const ticks = setInterval(() => hangs.tick(), TICK);
  const presence = new PresenceWatch({
    power: powerMonitor,
    engine,
    isUp: () => engine.status.state === "up",
  });

  lockDown();
  protocol.handle(APP_SCHEME, serveFolder(path.join(paths.root, "dist", "renderer")));
  const bridge = relay(
    engine,
    desk,
    () => windows.window,
    () => timing("served"),
  );
  desk.onChange(() => update());
  if (app.isPackaged) app.setAsDefaultProtocolClient(LINK_SCHEME);
  app.on("second-instance", (_event, args) => followLinks(args));
  app.on("open-url", (event, link) => {
    event.preventDefault();
    followLinks([link]);
  });
  app.on("activate", () => windows.show());
  app.on("window-all-closed", () => undefined); // The tray stays; only Quit quits.
  quitInOrder({
    within: QUIT_WITHIN,
    kill: () => engine.kill(),
    log,
    end: async () => {
      windows.prepareToQuit();
      clearInterval(ticks);
      clearTimeout(wasGood);
      updates.dispose();
      notices.dispose();
      await engine.stop();
      ended = true;
      hangs.dispose();
      presence.dispose();
      mirror.dispose();
      powerSave.update(null);
      bridge.end();
      notifier.dispose();
      tray.dispose();
      crashes.endInOrder();
    },
  });

  update();
  void desk.mendLogin().then((mended) => {
    if (mended) log("start at login: its entry pointed to what is gone, and starts this app now");
  });
  void updates.start();
  engine.start();
  if (screenInArguments(process.argv) !== null || !startedAtLogin()) followLinks(process.argv);

  /** The window comes in any case: somebody asked for something. */
  function followLinks(args: readonly string[]): void {
    windows.show(screenInArguments(args) ?? undefined);
    const unknown = unknownLinkIn(args);
    if (unknown === null) return;
    const shown = unknown.slice(0, LONGEST_LINK);
    log(`link: ${JSON.stringify(shown)} names no screen`);
    void tellUnknownLink(windows.window, shown);
  }

  function update(): void {
    // What was asked for before the end may answer after it.
    if (ended) return;
    const now = state();
    if (now !== null) followSettings();
    if (now?.engine.intent === "running") desk.noteWork();
    const model = trayModel(engine.status, now, desk.view);
    tray.update(model);
    menu.update(model);
    powerSave.update(now);
    quitWish.follow();
    updates.workChanged();
    notices.look();
    presence.follow(jobsHeld(now) > 0);
    words.follow(engine.status, now);
  }

  function windDown(): WindDown {
    return new WindDown({
      work: () => workSeen(engine.status, state()),
      // The state that is known here comes a moment after the engine's: work that was just begun may be missing in it.
      finish: () => engine.invoke("run.finish", { forAWhile: true }).then(() => mirror.refresh()),
      resume: () => engine.invoke("run.resume", {}).then(() => undefined),
    });
  }

  /** The engine's settings are the truth; what concerns the app is remembered for the time without an engine. */
  function followSettings(): void {
    const settings = settingsIn(state());
    if (settings === null) return;
    const before = preferences.current;
    if (!preferences.follow(preferencesOf(settings))) return;
    const { startAtLogin, feedUrl, channel } = preferences.current;
    followLanguage();
    if (startAtLogin !== null && startAtLogin !== before.startAtLogin) void desk.followLogin(startAtLogin);
    if (feedUrl !== before.feedUrl || channel !== before.channel) updates.reconfigured();
    desk.changed();
  }

  function followLanguage(): void {
    const { language } = preferences.current;
    const wanted = chooseLanguage(language === null ? app.getPreferredSystemLanguages() : [language]);
    if (wanted !== currentLanguage()) setLanguage(wanted);
  }

  /** With the other settings, so that every face of Bellows shows it; without an engine it is remembered here. */
  async function saveLogin(enabled: boolean): Promise<void> {
    preferences.follow({ ...preferences.current, startAtLogin: enabled });
    await carryOut(engine, "settings.set", { patch: { "app.start_at_login": enabled ? "yes" : "no" } }).catch(
      (thrown: unknown) => log(`settings: ${String(thrown)}`),
    );
  }
}

/** By the system, so only the tray is wanted. macOS hands no arguments over, but says so. */
function startedAtLogin(): boolean {
  if (process.argv.includes(HIDDEN_ARGUMENT)) return true;
  return process.platform === "darwin" && app.getLoginItemSettings().wasOpenedAtLogin;
}

async function openFolder(folder: string): Promise<void> {
  const refusal = await shell.openPath(folder);
  if (refusal === "") return;
  throw new AppError({ code: "FOLDER_NOT_OPENED", message: refusal, actor: "machine" });
}
