/**
 * What a bad service costs: thresholds, basis points and jail of upstream's config.py; three penalties within an hour
 * jail, as in its sla/slash_engine.py (protocols/aicf.md §2.6, §2.7). Pure: the inspector measures, the registry books.
 */
import { HOUR } from "../../shared/durations.ts";
import { SLA_THRESHOLDS } from "./sla.ts";

export type SlashReason = "traps" | "qos" | "availability" | "misbehaviour";

export const SLASH_BPS: Readonly<Record<SlashReason, number>> = {
  traps: 1000,
  qos: 500,
  availability: 250,
  misbehaviour: 5000,
};
export const JAIL_BLOCKS = 14_400;
export const JAIL_AFTER = 3;
export const JAIL_SPAN_MS = HOUR;

/** A window's numbers; null: nothing to measure. */
export interface Measured {
  readonly jobs: number;
  readonly trapsTotal: number;
  readonly traps: number | null;
  readonly qos: number | null;
  readonly latencyP95Ms: number | null;
  readonly availability: number | null;
}

/** Nano: floor(stake · bps / 10000). */
export function slashAmount(stakeNano: number, reason: SlashReason): number {
  return Number((BigInt(stakeNano) * BigInt(SLASH_BPS[reason])) / 10_000n);
}

/** Which penalties a window that ended brings. Slow answers count against quality: a late one is not ok. */
export function breaches(measured: Measured, onDuty: boolean): SlashReason[] {
  const { traps, qos, availability } = measured;
  const reasons: SlashReason[] = [];
  if (below(traps, SLA_THRESHOLDS.traps)) reasons.push("traps");
  if (below(qos, SLA_THRESHOLDS.qos)) reasons.push("qos");
  if (onDuty && below(availability, SLA_THRESHOLDS.availability)) reasons.push("availability");
  return reasons;
}

/** sla/evaluator.py: a ratio that is short by less than 1e-12 holds. */
function below(ratio: number | null, minimum: number): boolean {
  return ratio !== null && ratio + 1e-12 < minimum;
}
