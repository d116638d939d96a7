/** AITBC gives jobs without a stake, and takes none away (protocols/aitbc.md §6.2). */
import type { MarketTerms } from "../../../shared/contract/terms.ts";

export const AITBC_TERMS: MarketTerms = { market: "aitbc", stake: null, losses: [], jail: null };
