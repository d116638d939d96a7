/**
 * A provider's health score from its heartbeats: upstream's registry/heartbeat.py as pure functions.
 * A heartbeat that arrives is a good probe; each interval that passes without one, after a first of grace, a failed one.
 */
import { MINUTE } from "../../shared/durations.ts";

export type HealthState = "HEALTHY" | "DEGRADED" | "UNRESPONSIVE";
export interface Health {
  /** 0…1. */
  readonly score: number;
  readonly state: HealthState;
}

/** What is kept: the score right after the last heartbeat, and when that was. */
export interface HealthRecord {
  readonly score: number;
  readonly lastMs: number | null;
}

const HALF_LIFE_MS = 15 * MINUTE;
const QUIET_LIMIT_MS = 5 * MINUTE;
const HEALTHY_ABOVE = 0.55;
const UNRESPONSIVE_UP_TO = 0.22;
const UNRESPONSIVE_FAILURES = 5;
/** More failures than this change nothing that can be seen. */
const MOST_FAILURES = 50;

export function healthAt(record: HealthRecord, intervalMs: number, now: number): Health {
  if (record.lastMs === null) return { score: 0, state: "UNRESPONSIVE" };
  const quietMs = Math.max(0, now - record.lastMs);
  const failures = Math.min(MOST_FAILURES, Math.max(0, Math.floor(quietMs / intervalMs) - 1));
  let score = record.score * 0.5 ** (quietMs / HALF_LIFE_MS);
  for (let n = 1; n <= failures; n++) score *= 1 - Math.min(0.9, 0.18 + 0.08 * (n - 1));
  return { score, state: stateOf(score, failures, quietMs) };
}

/** The record after one more heartbeat; a push has no round trip to measure, so it gets the full latency mark. */
export function afterHeartbeat(record: HealthRecord, intervalMs: number, now: number): HealthRecord {
  const { score } = healthAt(record, intervalMs, now);
  return { score: score + 0.5 * (1 - score), lastMs: now };
}

function stateOf(score: number, failures: number, quietMs: number): HealthState {
  if (score <= UNRESPONSIVE_UP_TO || failures >= UNRESPONSIVE_FAILURES) return "UNRESPONSIVE";
  return score <= HEALTHY_ABOVE || quietMs > QUIET_LIMIT_MS ? "DEGRADED" : "HEALTHY";
}
