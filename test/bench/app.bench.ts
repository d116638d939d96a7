/**
 * What the desktop app costs while it does nothing, measured against an Electron without any app in the same run: memory
 * as proportional set size over all its processes, processor time, and how soon it is there. The market is a devnet
 * outside the app that has no work. Linux only: it reads /proc.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { startDevnet } from "../../src/devnet/devnet.ts";
import { MINUTE, SECOND } from "../../src/shared/durations.ts";
import { delay } from "../../src/shared/wait.ts";
import {
  appEnvironment,
  electronFile,
  exitOf,
  openScreen,
  REPOSITORY,
  type Screen,
} from "../e2e/ui/electron-app.ts";
import { copyElectron } from "../e2e/ui/electron-copy.ts";
import { benchOptions, median, report, round } from "./measure.ts";

const KEY = "miner-key-of-the-bench-0123456789";
/** Until start-up's work is done and garbage collected: measured earlier, figures fall for half a minute. */
const SETTLE = 20 * SECOND;
const IDLE = 60 * SECOND;
const TICKS_PER_SECOND = 100;
const SANDBOX = process.getuid?.() === 0 ? ["--no-sandbox"] : [];

interface Started {
  readonly child: ChildProcess;
  /** Resolves with the milliseconds the app names for `what`. */
  timing(what: string): Promise<number>;
}

const options = benchOptions(3);
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
  const empty = await idle(start(probe.executable, on, ["--hidden"]), "ready");
  const tray = await idle(start(electronFile ?? "", on, ["--hidden"]), "tray");
  const window = await idle(start(electronFile ?? "", on, []), "interactive");
  const trayTimes: number[] = [];
  const windowTimes: number[] = [];
  for (let index = 0; index < options.rounds; index++) {
    const started = start(electronFile ?? "", on, []);
    trayTimes.push(await started.timing("tray"));
    windowTimes.push(await started.timing("interactive"));
    await end(started.child);
  }
  return {
    note: "The engine runs on a Node of its own here, because this Electron is too old for it; PSS in MB.",
    empty,
    tray: { ...tray, beyondEmptyMb: round(tray.pssMb - empty.pssMb), wantedBeyondMb: 110, wantedCpuPct: 0.3 },
    window: { ...window, beyondEmptyMb: round(window.pssMb - empty.pssMb), wantedBeyondMb: 220 },
    warmStart: {
      rounds: options.rounds,
      trayMs: median(trayTimes),
      wantedTrayMs: 700,
      interactiveMs: median(windowTimes),
      wantedInteractiveMs: 1500,
    },
  };
}

async function idle(started: Started, readyWord: string) {
  const readyMs = await started.timing(readyWord);
  await delay(SETTLE);
  const pid = started.child.pid ?? 0;
  const before = ticksOf(pid);
  const began = Date.now();
  await delay(IDLE);
  const cpuPct = ((ticksOf(pid) - before) / TICKS_PER_SECOND / ((Date.now() - began) / SECOND)) * 100;
  const processes = familyOf(pid).map((each) => ({ name: nameOf(each), pssMb: round(pssOf(each)) }));
  const pssMb = round(processes.reduce((sum, each) => sum + each.pssMb, 0));
  await end(started.child);
  return { readyMs, pssMb, cpuPct: round(cpuPct), processes };
}

function start(executable: string, on: Screen, args: readonly string[]): Started {
  const env = appEnvironment(on, {
    BELLOWS_DATA_DIR: path.join(folder, "data"),
    BELLOWS_TRAY: "yes",
    BELLOWS_TIMINGS: "1",
    BELLOWS_ENGINE_NODE: process.execPath,
    XDG_CONFIG_HOME: path.join(folder, "config"),
    AITBC_COORDINATOR_URL: devnet.ready.coordinatorUrl,
    AITBC_COORDINATOR_KEY: KEY,
  });
  const child = spawn(executable, [...SANDBOX, ...args], { env, stdio: ["ignore", "ignore", "pipe"] });
  const timings = new Map<string, number>();
  let rest = "";
  child.stderr.on("data", (chunk: Buffer) => {
    rest += chunk.toString("utf8");
    for (const [, what = "", ms] of rest.matchAll(/^timing: (\w+) (\d+) ms$/gm))
      timings.set(what, Number(ms));
  });
  return {
    child,
    async timing(what) {
      const deadline = Date.now() + MINUTE;
      while (!timings.has(what)) {
        if (Date.now() > deadline || child.exitCode !== null) throw new Error(`No "${what}" came:\n${rest}`);
        await delay(10);
      }
      return timings.get(what) ?? Number.NaN;
    },
  };
}

async function end(child: ChildProcess): Promise<void> {
  const gone = exitOf(child);
  child.kill("SIGTERM");
  const late = setTimeout(() => child.kill("SIGKILL"), 20 * SECOND);
  await gone;
  clearTimeout(late);
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
    app.whenReady().then(() => {
      const ms = Math.round(Date.now() - process.getCreationTime());
      process.stderr.write("timing: ready " + ms + " ms\\n");
    });
    app.on("window-all-closed", () => undefined);
  `;
  writeFileSync(path.join(copy.app, "main.cjs"), script);
  return copy;
}

function familyOf(root: number): number[] {
  const parents = new Map<number, number>();
  for (const name of readdirSync("/proc")) {
    const pid = Number(name);
    const parent = Number.isInteger(pid) ? statOf(pid)?.[1] : undefined;
    if (parent !== undefined) parents.set(pid, Number(parent));
  }
  const family = [root];
  for (const pid of family) for (const [child, parent] of parents) if (parent === pid) family.push(child);
  return family;
}

/** Fields of /proc/PID/stat from the state on: state, parent, …; null: the process is gone. */
function statOf(pid: number): readonly string[] | null {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, "utf8");
    return text.slice(text.lastIndexOf(")") + 2).split(" ");
  } catch {
    return null;
  }
}

/** User and system time of the whole family, in ticks. */
function ticksOf(root: number): number {
  return familyOf(root).reduce((sum, pid) => {
    const stat = statOf(pid);
    return sum + Number(stat?.[11] ?? 0) + Number(stat?.[12] ?? 0);
  }, 0);
}

function pssOf(pid: number): number {
  try {
    const text = readFileSync(`/proc/${pid}/smaps_rollup`, "utf8");
    return Number(/^Pss:\s+(\d+) kB/m.exec(text)?.[1] ?? 0) / 1024;
  } catch {
    return 0;
  }
}

function nameOf(pid: number): string {
  try {
    // Forked from Chromium's zygote, a process has all its words in one string.
    const words = readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ").trim();
    const kind = /--utility-sub-type=(\S+)/.exec(words)?.[1] ?? /--type=(\S+)/.exec(words)?.[1];
    const script = /(\w+\.c?js)\b/.exec(words)?.[1];
    return kind ?? script ?? path.basename(words.split(" ")[0] ?? "");
  } catch {
    return "gone";
  }
}
