/** Days as the person at the machine counts them: from local midnight to local midnight, 23 or 25 hours where clocks change. */

export interface LocalDay {
  /** "2026-11-21". */
  readonly date: string;
  /** Unix ms. */
  readonly from: number;
  /** The next day's beginning. */
  readonly until: number;
}

/** The local midnight before `now`, or `back` days earlier. Where a day has no midnight it is its first moment. */
export function localMidnight(now: number, back = 0): number {
  const date = new Date(now);
  date.setHours(0, 0, 0, 0);
  if (back !== 0) {
    // Noon is there on every day; a midnight that clocks leave out would move the date.
    date.setHours(12);
    date.setDate(date.getDate() - back);
    date.setHours(0, 0, 0, 0);
  }
  return date.getTime();
}

/** `count` days, oldest first; the last one is today. */
export function localDays(now: number, count: number): LocalDay[] {
  const starts = Array.from({ length: count + 1 }, (_, index) => localMidnight(now, count - 1 - index));
  return starts.slice(0, -1).map((from, index) => ({
    date: localDate(from),
    from,
    until: starts[index + 1] as number,
  }));
}

function localDate(at: number): string {
  const date = new Date(at);
  const two = (part: number) => String(part).padStart(2, "0");
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
}
