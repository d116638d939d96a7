/**
 * How often the GPUs are asked. Often while somebody looks or a job runs, seldom else; and a GPU that can sleep is
 * left time to fall asleep on a battery, because asking one every 2 s keeps a laptop's at 20–25 W for nothing.
 */
import { SECOND } from "../../shared/durations.ts";

const BUSY = SECOND;
/** A GPU that was left to somebody else should not stay idle for long after they are gone. */
const WAITING = 5 * SECOND;
const IDLE = 30 * SECOND;

export interface Attention {
  /** A window (or anybody else) shows the readings. */
  readonly watched: boolean;
  /** A GPU rests for what its own readings tell: it goes on when they say so. */
  readonly waiting: boolean;
  /** A job runs on one of the devices. */
  readonly working: boolean;
}

export interface Cadence {
  /** From the end of one reading to the begin of the next, ms. */
  readonly everyMs: number;
  /** Hold the driver open between readings? A GPU held open does not sleep. */
  readonly holdOpen: boolean;
}

/** What the system may do with a GPU that nobody uses. */
export interface SleepFacts {
  /** It may switch it off by itself. */
  readonly maySleep: boolean;
  /** The machine runs on its battery now; null: not known. */
  readonly onBattery: boolean | null;
}

export function cadenceOf({ watched, working, waiting }: Attention, sleep: SleepFacts): Cadence {
  if (working) return { everyMs: BUSY, holdOpen: true };
  // At the plug whoever looks is worth the watts; a closed window lets it fall asleep again.
  if (sleep.maySleep && watched && sleep.onBattery === false) return { everyMs: BUSY, holdOpen: false };
  if (sleep.maySleep) return { everyMs: IDLE, holdOpen: false };
  return { everyMs: watched ? BUSY : waiting ? WAITING : IDLE, holdOpen: true };
}
