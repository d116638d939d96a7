/**
 * How often the GPUs are asked. Often while somebody looks or a job runs, seldom else; and a GPU that can sleep is
 * left time to fall asleep, because asking one every 2 s keeps a laptop's at 20–25 W for nothing.
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

export function cadenceOf({ watched, working, waiting }: Attention, maySleep: boolean): Cadence {
  if (working) return { everyMs: BUSY, holdOpen: true };
  if (maySleep) return { everyMs: IDLE, holdOpen: false };
  return { everyMs: watched ? BUSY : waiting ? WAITING : IDLE, holdOpen: true };
}
