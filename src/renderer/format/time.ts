/** Ages, durations and times of day in words. All take unix milliseconds. */

import { DAY, HOUR, MINUTE, SECOND } from "../../shared/durations.ts";
import { currentLanguage, t } from "../../shared/words/words.ts";
import { showNumber } from "./reading.ts";

/** "3 s ago"; a future or present moment is "just now". */
export function formatAge(at: number, now: number): string {
  const age = now - at;
  return age < SECOND ? t("shell.justNow") : t("shell.ago", { time: coarse(age) });
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
  if (duration < MINUTE) return `${showNumber(duration / SECOND, 2)} s`;
  return formatDuration(duration);
}

const FORMATS = {
  clock: { hour: "2-digit", minute: "2-digit", second: "2-digit" },
  date: { day: "numeric", month: "short", year: "numeric" },
  minute: { hour: "2-digit", minute: "2-digit" },
  weekday: { weekday: "short", hour: "2-digit", minute: "2-digit" },
} as const satisfies Record<string, Intl.DateTimeFormatOptions>;

const formats = new Map<string, Intl.DateTimeFormat>();

/** Kept by language: making one is dear. British English, so that the day comes before the month. */
function formatOf(kind: keyof typeof FORMATS): Intl.DateTimeFormat {
  const language = currentLanguage() === "de" ? "de-DE" : "en-GB";
  const key = `${language} ${kind}`;
  const format = formats.get(key) ?? new Intl.DateTimeFormat(language, FORMATS[kind]);
  formats.set(key, format);
  return format;
}

/** Local time of day, "14:03:59". */
export const formatClock = (at: number): string => formatOf("clock").format(at);

/** A moment within the next days, "22:00", or "Mon 22:00" where it is not within a day. */
export const formatSoon = (at: number, now: number): string =>
  formatOf(at - now < 20 * HOUR ? "minute" : "weekday").format(at);

/** Local date, "21 Nov 2026". */
export const formatDate = (at: number): string => formatOf("date").format(at);

/** Local date as a file's name has it, in every language: "2026-11-21". */
export function fileDate(at: number): string {
  const date = new Date(at);
  const two = (number: number) => String(number).padStart(2, "0");
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
}

/** Local date and time, "21 Nov 2026, 14:03:59". */
export const formatMoment = (at: number): string => `${formatDate(at)}, ${formatClock(at)}`;
