/** The home folder's name is its person's: in what is handed to others it reads `~`, however the path is written. */

const WINDOWS = /^([a-z]:|\\\\)/i;

/**
 * Replaces `home` wherever it stands: on Windows in any case, with slashes of either kind and as often escaped as JSON
 * within JSON does it; everywhere also as an address writes it (`file:///C:/Users/Ann%20Lee`).
 */
export function withoutHome(text: string, home: string): string {
  const windows = WINDOWS.test(home);
  const parts = home.split(windows ? /[\\/]+/ : /\/+/);
  if (!parts.some((part) => part !== "")) return text;
  const between = windows ? "(?:\\\\+|/+)" : "/+";
  const path = parts.map(either).join(between);
  // Ann is not Anna.
  return text.replace(new RegExp(`${path}(?![\\p{L}\\p{N}])`, windows ? "giu" : "gu"), "~");
}

function either(part: string): string {
  const forms = new Set([part, encodeURIComponent(part)]);
  return `(?:${[...forms].map((form) => form.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&")).join("|")})`;
}
