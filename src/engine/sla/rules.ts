/** What a market demands of a provider's service and what it does about it: an adapter states this, the guard computes. */
import type { HealthRules } from "./formulas.ts";

export interface ServiceRules {
  /** The span a market looks back over. */
  readonly windowMs: number;
  /** A heartbeat vouches for this long. */
  readonly aliveMs: number;
  readonly health: HealthRules;
  readonly thresholds: ServiceThresholds;
  /** Of the stake, for a window below the threshold; absent: it costs no stake. */
  readonly slashBps: Readonly<Partial<Record<"availability" | "traps" | "qos", number>>>;
  /** This many penalties within the span, and no work is given for so many blocks. */
  readonly jail: { readonly after: number; readonly spanMs: number; readonly blocks: number };
}

export interface ServiceThresholds {
  readonly traps: number;
  readonly qos: number;
  readonly latencyP95Ms: number;
  readonly availability: number;
}
