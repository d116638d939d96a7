/** What is known of each market's money without asking it, also of one that is not configured any more. */
import type { MarketId } from "../../shared/contract/market-id.ts";
import type { CurrencyCode, Money } from "../../shared/money.ts";
import { providerShare } from "./aicf/provider-share.ts";
import { netOf } from "./aitbc/net.ts";

export interface MarketMoney {
  readonly currency: CurrencyCode;
  /** What is left of a gross fee by the market's published split. */
  readonly expectedNet: (gross: Money) => Money;
}

export const MARKET_MONEY: Readonly<Record<MarketId, MarketMoney>> = {
  aitbc: { currency: "AIT", expectedNet: netOf },
  aicf: { currency: "ANM", expectedNet: providerShare },
};

/**
 * More than any job pays; half a million jobs of this much are a sum that still fits a column of 64 bits. What a market
 * offers beyond it is believed when it is paid.
 */
const MOST_EXPECTED = 2n ** 43n;

/** What a job with this fee should bring, minor units; null: the market did not say, or nothing that can be believed. */
export function expectedMinor(market: MarketId, fee: Money | null): bigint | null {
  const { currency, expectedNet } = MARKET_MONEY[market];
  if (fee === null || fee.currency !== currency) return null;
  const { minor } = expectedNet(fee);
  return minor > MOST_EXPECTED || minor < 0n ? null : minor;
}
