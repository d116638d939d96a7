/** The hash of a job's input; apart from work.ts, because a window that shows work can't hash. */
import { sha3_256 } from "./digest.ts";
import { encodeWork, type Work } from "./work.ts";

/** SHA3-256 (hex) of the canonical bytes: what a receipt says about its input. */
export function workDigest(work: Work): string {
  return sha3_256(encodeWork(work));
}
