/** Ages, durations and times of day in words. All take unix milliseconds. */
import { DAY, HOUR, MINUTE, SECOND } from "../../shared/durations.ts";

/** "3 s ago"; a future or present moment is "just now". */
export function formatAge(at: number, now: number): string {
  const age = now - at;
  return age < SECOND ? "just now" : `${coarse(age)} ago`;
}

/** "8 s", "3 min", "5 h", "2 d": one unit, rounded down, so an age is never shown older than it is. */
export function coarse(duration: number): string {
  if (duration < MINUTE) return `${Math.max(0, Math.floor(duration / SECOND))} s`;
  if (duration < HOUR) return `${Math.floor(duration / MINUTE)} min`;
  if (duration < DAY) return `${Math.floor(duration / HOUR)} h`;
  return `${Math.floor(duration / DAY)} d`;
}

/** "3 d 4 h", "2 h 5 min", "41 s": the two largest units. */
export function formatDuration(duration: number): string {
  if (duration < MINUTE) return coarse(duration);
  if (duration < HOUR) return `${Math.floor(duration / MINUTE)} min`;
  if (duration < DAY) return `${Math.floor(duration / HOUR)} h ${Math.floor((duration % HOUR) / MINUTE)} min`;
  return `${Math.floor(duration / DAY)} d ${Math.floor((duration % DAY) / HOUR)} h`;
}

/** A step between two moments, exact where it is short: "38 ms", "1.24 s", "2 min". */
export function formatStep(duration: number): string {
  if (duration < SECOND) return `${Math.max(0, Math.round(duration))} ms`;
  if (duration < MINUTE) return `${(duration / SECOND).toFixed(2)} s`;
  return formatDuration(duration);
}

const CLOCK = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit" });
const DATE = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", year: "numeric" });

/** Local time of day, "14:03:59". */
export const formatClock = (at: number): string => CLOCK.format(at);

/** Local date and time, "21 Nov 2026, 14:03:59". */
export const formatMoment = (at: number): string => `${DATE.format(at)}, ${CLOCK.format(at)}`;
