/**
 * Ctrl-C and SIGTERM: the first asks for an orderly end, the second does not wait any longer. A parent that ends without
 * a word (`npm start`, killed) asks as SIGTERM does, a terminal that is closed as Ctrl-C does. One key press may come
 * twice: from the terminal to the whole group, and passed on by whoever started us.
 */
import { MILLISECOND } from "../shared/durations.ts";
import { watchTerminal } from "./controlling-terminal.ts";

const KILLED_BY_SIGINT = 130;
/** A second signal this soon is the first one's echo: no person is that fast. */
const ECHO = 300 * MILLISECOND;
const STOP_SIGNALS = ["SIGINT", "SIGTERM"] as const;
export type StopName = (typeof STOP_SIGNALS)[number] | "SIGHUP";

export interface StopSignals extends Disposable {
  /** Aborts at the first signal. */
  readonly asked: AbortSignal;
  /** Resolves at the first signal. */
  readonly whenAsked: Promise<void>;
  /** The first signal; SIGHUP: the terminal is gone; null: none came yet. */
  readonly name: StopName | null;
}

const ignore = () => undefined;

/**
 * `onSecond` runs at the second signal, right before this process exits with code 130. `onHangup`: what SIGHUP means
 * while there is a terminal, or never was one; without it, it asks for the end as well.
 */
export function listenForStop(onSecond: () => void, onHangup?: () => void): StopSignals {
  const isTerminalGone = watchTerminal();
  const controller = new AbortController();
  const whenAsked = new Promise<void>((resolve) => {
    controller.signal.addEventListener("abort", () => resolve(), { once: true });
  });
  let first: StopName | null = null;
  let askedAt = 0;
  const stop = (name: StopName) => {
    first = name;
    askedAt = performance.now();
    controller.abort(new DOMException("Asked to stop", "AbortError"));
  };
  const onSignal = (signal: NodeJS.Signals) => {
    const name = STOP_SIGNALS.find((known) => known === signal);
    if (name === undefined) return;
    if (!controller.signal.aborted) return stop(name);
    if (performance.now() - askedAt < ECHO) return;
    onSecond();
    process.exit(KILLED_BY_SIGINT);
  };
  const onParentGone = () => {
    if (!controller.signal.aborted) stop("SIGTERM");
  };
  // Never a second signal: the shell and the kernel may both tell of one terminal.
  const onHangUp = () => {
    if (onHangup !== undefined && !isTerminalGone()) onHangup();
    else if (!controller.signal.aborted) stop("SIGHUP");
  };
  for (const name of STOP_SIGNALS) process.on(name, onSignal);
  process.on("SIGHUP", onHangUp);
  process.on("disconnect", onParentGone);
  return {
    asked: controller.signal,
    whenAsked,
    get name() {
      return first;
    },
    [Symbol.dispose]() {
      for (const name of STOP_SIGNALS) process.off(name, onSignal);
      // What is left to do is to exit, with the code that says how it went.
      if (!process.listeners("SIGHUP").includes(ignore)) process.on("SIGHUP", ignore);
      process.off("SIGHUP", onHangUp);
      process.off("disconnect", onParentGone);
    },
  };
}
