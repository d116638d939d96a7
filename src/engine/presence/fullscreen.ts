/**
 * Which program fills the screen. On Linux with X11 (Xwayland's windows too) `xprop -spy` tells each change of the
 * active window as it happens: two small processes that sleep, and none per look. Where there is no X11, or no xprop,
 * it can't be told.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { readFile } from "node:fs/promises";
import { MINUTE, SECOND } from "../../shared/durations.ts";
import { plainEnvironment } from "../../shared/secret-variables.ts";
import { pause } from "../../shared/wait.ts";

/** xprop ends when its window or the X server does; then it is tried again. */
const RETRY = 10 * SECOND;
/** A machine without xprop, or without a window manager, hardly gets one while we run. */
const RETRY_MISSING = MINUTE;

export interface FullscreenApp {
  readonly pid: number | null;
  readonly name: string | null;
}

/** null: can't be told. */
export type FullscreenState = FullscreenApp | "none" | null;

export interface FullscreenOptions {
  readonly env?: NodeJS.ProcessEnv;
  readonly program?: string;
  readonly platform?: NodeJS.Platform;
}

export class FullscreenWatch {
  readonly #options: FullscreenOptions;
  readonly #listeners = new Set<() => void>();
  #state: FullscreenState = null;
  #window: string | null = null;
  #ofWindow: ChildProcess | null = null;

  constructor(options: FullscreenOptions = {}) {
    this.#options = options;
  }

  get state(): FullscreenState {
    return this.#state;
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Until the signal aborts; `wanted` is asked before each try, so that nothing runs for a rule nobody set. */
  async run(wanted: () => boolean, signal: AbortSignal): Promise<void> {
    const { env = process.env, platform = process.platform } = this.#options;
    if (platform !== "linux" || !env.DISPLAY) return;
    while (!signal.aborted) {
      let missing = false;
      if (wanted()) missing = await this.#spyOnRoot(signal);
      this.#follow(null);
      this.#set(null);
      await pause(missing ? RETRY_MISSING : RETRY, signal);
    }
  }

  /** Resolves when xprop has ended; true: there is none, or nothing to watch. */
  #spyOnRoot(signal: AbortSignal): Promise<boolean> {
    return new Promise((resolve) => {
      let nothing = false;
      const child = this.#start(["-root", "-spy", "_NET_ACTIVE_WINDOW"], (line) => {
        // Before a window manager has begun xprop would wait for a name that it does not know: tried again later.
        nothing = line.includes("no such atom");
        if (nothing) child.kill("SIGTERM");
        const window = /^_NET_ACTIVE_WINDOW.*#\s*(0x[0-9a-f]+)/i.exec(line)?.[1];
        if (window === undefined) return;
        this.#follow(Number(window) === 0 ? null : window);
        if (Number(window) === 0) this.#set("none");
      });
      const stop = () => child.kill("SIGTERM");
      signal.addEventListener("abort", stop, { once: true });
      const end = (missing: boolean) => {
        signal.removeEventListener("abort", stop);
        resolve(missing);
      };
      child.once("error", (error: NodeJS.ErrnoException) => end(error.code === "ENOENT"));
      child.once("exit", () => end(nothing));
    });
  }

  /** The window's own state is told by a spy of its own, so that F11 counts without a change of window. */
  #follow(window: string | null): void {
    if (window !== null && window === this.#window) return;
    this.#window = window;
    this.#ofWindow?.kill("SIGTERM");
    this.#ofWindow = null;
    if (window === null) return;
    let app: FullscreenApp = { pid: null, name: null };
    const names = ["_NET_WM_PID", "WM_CLASS", "_NET_WM_STATE"];
    const child = this.#start(["-id", window, "-spy", ...names], (line) => {
      if (this.#ofWindow !== child) return;
      const pid = /^_NET_WM_PID\(CARDINAL\) = (\d+)/.exec(line)?.[1];
      if (pid !== undefined) app = { ...app, pid: Number(pid) };
      const name = /^WM_CLASS\(STRING\) = (?:"[^"]*", )?"([^"]*)"/.exec(line)?.[1];
      if (name !== undefined) app = { ...app, name };
      if (/^_NET_WM_STATE/.test(line)) void this.#note(child, app, line.includes("_NET_WM_STATE_FULLSCREEN"));
    });
    this.#ofWindow = child;
    child.once("error", () => undefined);
    // The window is gone; the root's spy tells the next one.
    child.once("exit", () => this.#ofWindow === child && this.#set("none"));
  }

  async #note(child: ChildProcess, app: FullscreenApp, fullscreen: boolean): Promise<void> {
    if (!fullscreen) return this.#set("none");
    const program = app.pid === null ? null : await programOf(app.pid);
    if (this.#ofWindow === child) this.#set({ pid: app.pid, name: program ?? app.name });
  }

  #set(state: FullscreenState): void {
    if (JSON.stringify(state) === JSON.stringify(this.#state)) return;
    this.#state = state;
    for (const listener of [...this.#listeners]) listener();
  }

  #start(args: readonly string[], onLine: (line: string) => void): ChildProcess {
    const { env = process.env, program = "xprop" } = this.#options;
    const child = spawn(program, args, { env: plainEnvironment(env), stdio: ["ignore", "pipe", "ignore"] });
    let rest = "";
    child.stdout?.setEncoding("utf8");
    child.stdout?.on("data", (text: string) => {
      const lines = `${rest}${text}`.split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) onLine(line.trim());
    });
    return child;
  }
}

async function programOf(pid: number): Promise<string | null> {
  const command = await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "");
  return command.split("\0")[0] || null;
}
