/** A claim book that lasts as long as its owner: for a command at the counter, and for tests. */
import type { ClaimBook, JobCredit } from "./port.ts";

export function claimsInMemory(): ClaimBook {
  const claims = new Map<string, JobCredit>();
  return {
    put(claimed) {
      for (const credit of claimed) if (!claims.has(credit.jobId)) claims.set(credit.jobId, credit);
    },
    of: (jobIds) => jobIds.flatMap((id) => claims.get(id) ?? []),
  };
}
