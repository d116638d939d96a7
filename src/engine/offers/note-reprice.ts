/** A row of the audit log for every price that changed: from what to what, by whom, and why. */
import { formatDecimal, type Money, toMoneyValue } from "../../shared/money.ts";
import { type Sentence, say } from "../../shared/words/said.ts";
import type { Ledger } from "../ledger/ledger.ts";
import type { Offer } from "../ledger/offers.ts";

/** `offer` with its new price; `how`: where that comes from, one sentence. */
export function noteReprice(
  ledger: Ledger,
  now: number,
  offer: Offer,
  from: Money,
  by: "person" | "strategy",
  how: Sentence,
): void {
  const { market, board, device, model, offerId, strategy } = offer;
  const prices = { from: toMoneyValue(from), to: toMoneyValue(offer.price) };
  const amounts = [from, offer.price].map((price) => formatDecimal(price, 8)).join(" → ");
  const values = { model, board, amounts, currency: from.currency, how: how.said };
  const detail = {
    ...say("repriced", values),
    board,
    device,
    offerId,
    ...prices,
    by,
    strategy: strategy.kind,
  };
  ledger.audit("offer-repriced", now, detail, { market });
}
