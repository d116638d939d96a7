/** The contract's commands about offers. */
import type { ContractHandlers } from "../../shared/contract/contract.ts";
import type { OFFER_COMMANDS } from "../../shared/contract/offers.ts";
import type { OfferManager } from "./manager.ts";

export function offerHandlers(offers: OfferManager): Pick<ContractHandlers, keyof typeof OFFER_COMMANDS> {
  return {
    "offers.list": async () => ({ offers: offers.list() }),
    "offers.offer": async (wish) => ({ offers: offers.offer(wish) }),
    "offers.withdraw": async (wish) => ({ offers: offers.withdraw(wish) }),
    "offers.preview": async (wish) => offers.preview(wish),
    "prices.quote": async ({ market, model }) => ({ quote: offers.quote(market, model) }),
  };
}
