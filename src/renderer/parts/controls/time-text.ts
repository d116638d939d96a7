/** Times of day as people type them, on the 24-hour clock. */

const DAY_MINUTES = 24 * 60;

/** "6", "06:30", "6.30", "630", "18 Uhr" as "HH:MM"; null: no time of day. */
export function readTime(text: string): string | null {
  const plain = text.trim().replace(/\s*(?:uhr|h)$/i, "");
  const found = /^(\d{1,2})(?:[:.h ](\d{2}))?$/.exec(plain) ?? /^(\d{1,2})(\d{2})$/.exec(plain);
  if (found === null) return null;
  const [hours, minutes] = [Number(found[1]), Number(found[2] ?? 0)];
  return hours > 23 || minutes > 59 ? null : timeText(hours * 60 + minutes);
}

/** So many minutes later; a day has no end here. */
export function stepTime(time: string, minutes: number): string {
  const [hours = 0, past = 0] = time.split(":").map(Number);
  return timeText((hours * 60 + past + minutes + DAY_MINUTES) % DAY_MINUTES);
}

const timeText = (minutes: number): string =>
  [Math.floor(minutes / 60), minutes % 60].map((part) => String(part).padStart(2, "0")).join(":");
