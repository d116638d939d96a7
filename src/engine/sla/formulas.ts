/**
 * The formulas by which a market measures service (protocols/aicf.md §2.5–2.7), as pure functions of what our own
 * ledger knows. Independent of the devnet's: that both give the same numbers is tested, not assumed.
 */
import { MINUTE } from "../../shared/durations.ts";

/** How a market turns heartbeats into a health score. */
export interface HealthRules {
  readonly halfLifeMs: number;
  /** Share of the way to 1 that a heartbeat in time lifts the score. */
  readonly lift: number;
  /** A failure takes `firstFailure`, each further one in a row `nextFailure` more, at most `mostFailure`. */
  readonly firstFailure: number;
  readonly nextFailure: number;
  readonly mostFailure: number;
  /** At or below: degraded; unresponsive. */
  readonly degradedAt: number;
  readonly unresponsiveAt: number;
}

/**
 * Score at `now` from the acknowledged heartbeats, ascending, unix ms. Each interval that passes without one, after a
 * first of grace, counts as a failed probe. null: none yet.
 */
export function healthScore(
  beats: readonly number[],
  intervalMs: number,
  rules: HealthRules,
  now: number,
): number | null {
  let score: number | null = null;
  let last = 0;
  for (const at of beats) {
    const before: number = score === null ? 0 : faded(score, at - last, intervalMs, rules);
    score = before + rules.lift * (1 - before);
    last = at;
  }
  return score === null ? null : faded(score, Math.max(0, now - last), intervalMs, rules);
}

/** A score after `quietMs` without a heartbeat. */
function faded(score: number, quietMs: number, intervalMs: number, rules: HealthRules): number {
  const failures = Math.max(0, Math.floor(quietMs / intervalMs) - 1);
  let left = score * 0.5 ** (quietMs / rules.halfLifeMs);
  for (let n = 0; n < failures && left > 1e-9; n++) {
    left *= 1 - Math.min(rules.mostFailure, rules.firstFailure + rules.nextFailure * n);
  }
  return left;
}

/** Share of [from, to] that heartbeats vouch for, each for `aliveMs`; null for an empty span. Ascending, unix ms. */
export function availabilityOf(
  beats: readonly number[],
  from: number,
  to: number,
  aliveMs: number = MINUTE,
): number | null {
  if (to <= from) return null;
  let covered = 0;
  let reach = from;
  for (const at of beats) {
    if (at < from || at > to) continue;
    const until = Math.min(to, at + aliveMs);
    covered += Math.max(0, until - Math.max(reach, at));
    reach = Math.max(reach, until);
  }
  return covered / (to - from);
}

/** Nearest-rank 95th percentile; null for none. */
export function p95(values: readonly number[]): number | null {
  if (values.length === 0) return null;
  const ascending = [...values].sort((a, b) => a - b);
  return ascending[Math.max(0, Math.ceil(0.95 * ascending.length) - 1)] ?? null;
}

/** null: nothing to take a share of. */
export function ratio(good: number, all: number): number | null {
  return all === 0 ? null : good / all;
}

/** sla/evaluator.py: short by less than 1e-12 still holds. */
export function holds(value: number, minimum: number): boolean {
  return value + 1e-12 >= minimum;
}

/** Of a stake, minor units: floor(stake · bps / 10000). */
export function slashOf(stake: bigint, bps: number): bigint {
  return (stake * BigInt(bps)) / 10_000n;
}
