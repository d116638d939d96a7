/** Windows of the week as people write them: "Mon-Fri 18:00-23:00", "Sat,Sun 00:00-24:00"; the same text in files, environment and app. */
import type { PresenceWindow } from "./contract/presence.ts";

const DAYS = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"] as const;
const MINUTES_A_DAY = 24 * 60;

export class WindowTextError extends Error {
  override readonly name = "WindowTextError";
}

/** Throws WindowTextError whose message follows a name: "names a day …". */
export function parseWindow(text: string): PresenceWindow {
  const [days = "", hours = "", ...rest] = text.trim().split(/\s+/);
  if (hours === "" || rest.length > 0)
    throw new WindowTextError(`has a window "${text.trim()}" that is not days and hours`);
  return { days: parseDays(days), ...parseHours(hours) };
}

/** "22:00-06:00". Throws WindowTextError. */
export function parseHours(text: string): { from: string; to: string } {
  const match = /^(\d{1,2}):([0-5]\d)-(\d{1,2}):([0-5]\d)$/.exec(text.trim());
  const from = match ? Number(match[1]) * 60 + Number(match[2]) : Number.NaN;
  const to = match ? Number(match[3]) * 60 + Number(match[4]) : Number.NaN;
  if (!(from < MINUTES_A_DAY && to <= MINUTES_A_DAY))
    throw new WindowTextError(`has hours "${text.trim()}" that no clock shows`);
  if (from === to) throw new WindowTextError(`has hours "${text.trim()}" that begin when they end`);
  return { from: clockText(from), to: clockText(to) };
}

/** Neighbouring days as a range: "Mon-Fri". */
export function windowText({ days, from, to }: PresenceWindow): string {
  return `${daysText(days)} ${from}-${to}`;
}

function parseDays(text: string): number[] {
  const found = new Set<number>();
  for (const part of text.toLowerCase().split(",")) {
    const [first = "", last = first, ...rest] = part.split("-");
    const [start, end] = [dayOf(first), dayOf(last)];
    if (start < 0 || end < 0 || rest.length > 0)
      throw new WindowTextError(`names a day "${part}" that there is not`);
    for (let day = start; ; day = (day + 1) % 7) {
      found.add(day);
      if (day === end) break;
    }
  }
  return [...found].sort((a, b) => a - b);
}

/** "mon", "Monday". */
const dayOf = (name: string) =>
  /^[a-z]{3,9}$/.test(name) ? DAYS.findIndex((day) => name.startsWith(day)) : -1;

/** The week begins on Monday where it is written. */
function daysText(days: readonly number[]): string {
  const ordered = [...new Set(days)].map((day) => (day + 6) % 7).sort((a, b) => a - b);
  const runs: number[][] = [];
  for (const day of ordered) {
    const run = runs.at(-1);
    if (run !== undefined && run.at(-1) === day - 1) run.push(day);
    else runs.push([day]);
  }
  return runs
    .map((run) => {
      const [first = 0] = run;
      const last = run.at(-1) ?? first;
      if (run.length === 1) return nameOf(first);
      return run.length === 2 ? `${nameOf(first)},${nameOf(last)}` : `${nameOf(first)}-${nameOf(last)}`;
    })
    .join(",");
}

function nameOf(mondayBased: number): string {
  const day = DAYS[(mondayBased + 1) % 7] ?? "";
  return day.charAt(0).toUpperCase() + day.slice(1);
}

const clockText = (minutes: number) =>
  `${String(Math.floor(minutes / 60)).padStart(2, "0")}:${String(minutes % 60).padStart(2, "0")}`;
