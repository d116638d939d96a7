/** Which models go when space is short: those not used for the longest time first, and only as many as needed. */

export interface PruneCandidate {
  readonly id: string;
  readonly bytes: number;
  /** Unix ms; null: never used. */
  readonly lastUsedAt: number | null;
  /** Pinned, in use, or being fetched: it stays. */
  readonly keep: boolean;
}

export interface PrunePlan {
  /** In the order in which they go. */
  readonly remove: readonly string[];
  /** Bytes that are left afterwards; above the cap when what has to stay does not fit. */
  readonly bytesLeft: number;
}

export function planPrune(candidates: readonly PruneCandidate[], capBytes: number): PrunePlan {
  let bytesLeft = candidates.reduce((sum, { bytes }) => sum + bytes, 0);
  const remove: string[] = [];
  const oldestFirst = candidates
    .filter(({ keep, bytes }) => !keep && bytes > 0)
    .sort((a, b) => (a.lastUsedAt ?? 0) - (b.lastUsedAt ?? 0) || a.id.localeCompare(b.id));
  for (const { id, bytes } of oldestFirst) {
    if (bytesLeft <= capBytes) break;
    remove.push(id);
    bytesLeft -= bytes;
  }
  return { remove, bytesLeft };
}
