/** May a provider be given work, and if not, why: upstream's registry/filters.py without preferences. */
import { MIN_STAKE_AI_NANO } from "./constants.ts";
import type { Health } from "./health.ts";

export type IneligibleReason =
  | "denied"
  | "region_denied"
  | "capability_missing"
  | "insufficient_stake"
  | "jailed"
  | "no_heartbeat"
  | "unresponsive";

export interface Standing {
  readonly capabilities: readonly string[];
  /** Nano that are staked and not being released. */
  readonly effectiveStake: number;
  readonly health: Health;
  readonly everHeard: boolean;
  readonly jailed: boolean;
  /** The operator keeps this provider, or its region, out. */
  readonly denied: "provider" | "region" | null;
}

/** Empty: eligible. */
export function ineligibleReasons(standing: Standing): IneligibleReason[] {
  const reasons: IneligibleReason[] = [];
  if (standing.denied === "provider") reasons.push("denied");
  if (standing.denied === "region") reasons.push("region_denied");
  if (!standing.capabilities.includes("AI")) reasons.push("capability_missing");
  if (standing.effectiveStake < minimumStake(standing.capabilities)) reasons.push("insufficient_stake");
  if (standing.jailed) reasons.push("jailed");
  if (!standing.everHeard) reasons.push("no_heartbeat");
  else if (standing.health.state === "UNRESPONSIVE") reasons.push("unresponsive");
  return reasons;
}

export function minimumStake(capabilities: readonly string[]): number {
  return capabilities.includes("AI") ? MIN_STAKE_AI_NANO : 0;
}
