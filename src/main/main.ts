/**
 * Electron's main: one instance, a tray, a window on demand, and the supervision of everything that does the work.
 * It touches no ledger, no market and no GPU.
 */
import path from "node:path";
import { app, powerSaveBlocker, protocol } from "electron";
import { locatePaths } from "../engine/config/paths.ts";
import { ForkProcessHost } from "../host/fork-host.ts";
import type { ProcessHost } from "../host/process-host.ts";
import { StateMirror } from "../shared/contract/state-mirror.ts";
import { SECOND } from "../shared/durations.ts";
import { APP_SCHEME, serveFolder } from "./app-protocol.ts";
import { askToQuit, askToStop } from "./ask.ts";
import { carryOut } from "./commands.ts";
import { desktopFolder, planEngine, planFolder } from "./config.ts";
import { EngineSupervisor } from "./engine-supervisor.ts";
import { HangWatch, TICK } from "./hang-watch.ts";
import { relay } from "./ipc.ts";
import { lockDown } from "./lockdown.ts";
import { AppMenu } from "./menu.ts";
import { PowerSave } from "./power-save.ts";
import { refuseSecondEngine } from "./running-engine.ts";
import { TrayController } from "./tray.ts";
import { hasTrayHost } from "./tray-host.ts";
import { jobsHeld, type TrayVerb, trayModel } from "./tray-model.ts";
import { UtilityProcessHost } from "./utility-host.ts";
import { preloadFile, WindowController } from "./window.ts";

/** Beyond this nothing is waited for any more: the engine's own bounded end, and a margin. */
const QUIT_WITHIN = 12 * SECOND;

/** Chromium's level for what ends the process. */
const FATAL_ONLY = "3";

const paths = locatePaths();
const { env } = process;
const desktop = desktopFolder(env, paths);

app.setName("Bellows");
app.setAppUserModelId("bellows.desktop");
// The lock below belongs to this folder: two data folders may run side by side, one folder only once.
app.setPath("userData", desktop);
// The GPU belongs to the jobs; a dashboard is drawn quickly enough without it.
app.disableHardwareAcceleration();
// Chromium's complaints about the desktop (no session bus, …) help nobody: the terminal shows what Bellows says.
app.commandLine.appendSwitch("log-level", FATAL_ONLY);
protocol.registerSchemesAsPrivileged([{ scheme: APP_SCHEME, privileges: { standard: true, secure: true } }]);
// Whoever reads our log may go away first.
process.stderr.on("error", () => undefined);

if (app.requestSingleInstanceLock()) {
  void app.whenReady().then(run);
} else {
  log("Bellows is already running with this data folder; its window is brought to the front.");
  app.quit(); // The first instance is told, and shows its window.
}

function run(): void {
  const engine = new EngineSupervisor({
    plan: () => planEngine({ env, flags: {}, paths }),
    mayStart: (plan, signal) => refuseSecondEngine(planFolder(plan), { ownPid: engine.enginePid, signal }),
    host: processHost(),
    entries: paths.entries,
  });
  const windows = new WindowController({
    preload: preloadFile(paths.root),
    iconFile: path.join(paths.root, "resources", "icons", "app-256.png"),
    stateFile: path.join(desktop, "window.json"),
    version: paths.version,
    canHide: () => hasTrayHost({ platform: process.platform, override: env.BELLOWS_TRAY }),
    cannotClose: (window) => void askToQuit(window).then((quit) => quit && app.quit()),
  });
  const tray = new TrayController(
    path.join(paths.root, "resources", "icons"),
    trayModel(engine.status, null),
    { run: order, open: () => windows.show(), quit: () => app.quit() },
  );
  const menu = new AppMenu({ run: order, quit: () => app.quit() });
  const powerSave = new PowerSave(powerSaveBlocker);

  const mirror = new StateMirror(engine, { changed: update, failed: () => undefined });
  engine.onStatus((status) => {
    if (status.state === "up") void mirror.refresh();
    else mirror.forget();
    if (status.state === "failed") log(`engine: ${status.error.code} ${status.error.message}`);
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

  lockDown();
  protocol.handle(APP_SCHEME, serveFolder(path.join(paths.root, "dist", "renderer")));
  const stopRelay = relay(engine, () => windows.window);
  app.on("second-instance", () => windows.show());
  app.on("activate", () => windows.show());
  app.on("window-all-closed", () => undefined); // The tray stays; only Quit quits.
  quitInOrder(async () => {
    windows.prepareToQuit();
    clearInterval(ticks);
    await engine.stop();
    hangs.dispose();
    mirror.dispose();
    powerSave.update(null);
    stopRelay();
    tray.dispose();
  }, engine);

  update();
  engine.start();
  if (!process.argv.includes("--hidden")) windows.show();

  function update(): void {
    const state = mirror.current?.state ?? null;
    const model = trayModel(engine.status, state);
    tray.update(model);
    menu.update(model);
    powerSave.update(state);
  }

  /** From tray or menu. A refusal is shown by the state that follows: neither has a place for a sentence of its own. */
  function order(verb: TrayVerb): void {
    carryOutAsked(verb).catch((thrown: unknown) => log(`${verb}: ${String(thrown)}`));
  }

  async function carryOutAsked(verb: TrayVerb): Promise<void> {
    const held = jobsHeld(mirror.current?.state ?? null);
    if (verb === "run.stop" && held > 0 && !(await askToStop(windows.window, held))) return;
    await carryOut(engine, verb, {});
  }
}

/** A developer's Node runs the engine where Electron's own is too old for the ledger (below version 42). */
function processHost(): ProcessHost {
  const onStderr = (name: string, line: string) => log(`${name}: ${line}`);
  return env.BELLOWS_ENGINE_NODE
    ? new ForkProcessHost({ execPath: env.BELLOWS_ENGINE_NODE, onStderr })
    : new UtilityProcessHost({ brokeredEntries: [paths.entries.runtime], onStderr });
}

/** The first wish to quit starts an orderly end, which then quits; after the deadline nothing is waited for. */
function quitInOrder(end: () => Promise<void>, engine: EngineSupervisor): void {
  let state: "running" | "ending" | "ended" = "running";
  app.on("before-quit", (event) => {
    if (state === "ended") return;
    event.preventDefault();
    if (state === "ending") return;
    state = "ending";
    log("Stopping…");
    const deadline = setTimeout(() => {
      engine.kill();
      app.exit(1);
    }, QUIT_WITHIN);
    end()
      .catch((thrown: unknown) => log(`quit: ${String(thrown)}`))
      .finally(() => {
        clearTimeout(deadline);
        state = "ended";
        // Not within the event: Electron takes no wish to quit while it carries out the cancelling of one.
        setImmediate(() => app.quit());
      });
  });
}

function log(line: string): void {
  process.stderr.write(`${line}\n`);
}
