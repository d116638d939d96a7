/** A household's line sends slowly: no limit on a call may cut a big body short, which would begin again at its first byte. */
import { KIB, SECOND } from "../../shared/durations.ts";

/** Bytes a second. */
const SLOWEST = 32 * KIB;

/** How long such a line needs for so many bytes, ms. */
export function uploadMs(bytes: number): number {
  return Math.ceil(bytes / SLOWEST) * SECOND;
}
