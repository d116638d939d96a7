/** When a failed attempt is tried again: upstream's queue/retry.py. */
import { SECOND } from "../../shared/durations.ts";
import { backoffMs } from "../../shared/wait.ts";

export const MAX_ATTEMPTS = 6;
const PERMANENT = new Set([
  "proof_invalid",
  "attestation_invalid",
  "job_too_large",
  "schema_invalid",
  "unsupported_algorithm",
  "forbidden",
  "payment_required",
]);
const PERMANENT_PREFIXES = ["validation/", "proof/", "attestation/"];

/** Unknown codes are transient. */
export function isPermanent(code: string): boolean {
  return PERMANENT.has(code) || PERMANENT_PREFIXES.some((prefix) => code.startsWith(prefix));
}

/** Before the try after `attempt` (from 1): min(60 s, 2 s × 1.8^(attempt−1)), ±20 %. */
export function retryDelayMs(attempt: number, random: () => number = Math.random): number {
  return backoffMs(attempt, { base: 2 * SECOND, cap: 60 * SECOND, factor: 1.8, jitter: 0.2 }, random);
}
