/** May a provider be given work, and if not, why: upstream's registry/filters.py without preferences. */
import { MIN_STAKE_AI_NANO } from "./constants.ts";
import type { Health } from "./health.ts";

export type IneligibleReason = "insufficient_stake" | "no_heartbeat" | "unresponsive" | "capability_missing";

export interface Standing {
  readonly capabilities: readonly string[];
  /** Nano that are staked and not being released. */
  readonly effectiveStake: number;
  readonly health: Health;
  readonly everHeard: boolean;
}

/** Empty: eligible. */
export function ineligibleReasons(standing: Standing): IneligibleReason[] {
  const reasons: IneligibleReason[] = [];
  if (!standing.capabilities.includes("AI")) reasons.push("capability_missing");
  if (standing.effectiveStake < minimumStake(standing.capabilities)) reasons.push("insufficient_stake");
  if (!standing.everHeard) reasons.push("no_heartbeat");
  else if (standing.health.state === "UNRESPONSIVE") reasons.push("unresponsive");
  return reasons;
}

export function minimumStake(capabilities: readonly string[]): number {
  return capabilities.includes("AI") ? MIN_STAKE_AI_NANO : 0;
}
