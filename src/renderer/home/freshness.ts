/** How old may a proof be before it no longer proves anything? (design.md §8) */
import type { EarningsView, MarketView } from "../../shared/contract/views.ts";
import { MINUTE, SECOND } from "../../shared/durations.ts";

export type Freshness = "fresh" | "late" | "silent" | "unknown";

/** Where the market does not say how often it wants to hear us. */
const USUAL_INTERVAL = 30 * SECOND;
/** One missed beat is late; after three the engine counts it as trouble too. */
const LATE_AFTER = 2;
const SILENT_AFTER = 3;

/** While a job is unpaid the books are read at least every half minute. */
const BOOKS_LATE = 10 * MINUTE;

/**
 * Something is owed, and the market's books were not read for longer than that should take. Books that nothing was owed in
 * are not read, so they may be old when a job is accepted.
 */
export function areBooksLate(
  { reconciledAt, periods: { total } }: Pick<EarningsView, "reconciledAt" | "periods">,
  market: Pick<MarketView, "lastAcceptedAt" | "limits"> | undefined,
  now: number,
): boolean {
  if (market === undefined || (total.pending.minor === "0" && total.unpriced === 0)) return false;
  if (reconciledAt === null || now - reconciledAt <= BOOKS_LATE) return false;
  if (market.limits?.some(({ of, failing }) => of === "money" && failing)) return true;
  return now - (market.lastAcceptedAt ?? 0) > BOOKS_LATE;
}

export function heartbeatFreshness(
  market: Pick<MarketView, "lastHeartbeatAckAt" | "heartbeatIntervalMs">,
  now: number,
): Freshness {
  if (market.lastHeartbeatAckAt === null) return "unknown";
  const beats = (now - market.lastHeartbeatAckAt) / (market.heartbeatIntervalMs ?? USUAL_INTERVAL);
  if (beats > SILENT_AFTER) return "silent";
  return beats > LATE_AFTER ? "late" : "fresh";
}
