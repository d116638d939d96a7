/** What has to be done now and then, so that a year of work fits the disk and a bad one can be undone. */
import { DAY, MINUTE } from "../shared/durations.ts";
import { pause } from "../shared/wait.ts";
import { CHATTER_KEPT_MS, CHATTER_KEPT_ROWS } from "./ledger/activity-kept.ts";
import type { Ledger } from "./ledger/ledger.ts";

/** Of each type of event, in one go. */
const EVENTS_AT_ONCE = 1000;

interface Limits {
  readonly ms: number;
  readonly bytes: number;
}
export interface Kept {
  readonly outputs: Limits;
  readonly receipts: Limits;
}

/** Prunes outputs, receipts and chatter of the log every minute, and keeps a snapshot that is young enough; `looked` after each look at that. */
export async function housekeeping(
  ledger: Ledger,
  kept: () => Kept,
  now: () => number,
  looked: () => void,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    await ledger.snapshotIfDue(now());
    looked();
    await pause(MINUTE, signal);
    if (signal.aborted) return;
    ledger.transaction(() => ledger.service.writeHeartbeats(now() - DAY));
    const { outputs, receipts } = kept();
    ledger.results.prune(now() - outputs.ms, outputs.bytes);
    ledger.results.pruneReceipts(now() - receipts.ms, receipts.bytes);
    ledger.activity.prune(now() - CHATTER_KEPT_MS, CHATTER_KEPT_ROWS, EVENTS_AT_ONCE);
  }
}
