/** What the market can say of a provider's service over the last window (upstream's sla/metrics.py and config.py). */
import { MINUTE } from "../../shared/durations.ts";

export const SLA_WINDOW_MS = 15 * MINUTE;
/** A heartbeat vouches for this long. */
export const ALIVE_MS = MINUTE;

export const SLA_THRESHOLDS = { traps: 0.66, qos: 0.95, latency_p95_ms: 3000, availability: 0.98 } as const;

/** Share of [from, to] covered by heartbeats; null for an empty span. `beats` ascending, unix ms. */
export function availability(beats: readonly number[], from: number, to: number): number | null {
  if (to <= from) return null;
  let covered = 0;
  let upTo = from;
  for (const beat of beats) {
    const end = Math.min(to, beat + ALIVE_MS);
    covered += Math.max(0, end - Math.max(upTo, beat));
    upTo = Math.max(upTo, end);
  }
  return covered / (to - from);
}

/** Nearest-rank percentile of ascending values; null for none. */
export function percentile(ascending: readonly number[], share: number): number | null {
  if (ascending.length === 0) return null;
  return (
    ascending[Math.min(ascending.length - 1, Math.max(0, Math.ceil(share * ascending.length) - 1))] ?? null
  );
}

export function mean(values: readonly number[]): number | null {
  return values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0) / values.length;
}
