/**
 * Keeps one process alive: starts it, waits until it says that it is ready, starts it again when it ends unasked.
 *
 *   stopped ──start──▶ starting ──ready──▶ up ──unexpected end──▶ restarting ──ready──▶ up
 *                          └──────── unexpected end ─────────────────▲  └──▲ unexpected end
 *   any ──stop──▶ stopped        5 quick crashes in a row, or a fatal error that trying again can't cure ──▶ failed
 *                                (what passes by itself, like a full disk, is waited for however long it takes)
 *
 * The first restart comes at once, so that a killed process is back within a second; after that 1, 2, 4 … 60 s,
 * until it has stayed up for a minute. `failed` is left by `retry` (a person) or `stop`.
 */
import { FatalSchema, type StartNews } from "../shared/config.ts";
import { MILLISECOND, MINUTE, SECOND } from "../shared/durations.ts";
import { AppError, type ErrorValue, isAbort, toErrorValue } from "../shared/errors.ts";
import { RESTART_WANTED } from "../shared/restart.ts";
import { backoffMs, delay } from "../shared/wait.ts";
import type { Spoken } from "../shared/words/said.ts";
import type { ManagedProcess, ProcessExit, ProcessHost, ProcessSpec } from "./process-host.ts";
import { StartTimer } from "./start-timer.ts";
import { causeFromStderr } from "./stderr-cause.ts";

export type SupervisorStateName = "starting" | "up" | "restarting" | "failed" | "stopped";

export interface SupervisorState {
  readonly state: SupervisorStateName;
  /** Why it restarts or failed, in words; null while all is well. */
  readonly reason: string | null;
  /** The child's own last word, when it had one. */
  readonly error: ErrorValue | null;
  /** Unasked-for starts since `start` or `retry`. */
  readonly restarts: number;
  readonly pid: number | null;
  /** What a start that takes long is at; absent: nothing was told of it. */
  readonly doing?: Spoken;
}

export interface SupervisorTimings {
  /** From spawn, or from the last word of its start, to the ready message. */
  readonly readyWithin: number;
  /** From the wish to stop to SIGKILL. */
  readonly stopWithin: number;
  readonly firstRestart: number;
  readonly restartBase: number;
  readonly restartCap: number;
  /** Up for this long: the back-off begins anew. */
  readonly stableAfter: number;
  /** Ended sooner than this after its spawn: a quick crash. */
  readonly quickCrash: number;
  readonly quickCrashLimit: number;
}

export const SUPERVISOR_TIMINGS: SupervisorTimings = {
  readyWithin: 30 * SECOND,
  stopWithin: 10 * SECOND,
  firstRestart: 100 * MILLISECOND,
  restartBase: SECOND,
  restartCap: MINUTE,
  stableAfter: MINUTE,
  quickCrash: 5 * SECOND,
  quickCrashLimit: 5,
};

export interface SupervisorOptions {
  readonly host: ProcessHost;
  /** Asked before each start, so that a setting changed meanwhile holds. */
  readonly spec: () => ProcessSpec;
  /** Called right after each spawn: sends the first message. */
  readonly configure: (child: ManagedProcess) => void;
  readonly isReady: (message: unknown) => boolean;
  /** What a process says of a start that takes long, and how long it may say nothing after that, ms. */
  readonly startNews?: (message: unknown) => StartNews | null;
  /**
   * What ended it may pass by itself (a full disk): asked before each new start what still stands in its way, null for
   * nothing. However often that happens, it is tried again. null: it is no such thing.
   */
  readonly obstacle?: (error: ErrorValue) => (() => ErrorValue | null) | null;
  /** It ended because it wants to be started again with other settings: called before that, may throw. */
  readonly beforeWantedRestart?: (signal: AbortSignal) => Promise<void>;
  /** How the process is asked to end; default SIGTERM. */
  readonly askToStop?: (child: ManagedProcess) => void;
  readonly timings?: Partial<SupervisorTimings>;
}

