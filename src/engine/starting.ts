/**
 * What a start is doing that may take long: whoever waits for it shows it, and waits on. A ledger of gigabytes on a cold
 * disk is read through after a power cut, and each model is read once before it is trusted; neither is a hanging start.
 */
import type { CatalogueModel } from "../shared/catalogue.ts";
import type { StartNews } from "../shared/config.ts";
import { MIB, SECOND } from "../shared/durations.ts";
import { say } from "../shared/words/said.ts";

/** Resolves once it was told: what is done next may keep this process from saying anything. */
export type TellStart = (news: StartNews) => Promise<void>;

/** Nobody waits for this start, or nobody listens. */
export const untold: TellStart = () => Promise.resolve();

/** A ledger is read in the order of its tables, on the slowest of disks not faster than this, bytes per second. */
const SLOWEST = MIB;
/** In small steps a start says how far it is; silent for longer than this, it hangs. */
const BETWEEN_STEPS = 30 * SECOND;
const TELL_EVERY = SECOND;

/** One long step of SQLite's, during which nothing can be said. */
export function readingLedger(bytes: number): StartNews {
  return { doing: say("startReadingLedger", { size: inGigabytes(bytes) }), patienceMs: patienceFor(bytes) };
}

export function upgradingLedger(bytes: number): StartNews {
  return { doing: say("startUpgradingLedger", { size: inGigabytes(bytes) }), patienceMs: patienceFor(bytes) };
}

/** Its copies are read through, newest first, and a good one is copied. */
export function restoringLedger(bytes: number): StartNews {
  return { doing: say("startRestoringLedger"), patienceMs: 4 * patienceFor(bytes) };
}

/** Tells once a second which model is read, and how much of it was; of what is done within one, nothing. */
export function tellModelChecks(tell: TellStart): (model: CatalogueModel, bytesRead: number) => void {
  let toldAt = performance.now();
  return ({ id, files }, bytesRead) => {
    const at = performance.now();
    if (at - toldAt < TELL_EVERY) return;
    toldAt = at;
    const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
    const percent = Math.min(100, Math.floor((bytesRead / bytes) * 100));
    void tell({ doing: say("startCheckingModel", { model: id, percent }), patienceMs: BETWEEN_STEPS });
  };
}

function patienceFor(bytes: number): number {
  return BETWEEN_STEPS + Math.ceil(bytes / SLOWEST) * SECOND;
}

/** Two digits that count: "0.4", "12". */
function inGigabytes(bytes: number): number {
  return Number((bytes / 1e9).toPrecision(2));
}
