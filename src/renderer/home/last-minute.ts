/** The last minute in exactly 60 seconds, oldest first, whatever the engine has measured so far. */
export const SECONDS = 60;

export function lastMinute(perSecond: readonly number[]): readonly number[] {
  const known = perSecond.slice(-SECONDS);
  return [...Array.from({ length: SECONDS - known.length }, () => 0), ...known];
}