/** How one life of the process ended. */
interface Life {
  readonly exit: ProcessExit;
  readonly error: ErrorValue | null;
  readonly reason: string;
  /** From spawn to exit, ms. */
  readonly lasted: number;
}

export class Supervisor {
  readonly #options: SupervisorOptions;
  readonly #timings: SupervisorTimings;
  readonly #listeners = new Set<(state: SupervisorState) => void>();
  #state: SupervisorState = { state: "stopped", reason: null, error: null, restarts: 0, pid: null };
  #child: ManagedProcess | null = null;
  #stopping = new AbortController();
  #loop: Promise<void> = Promise.resolve();

  constructor(options: SupervisorOptions) {
    this.#options = options;
    this.#timings = { ...SUPERVISOR_TIMINGS, ...options.timings };
  }

  get state(): SupervisorState {
    return this.#state;
  }

  /** The process of this moment, ready or not; null between two lives. */
  get child(): ManagedProcess | null {
    return this.#child;
  }

  /** Called on every change, not for the present state. Returns the unsubscribe function. */
  onState(listener: (state: SupervisorState) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Does nothing while it already runs. */
  start(): void {
    if (this.#state.state !== "stopped" && this.#state.state !== "failed") return;
    this.#stopping = new AbortController();
    const { signal } = this.#stopping;
    this.#publish({ state: "starting", reason: null, error: null, restarts: 0, pid: null });
    this.#loop = this.#keepAlive(signal).catch((thrown: unknown) => {
      if (!isAbort(thrown)) this.#fail(toErrorValue(thrown).message, toErrorValue(thrown));
    });
  }

