/**
 * The chain spells one address three ways: 0x…, ait1…, aitbc1… of the same 20 bytes (protocols/aitbc.md §8). The
 * documents show hex after each prefix; bech32 text, which those prefixes look like, is understood as well.
 */
import { bech32 } from "@scure/base";

const ADDRESS_BYTES = 20;

export function sameAddress(a: string, b: string): boolean {
  return bare(a) === bare(b);
}

/** `0x` and 40 hex digits, the spelling that is signed; null when the text is no such address. */
export function hexAddress(text: string): string | null {
  const digits = bare(text);
  return /^[0-9a-f]{40}$/.test(digits) ? `0x${digits}` : null;
}

/** The 40 hex digits when there are such, else the text as it is, in lower case. */
function bare(address: string): string {
  const text = address.trim().toLowerCase();
  const hex = /^(?:0x|ait1|aitbc1)?([0-9a-f]{40})$/.exec(text)?.[1];
  return hex ?? fromBech32(text) ?? text;
}

function fromBech32(text: string): string | null {
  if (!/^(?:ait|aitbc)1/.test(text)) return null;
  const decoded = bech32.decodeUnsafe(text, 90);
  const bytes = decoded && bech32.fromWordsUnsafe(decoded.words);
  return bytes?.length === ADDRESS_BYTES ? Buffer.from(bytes).toString("hex") : null;
}
