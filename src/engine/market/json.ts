/**
 * JSON as markets send it: an integer too big for a double keeps all its digits, as text.
 * Amounts on the wire are integers of the smallest unit (protocols/aicf-profile.md "Transport"), and readers of
 * amounts take number and text alike, so nothing is rounded on the way in.
 */

/** The parsed value, or undefined when the text is not JSON. */
export function parseJson(text: string): unknown {
  if (text.trim() === "") return undefined;
  try {
    return HAS_LONG_NUMBER.test(text) ? JSON.parse(text, keepBigIntegers) : JSON.parse(text);
  } catch {
    return undefined; // Not JSON: the caller sees the text and the status.
  }
}

/** Looking at every number's source costs time, so only a text that may hold a big one is read that way. */
const HAS_LONG_NUMBER = /\d{16}/;

function keepBigIntegers(_key: string, value: unknown, context?: { source?: string }): unknown {
  if (typeof value !== "number" || context?.source === undefined) return value;
  return /^-?\d{16,}$/.test(context.source) && !Number.isSafeInteger(value) ? context.source : value;
}