  /** By hand, after `failed`. */
  retry(): void {
    if (this.#state.state === "failed") this.start();
  }

  /** Resolves with the ready process; rejects when it fails or is stopped first, or with the signal's reason. */
  whenUp(signal?: AbortSignal): Promise<ManagedProcess> {
    return new Promise((resolve, reject) => {
      const settle = (act: () => void) => {
        stopListening();
        signal?.removeEventListener("abort", onAbort);
        act();
      };
      const check = (state: SupervisorState) => {
        const child = this.#child;
        if (state.state === "up" && child) settle(() => resolve(child));
        if (state.state === "failed" || state.state === "stopped") settle(() => reject(notUp(state)));
      };
      const onAbort = () => settle(() => reject(signal?.reason));
      const stopListening = this.onState(check);
      signal?.addEventListener("abort", onAbort, { once: true });
      if (signal?.aborted) onAbort();
      else check(this.#state);
    });
  }

  /** Asks the process to end, kills it after the deadline; resolves when it is gone. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    const child = this.#child;
    if (child) await this.#end(child);
    await this.#loop;
    this.#publish({ state: "stopped", reason: null, error: null, restarts: this.#state.restarts, pid: null });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  async #keepAlive(signal: AbortSignal): Promise<void> {
    let failures = 0;
    let quickCrashes = 0;
    for (let restarts = 0; ; restarts++) {
      const life = await this.#live(restarts, signal);
      if (signal.aborted) return;
      if (life.exit.code === RESTART_WANTED && life.error === null) {
        [failures, quickCrashes] = [0, 0];
        const reason = "It starts again with other settings";
        this.#publish({ state: "restarting", reason, error: null, restarts: restarts + 1, pid: null });
        await this.#options.beforeWantedRestart?.(signal);
        continue;
      }
      const obstacle = (life.error && this.#options.obstacle?.(life.error)) ?? null;
      const mayPass = obstacle !== null;
      if (life.error && !mayPass && !isCurableByRestart(life.error))
        return this.#fail(life.reason, life.error);
      quickCrashes = !mayPass && life.lasted < this.#timings.quickCrash ? quickCrashes + 1 : 0;
      if (quickCrashes >= this.#timings.quickCrashLimit) {
        return this.#fail(
          `It ended ${quickCrashes} times in a row right after its start. ${life.reason}`,
          life.error,
        );
      }
      failures = life.lasted >= this.#timings.stableAfter ? 1 : failures + 1;
      this.#publish({
        state: "restarting",
        reason: life.reason,
        error: life.error,
        restarts: restarts + 1,
        pid: null,
      });
      await delay(this.#pauseBeforeRestart(failures), signal);
      if (obstacle !== null) await this.#untilGone(obstacle, restarts + 1, signal);
    }
  }

  /** Looked at with the usual back-off, and told of for as long as it is there. */
  async #untilGone(obstacle: () => ErrorValue | null, restarts: number, signal: AbortSignal): Promise<void> {
    for (let looks = 1; ; looks++) {
      const error = obstacle();
      if (error === null) return;
      this.#publish({ state: "restarting", reason: error.message, error, restarts, pid: null });
      await delay(this.#pauseBeforeRestart(looks + 1), signal);
    }
  }

  /** One life of the process, from spawn to exit. */
  async #live(restarts: number, signal: AbortSignal): Promise<Life> {
    const { host, configure, isReady, startNews } = this.#options;
    const spec = this.#options.spec();
    const startedAt = performance.now();
    const child = host.spawn(spec);
    this.#child = child;
    let error: ErrorValue | null = null;

    this.#publish({ ...this.#state, restarts, pid: child.pid ?? null });
    const startTimer = new StartTimer(this.#timings.readyWithin, () => child.kill("SIGKILL"));
    const stopMessages = child.onMessage((message) => {
      const fatal = FatalSchema.safeParse(message);
      if (fatal.success) error = toErrorValue(AppError.fromValue(fatal.data.error));
      if (signal.aborted || this.#child !== child) return;
      const news = startNews?.(message) ?? null;
      if (news !== null && startTimer.hear(news)) this.#publish({ ...this.#state, doing: news.doing });
      if (!isReady(message)) return;
      startTimer.stop();
      this.#publish({ state: "up", reason: null, error: null, restarts, pid: child.pid ?? null });
    });
    configure(child);

    const exit = await child.exited;
    startTimer.stop();
    stopMessages();
    this.#child = null;
    const tooSlow = startTimer.complaint;
    const reason =
      tooSlow === null ? describeEnd(spec.name, exit, error, child.stderrTail()) : `${spec.name} ${tooSlow}`;
    return { exit, error, reason, lasted: performance.now() - startedAt };
  }

  async #end(child: ManagedProcess): Promise<void> {
    const kill = setTimeout(() => child.kill("SIGKILL"), this.#timings.stopWithin);
    if (this.#options.askToStop) this.#options.askToStop(child);
    else child.kill("SIGTERM");
    await child.exited;
    clearTimeout(kill);
  }

  #pauseBeforeRestart(failures: number): number {
    const { firstRestart, restartBase, restartCap } = this.#timings;
    return failures === 1 ? firstRestart : backoffMs(failures - 1, { base: restartBase, cap: restartCap });
  }

  #fail(reason: string, error: ErrorValue | null): void {
    this.#publish({ state: "failed", reason, error, restarts: this.#state.restarts, pid: null });
  }

  #publish(state: SupervisorState): void {
    this.#state = state;
    for (const listener of [...this.#listeners]) listener(state);
  }
}

/** A wrong setting or a bug is the same after a restart; a machine, network or market may have changed. */
function isCurableByRestart(error: ErrorValue): boolean {
  return error.actor !== "user" && error.actor !== "bug";
}

/** The end of a process in one sentence, with the best cause there is: its own word, or what stderr tells. */
export function describeEnd(
  name: string,
  exit: ProcessExit,
  error: ErrorValue | null,
  stderr: string,
): string {
  if (error) return error.message;
  const how =
    exit.signal !== null
      ? `${name} was ended by ${exit.signal}`
      : exit.code === null
        ? `${name} could not be started`
        : `${name} ended with exit code ${exit.code}`;
  const cause = causeFromStderr(stderr);
  return cause ? `${how}: ${cause}` : how;
}

function notUp(state: SupervisorState): AppError {
  if (state.error) return AppError.fromValue(state.error);
  return new AppError({
    code: "PROCESS_NOT_UP",
    message: state.reason ?? "The process was stopped",
    actor: "machine",
    retryable: true,
  });
}
