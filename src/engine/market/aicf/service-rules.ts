/** AICF's demands: config.py where upstream has several values (protocols/aicf.md §2.5–2.7, aicf-profile.md "Semantics"). */
import { HOUR, MINUTE, SECOND } from "../../../shared/durations.ts";
import type { ServiceRules } from "../../sla/rules.ts";

export const AICF_SERVICE: ServiceRules = {
  windowMs: 15 * MINUTE,
  aliveMs: MINUTE,
  health: {
    halfLifeMs: 900 * SECOND,
    lift: 0.5,
    firstFailure: 0.18,
    nextFailure: 0.08,
    mostFailure: 0.9,
    degradedAt: 0.55,
    unresponsiveAt: 0.22,
  },
  thresholds: { traps: 0.66, qos: 0.95, latencyP95Ms: 3000, availability: 0.98 },
  slashBps: { traps: 1000, qos: 500, availability: 250 },
  jail: { after: 3, spanMs: HOUR, blocks: 14_400 },
};
