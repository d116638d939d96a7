/**
 * An engine that waits gives back what it no longer uses: V8 collects the old part of its heap when that has grown a
 * lot, which with little work takes hours, and until then each minute of polls and heartbeats stays in memory. Asked for
 * the last resort, it also hands empty pages back to the system; that takes 30 ms.
 */
import { MINUTE } from "../shared/durations.ts";
import { pause, toBeat } from "../shared/wait.ts";

/** What the start needed is garbage by then. */
const FIRST = 2 * MINUTE;
const EVERY = 10 * MINUTE;

/** `collect`: undefined where the process was not started with --expose-gc (host/engine-node.ts). */
export async function keepSmall(
  isIdle: () => boolean,
  signal: AbortSignal,
  collect: (() => void) | undefined = lastResort(),
): Promise<void> {
  if (collect === undefined) return;
  for (let wait = FIRST; !signal.aborted; wait = EVERY) {
    await pause(toBeat(wait), signal);
    if (!signal.aborted && isIdle()) collect();
  }
}

function lastResort(): (() => void) | undefined {
  const { gc } = globalThis;
  return gc && (() => void gc({ type: "major", execution: "sync", flavor: "last-resort" }));
}
