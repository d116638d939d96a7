/** What has to be done now and then, so that a year of work fits the disk and a bad one can be undone. */
import { DAY, MINUTE } from "../shared/durations.ts";
import { pause } from "../shared/wait.ts";
import type { Ledger } from "./ledger/ledger.ts";

interface Limits {
  readonly ms: number;
  readonly bytes: number;
}
export interface Kept {
  readonly outputs: Limits;
  readonly receipts: Limits;
}

/** Prunes outputs and receipts every minute, and keeps a snapshot that is young enough. */
export async function housekeeping(
  ledger: Ledger,
  kept: () => Kept,
  now: () => number,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    await ledger.snapshotIfDue(now());
    await pause(MINUTE, signal);
    if (signal.aborted) return;
    ledger.service.forgetHeartbeats(now() - DAY);
    const { outputs, receipts } = kept();
    ledger.results.prune(now() - outputs.ms, outputs.bytes);
    ledger.results.pruneReceipts(now() - receipts.ms, receipts.bytes);
  }
}
