/** One name for each market wherever the page names one. */
import type { MarketId } from "../../shared/contract/views.ts";

const NAMES: Readonly<Record<MarketId, string>> = { aitbc: "AITBC", aicf: "AICF" };

export const marketName = (market: MarketId): string => NAMES[market];
