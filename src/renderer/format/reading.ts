/** Device readings; what is not known is a dash, never a zero. */
import { KIB } from "../../shared/durations.ts";
import { showDecimal } from "../../shared/words/numbers.ts";
import { currentLanguage } from "../../shared/words/words.ts";

export const UNKNOWN = "–";

/** `decimals` digits after the point, or the dash. */
export function showNumber(value: number | null, decimals = 0): string {
  if (value === null || !Number.isFinite(value)) return UNKNOWN;
  return showDecimal(value.toFixed(decimals), currentLanguage());
}

/** A difference of any size by its first two digits: "0", "0.25", "3.1e-7", or the dash. */
export function showTiny(value: number | null): string {
  if (value === null || !Number.isFinite(value)) return UNKNOWN;
  if (value === 0) return "0";
  const text = Math.abs(value) < 0.001 ? value.toExponential(1) : String(Number(value.toPrecision(2)));
  return showDecimal(text, currentLanguage());
}

/** Throughput needs a decimal only where it is small: "0.4", "8.2", "184". */
export function showRate(value: number | null): string {
  return showNumber(value, value !== null && value < 10 ? 1 : 0);
}

/** MiB as GiB: used with one decimal, total rounded when it is whole. */
export function showGigabytes(mib: number | null): string {
  if (mib === null) return UNKNOWN;
  const gib = mib / KIB;
  return showNumber(gib, Math.abs(gib - Math.round(gib)) < 0.05 ? 0 : 1);
}

/** "9f3c…a1e0", "lease_3a87…c916": enough of a digest or an id to recognise it; the kind in front of an id is no part of that. */
export function shortDigest(digest: string): string {
  if (digest.length <= 12) return digest;
  const kind = /^[a-z]{1,8}[_-]/.exec(digest)?.[0] ?? "";
  return `${digest.slice(0, kind.length + 4)}…${digest.slice(-4)}`;
}
