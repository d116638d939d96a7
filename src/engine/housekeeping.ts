/** What has to be done now and then, so that a year of work fits the disk and a bad one can be undone. */
import type { EngineConfig } from "../shared/config.ts";
import { DAY, HOUR, MINUTE } from "../shared/durations.ts";
import { pause } from "../shared/wait.ts";
import type { Ledger } from "./ledger/ledger.ts";

/** Prunes outputs every minute and keeps an hourly snapshot. */
export async function housekeeping(
  ledger: Ledger,
  config: EngineConfig,
  now: () => number,
  signal: AbortSignal,
): Promise<void> {
  for (let minute = 1; !signal.aborted; minute++) {
    await pause(MINUTE, signal);
    if (signal.aborted) return;
    ledger.service.forgetHeartbeats(now() - DAY);
    ledger.results.prune(now() - config.keepOutputs.days * DAY, config.keepOutputs.bytes);
    if (minute % (HOUR / MINUTE) === 0) ledger.snapshot(now());
  }
}
