/**
 * What the desktop app costs while it does nothing, measured against an Electron without any app in the same run: memory
 * as proportional set size over all its processes, processor time and wake-ups, and how soon it is there. Times are of
 * the bench's own clock, from the moment before the process is made; the window counts as usable in the frame after its
 * first true screen was drawn. The market is a devnet outside the app that has no work. Linux only: it reads /proc.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { startDevnet } from "../../src/devnet/devnet.ts";
import { MINUTE, SECOND } from "../../src/shared/durations.ts";
import { delay } from "../../src/shared/wait.ts";
import { appEnvironment, electronFile, openScreen, REPOSITORY, type Screen } from "../e2e/ui/electron-app.ts";
import { copyElectron } from "../e2e/ui/electron-copy.ts";
import { DesktopApp, LOOKED_INTO } from "./desktop-app.ts";
import { benchOptions, median, report, round } from "./measure.ts";
import { commandOf, cpuSecondsOf, familyOf, pssMbOf, wakeUpsOf } from "./proc.ts";

const KEY = "miner-key-of-the-bench-0123456789";
/** Until start-up's work is done and garbage collected: measured earlier, figures fall for half a minute. */
const SETTLE = 30 * SECOND;
const IDLE = 60 * SECOND;

const options = benchOptions(5);
const folder = mkdtempSync(path.join(tmpdir(), "bellows-bench-app-"));
const devnet = await startDevnet({
  dataFolder: path.join(folder, "devnet"),
  resourcesFolder: path.join(REPOSITORY, "resources"),
  ports: { coordinator: 0, chainRpc: 0, queue: 0, node: 0 },
  minerApiKey: KEY,
  chainId: 1337,
  epochMs: 60 * MINUTE,
  demand: null,
});
const screen = await openScreen();
const probe = emptyElectron();
try {
  report(await measure(screen), options);
} finally {
  screen.close();
  await devnet.close();
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  rmSync(probe.folder, { recursive: true, force: true, maxRetries: 5 });
}

async function measure(on: Screen) {
  const start = (...args: string[]) => new DesktopApp(electronFile ?? "", args, environment(on));
  const bare = () => new DesktopApp(probe.executable, ["--hidden"], environment(on));
  const empty = await idle(bare(), "ready");
  const tray = await idle(start("--hidden"), "tray");
  const window = await idle(start(), "served");
  const emptyTimes: number[] = [];
  const trayTimes: number[] = [];
  const windowTimes: number[] = [];
  for (let index = 0; index < options.rounds; index++) {
    const first = bare();
    emptyTimes.push(await first.said("ready"));
    await first.end();
    const app = start(LOOKED_INTO);
    trayTimes.push(await app.said("tray"));
    windowTimes.push(await app.usable());
    await app.end();
  }
  const readyMs = median(emptyTimes);
  return {
    note: "The engine runs on a Node of its own here, because this Electron is too old for it; PSS in MB.",
    empty,
    tray: { ...tray, beyondEmptyMb: round(tray.pssMb - empty.pssMb), wantedBeyondMb: 110, wantedCpuPct: 0.3 },
    window: { ...window, beyondEmptyMb: round(window.pssMb - empty.pssMb), wantedBeyondMb: 220 },
    warmStart: {
      rounds: options.rounds,
      emptyReadyMs: round(readyMs),
      trayMs: round(median(trayTimes)),
      trayBeyondEmptyMs: round(median(trayTimes) - readyMs),
      wantedTrayMs: 700,
      usableMs: round(median(windowTimes)),
      usableBeyondEmptyMs: round(median(windowTimes) - readyMs),
      wantedUsableMs: 1500,
    },
  };
}

async function idle(app: DesktopApp, readyWord: string) {
  const readyMs = round(await app.said(readyWord));
  await delay(SETTLE);
  const pid = app.child.pid ?? 0;
  const before = new Map(
    familyOf(pid).map((each) => [each, { cpu: cpuSecondsOf(each), wakeUps: wakeUpsOf(each) }]),
  );
  const began = performance.now();
  await delay(IDLE);
  const seconds = (performance.now() - began) / SECOND;
  const processes = familyOf(pid).map((each) => {
    const { cpu, wakeUps } = before.get(each) ?? { cpu: 0, wakeUps: 0 };
    return {
      name: nameOf(each),
      pssMb: round(pssMbOf(each)),
      cpuPct: round(((cpuSecondsOf(each) - cpu) / seconds) * 100),
      wakeUpsPerSecond: round((wakeUpsOf(each) - wakeUps) / seconds),
    };
  });
  const total = (of: (each: (typeof processes)[number]) => number) =>
    round(processes.reduce((sum, each) => sum + of(each), 0));
  await app.end();
  return {
    readyMs,
    pssMb: total(({ pssMb }) => pssMb),
    cpuPct: total(({ cpuPct }) => cpuPct),
    wakeUpsPerSecond: total(({ wakeUpsPerSecond }) => wakeUpsPerSecond),
    processes,
  };
}

function environment(on: Screen): Record<string, string> {
  return appEnvironment(on, {
    BELLOWS_DATA_DIR: path.join(folder, "data"),
    BELLOWS_TRAY: "yes",
    BELLOWS_TIMINGS: "1",
    BELLOWS_ENGINE_NODE: process.execPath,
    XDG_CONFIG_HOME: path.join(folder, "config"),
    AITBC_COORDINATOR_URL: devnet.ready.coordinatorUrl,
    AITBC_COORDINATOR_KEY: KEY,
  });
}

/** As bare as an Electron can be: it starts, shows nothing, and waits. */
function emptyElectron() {
  const copy = copyElectron("bench-empty");
  mkdirSync(copy.app, { recursive: true });
  writeFileSync(path.join(copy.app, "package.json"), JSON.stringify({ name: "empty", main: "main.cjs" }));
  const script = `
    const { app } = require("electron");
    app.setPath("userData", ${JSON.stringify(path.join(folder, "empty"))});
    app.disableHardwareAcceleration();
    app.whenReady().then(() => process.stderr.write("timing: ready " + new Date().toISOString() + "\\n"));
    app.on("window-all-closed", () => undefined);
  `;
  writeFileSync(path.join(copy.app, "main.cjs"), script);
  return copy;
}

function nameOf(pid: number): string {
  // Forked from Chromium's zygote, a process has all its words in one string.
  const words = commandOf(pid).join(" ");
  const kind = /--utility-sub-type=(\S+)/.exec(words)?.[1] ?? /--type=(\S+)/.exec(words)?.[1];
  const script = /(\w+\.c?js)\b/.exec(words)?.[1];
  return kind ?? script ?? path.basename(words.split(" ")[0] ?? "");
}
