/** "Did you mean": the known name nearest to what was typed. */

const MOST_TYPOS = 3;

/** null: nothing is near enough to be meant. `most`: typos that may lie between. */
export function nearest(typed: string, known: readonly string[], most = MOST_TYPOS): string | null {
  const wanted = typed.toLowerCase().replaceAll("-", "_");
  let best: string | null = null;
  let least = Math.min(most, Math.floor(wanted.length / 3)) + 1;
  for (const name of known) {
    const changes = distance(wanted, name.toLowerCase(), least);
    if (changes < least) [best, least] = [name, changes];
  }
  return best;
}

/** Letters to add, drop, change or swap; `limit` or more is given back as `limit`. */
function distance(whole: string, other: string, limit: number): number {
  if (Math.abs(whole.length - other.length) >= limit) return limit;
  const [a, b] = differing(whole, other);
  // One typo leaves at most two letters that differ. Every variable of the environment comes by here.
  if (limit <= 2 && Math.max(a.length, b.length) > 2) return limit;
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      let cost = Math.min((last[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, (last[j - 1] ?? 0) + (same ? 0 : 1));
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        cost = Math.min(cost, (beforeLast[j - 2] ?? 0) + 1);
      row.push(cost);
    }
    beforeLast = last;
    last = row;
  }
  return Math.min(limit, last[b.length] ?? limit);
}

/** What is left of both without the beginning and the end that they share. */
function differing(a: string, b: string): [string, string] {
  const shorter = Math.min(a.length, b.length);
  let start = 0;
  while (start < shorter && a[start] === b[start]) start++;
  let end = 0;
  while (end < shorter - start && a[a.length - 1 - end] === b[b.length - 1 - end]) end++;
  return [a.slice(start, a.length - end), b.slice(start, b.length - end)];
}
