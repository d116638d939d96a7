/**
 * Ctrl-C and SIGTERM: the first asks for an orderly end, the second does not wait any longer. A parent that ends without
 * a word (`npm start`, killed) asks as SIGTERM does.
 */

const KILLED_BY_SIGINT = 130;
const STOP_SIGNALS = ["SIGINT", "SIGTERM"] as const;

export interface StopSignals extends Disposable {
  /** Aborts at the first signal. */
  readonly asked: AbortSignal;
  /** Resolves at the first signal. */
  readonly whenAsked: Promise<void>;
  /** The first signal; null: none came yet. */
  readonly name: (typeof STOP_SIGNALS)[number] | null;
}

/** `onSecond` runs at the second signal, right before this process exits with code 130. */
export function listenForStop(onSecond: () => void): StopSignals {
  const controller = new AbortController();
  const whenAsked = new Promise<void>((resolve) => {
    controller.signal.addEventListener("abort", () => resolve(), { once: true });
  });
  let first: (typeof STOP_SIGNALS)[number] | null = null;
  const onSignal = (name: NodeJS.Signals) => {
    if (!controller.signal.aborted) {
      first = STOP_SIGNALS.find((known) => known === name) ?? null;
      controller.abort(new DOMException("Asked to stop", "AbortError"));
      return;
    }
    onSecond();
    process.exit(KILLED_BY_SIGINT);
  };
  const onParentGone = () => {
    if (!controller.signal.aborted) onSignal("SIGTERM");
  };
  for (const name of STOP_SIGNALS) process.on(name, onSignal);
  process.on("disconnect", onParentGone);
  return {
    asked: controller.signal,
    whenAsked,
    get name() {
      return first;
    },
    [Symbol.dispose]() {
      for (const name of STOP_SIGNALS) process.off(name, onSignal);
      process.off("disconnect", onParentGone);
    },
  };
}
