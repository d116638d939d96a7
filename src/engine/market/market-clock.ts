/**
 * The market's clock as this machine sees it. Signed calls carry a timestamp the market compares with its own clock,
 * and leases end by the market's clock, so a machine that is minutes off must know by how much.
 *
 * Every answer's Date header bounds the difference: the header was written between our sending and its arrival, and
 * says its second only. Bounds of several answers are intersected; when they contradict each other a clock was set,
 * and the newest stands alone.
 */
import { SECOND } from "../../shared/durations.ts";
import type { Send } from "./send.ts";

/** Differences below this are the header's coarseness and scheduling, not a wrong clock. */
const TOLERATED_MS = 2 * SECOND;

export interface MarketClock {
  /** Learn from an answer: its Date header, and when the request left and the answer came, unix ms local. */
  observe(dateHeader: string | null, sentAt: number, answeredAt: number): void;
  /** Market time minus local time, ms; 0 when they agree within 2 s; null before the first answer. */
  skewMs(): number | null;
  /** Unix ms by the market's clock. */
  marketNow(): number;
  /** A market timestamp as local unix ms. */
  toLocal(marketMs: number): number;
}

export function createMarketClock(now: () => number): MarketClock {
  let bounds: { low: number; high: number } | null = null;

  const skewMs = () => {
    if (bounds === null) return null;
    const middle = Math.round((bounds.low + bounds.high) / 2);
    const agrees = bounds.low <= 0 && bounds.high >= 0;
    return agrees || Math.abs(middle) < TOLERATED_MS ? 0 : middle;
  };

  return {
    observe(dateHeader, sentAt, answeredAt) {
      const date = Date.parse(dateHeader ?? "");
      if (!Number.isFinite(date) || answeredAt < sentAt) return;
      const seen = { low: date - answeredAt, high: date + SECOND - sentAt };
      const both = bounds && { low: Math.max(bounds.low, seen.low), high: Math.min(bounds.high, seen.high) };
      bounds = both && both.low <= both.high ? both : seen;
    },
    skewMs,
    marketNow: () => now() + (skewMs() ?? 0),
    toLocal: (marketMs) => marketMs - (skewMs() ?? 0),
  };
}

/** `send`, and the clock learns from each answer. */
export function observed(send: Send, clock: MarketClock, now: () => number): Send {
  return async (url, init) => {
    const sentAt = now();
    const answer = await send(url, init);
    clock.observe(answer.headers.get("date"), sentAt, now());
    return answer;
  };
}
