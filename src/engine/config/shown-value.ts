/** What a person wrote, as an error may say it again: shortened, and without what in an address may be a secret. */
import { REDACTED } from "../log/redact.ts";

const MOST = 60;
const SCHEME = /^[a-z][a-z0-9+.-]*:\/\//i;

/** What stands before the last @ and behind an address's ? or # is left out: a password may hold an @ itself. */
export function shownValue(text: string): string {
  const at = text.lastIndexOf("@");
  const scheme = SCHEME.exec(text)?.[0] ?? "";
  const open = at < 0 ? text : `${scheme}${REDACTED}${text.slice(at)}`;
  const clean = open.replace(/^([^\s?#]*[?#]).+$/s, "$1…");
  return clean.length > MOST ? `${clean.slice(0, MOST)}…` : clean;
}
