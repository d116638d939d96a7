/**
 * The week's hours in which work is welcome, by the clock on the wall: "22:00" stays 22:00 when daylight saving begins
 * or ends. An hour that the clock skips is not open, one that it repeats is open twice.
 */
import type { PresenceWindow } from "../../shared/contract/presence.ts";
import { DAY, MINUTE } from "../../shared/durations.ts";

const MINUTES_A_DAY = DAY / MINUTE;
const MINUTES_A_WEEK = 7 * MINUTES_A_DAY;
/** A clock is set forward or back by an hour at most (by 30 min on Lord Howe). */
const LONGEST_SHIFT = 120;

/** Minutes since Sunday 00:00 on the wall. */
export function wallMinute(now: number, timeZone?: string): number {
  const parts = formatOf(timeZone).formatToParts(now);
  const part = (type: string) => parts.find((each) => each.type === type)?.value ?? "";
  const day = DAY_NAMES.indexOf(part("weekday"));
  return day * MINUTES_A_DAY + (Number(part("hour")) % 24) * 60 + Number(part("minute"));
}

/** Without windows it is always open. */
export function isOpen(windows: readonly PresenceWindow[], now: number, timeZone?: string): boolean {
  if (windows.length === 0) return true;
  const minute = wallMinute(now, timeZone);
  return spansOf(windows).some(([from, to]) => isWithin(minute, from, to));
}

/** When the next window opens, unix ms, to the minute; null: it is open, or never opens. */
export function nextOpening(
  windows: readonly PresenceWindow[],
  now: number,
  timeZone?: string,
): number | null {
  if (isOpen(windows, now, timeZone)) return null;
  const minute = wallMinute(now, timeZone);
  const thisMinute = Math.floor(now / MINUTE) * MINUTE;
  const thisWeek = spansOf(windows).map(([from]) => (from - minute + MINUTES_A_WEEK) % MINUTES_A_WEEK);
  // An hour that the clock skips this week opens the week after.
  const waits = [...thisWeek, ...thisWeek.map((wait) => wait + MINUTES_A_WEEK)];
  // A clock that is set meanwhile moves the opening by as much; the earliest true one is looked for around each.
  const found = waits.flatMap((wait) => {
    const guess = thisMinute + wait * MINUTE;
    for (let shift = -LONGEST_SHIFT; shift <= LONGEST_SHIFT; shift += 15) {
      const at = guess + shift * MINUTE;
      if (at > now && isOpen(windows, at, timeZone)) return [startOf(windows, at, now, timeZone)];
    }
    return [];
  });
  return found.length === 0 ? null : Math.min(...found);
}

/** The first minute of the window that is open at `at`, not before `now`. */
function startOf(windows: readonly PresenceWindow[], at: number, now: number, timeZone?: string): number {
  let start = at;
  while (start - MINUTE > now && isOpen(windows, start - MINUTE, timeZone)) start -= MINUTE;
  return start;
}

/** Minutes of the week from (inclusive) to (exclusive); `to` may lie beyond the week's end. */
function spansOf(windows: readonly PresenceWindow[]): [number, number][] {
  return windows.flatMap(({ days, from, to }) => {
    const begin = minuteOfDay(from);
    const end = minuteOfDay(to);
    const length = end > begin ? end - begin : end - begin + MINUTES_A_DAY;
    return days.map((day): [number, number] => {
      const start = day * MINUTES_A_DAY + begin;
      return [start, start + length];
    });
  });
}

function isWithin(minute: number, from: number, to: number): boolean {
  return (minute >= from && minute < to) || minute + MINUTES_A_WEEK < to;
}

function minuteOfDay(time: string): number {
  const [hours = "0", minutes = "0"] = time.split(":");
  return Number(hours) * 60 + Number(minutes);
}

const DAY_NAMES = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
const formats = new Map<string, Intl.DateTimeFormat>();

function formatOf(timeZone: string | undefined): Intl.DateTimeFormat {
  const key = timeZone ?? "";
  const known = formats.get(key);
  if (known) return known;
  const format = new Intl.DateTimeFormat("en-US", {
    ...(timeZone === undefined ? {} : { timeZone }),
    weekday: "short",
    hour: "2-digit",
    minute: "2-digit",
    hourCycle: "h23",
  });
  formats.set(key, format);
  return format;
}
