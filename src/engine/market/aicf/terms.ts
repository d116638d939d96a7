/** What AICF asks of a provider, as upstream publishes it: config.py where it has several values (protocols/aicf.md §2.5–2.7). */
import type { MarketTerms } from "../../../shared/contract/terms.ts";
import { SECOND } from "../../../shared/durations.ts";
import { parseDecimal, toMoneyValue } from "../../../shared/money.ts";
import { AICF_SERVICE } from "./service-rules.ts";

const BLOCK = 12 * SECOND;
const UNBONDING_BLOCKS = 7200;

const { thresholds, slashBps, jail } = AICF_SERVICE;

export const AICF_TERMS: MarketTerms = {
  market: "aicf",
  stake: {
    minimum: toMoneyValue(parseDecimal("ANM", "100")),
    from: "published",
    backAfterMs: UNBONDING_BLOCKS * BLOCK,
  },
  losses: (["traps", "qos", "availability"] as const).flatMap((measure) => {
    const bps = slashBps[measure];
    return bps === undefined ? [] : [{ measure, limit: thresholds[measure], bps }];
  }),
  jail: { penalties: jail.after, spanMs: jail.spanMs, lengthMs: jail.blocks * BLOCK },
};
