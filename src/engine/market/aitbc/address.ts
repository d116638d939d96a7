/** The chain spells one address three ways: 0x…, ait1…, aitbc1… of the same 20 bytes (protocols/aitbc.md §8). */

export function sameAddress(a: string, b: string): boolean {
  return bare(a) === bare(b);
}

/** The 40 hex digits when there are such, else the text as it is, in lower case. */
function bare(address: string): string {
  const text = address.trim().toLowerCase();
  return /^(?:0x|ait1|aitbc1)?([0-9a-f]{40})$/.exec(text)?.[1] ?? text;
}
