/** Timestamps in the spellings of upstream's Python services. Input is unix milliseconds. */

/** `datetime.utcnow().isoformat()`: no zone, six digits, no fraction when it is zero. */
export function naiveUtc(ms: number): string {
  const text = new Date(ms).toISOString().slice(0, -1);
  return text.endsWith(".000") ? text.slice(0, -4) : `${text}000`;
}

/** `datetime.now(UTC).isoformat()`. */
export function zonedUtc(ms: number): string {
  return `${naiveUtc(ms)}+00:00`;
}

/** The coordinator's malformed "+00:00Z" (protocols/aitbc.md §7). */
export function malformedUtc(ms: number): string {
  return `${zonedUtc(ms)}Z`;
}
