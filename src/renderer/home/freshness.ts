/** How old may an acknowledged heartbeat be before it no longer proves anything? (design.md §8) */
import type { MarketView } from "../../shared/contract/views.ts";
import { SECOND } from "../../shared/durations.ts";

export type Freshness = "fresh" | "late" | "silent" | "unknown";

/** Where the market does not say how often it wants to hear us. */
const USUAL_INTERVAL = 30 * SECOND;
/** One missed beat is late; after three the engine counts it as trouble too. */
const LATE_AFTER = 2;
const SILENT_AFTER = 3;

export function heartbeatFreshness(
  market: Pick<MarketView, "lastHeartbeatAckAt" | "heartbeatIntervalMs">,
  now: number,
): Freshness {
  if (market.lastHeartbeatAckAt === null) return "unknown";
  const beats = (now - market.lastHeartbeatAckAt) / (market.heartbeatIntervalMs ?? USUAL_INTERVAL);
  if (beats > SILENT_AFTER) return "silent";
  return beats > LATE_AFTER ? "late" : "fresh";
}
