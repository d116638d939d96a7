/** Offers as people see them. */
import type { Occupancy, OfferView } from "../../shared/contract/offers.ts";
import { toMoneyValue } from "../../shared/money.ts";
import { advise, say } from "../../shared/words/said.ts";
import { bookingValue, type Offer } from "../ledger/offers.ts";
import { type DeviceStanding, obstacleOf } from "./fitness.ts";

export function viewOf(
  offer: Offer,
  about: {
    readonly boardName: string;
    readonly standing: DeviceStanding;
    readonly occupancy: Occupancy | null;
    /** Why the GPU can't be rented besides its test; null: nothing. */
    readonly rentedElsewhere: boolean;
  },
): OfferView {
  return {
    market: offer.market,
    board: offer.board,
    boardName: about.boardName,
    device: offer.device,
    model: offer.model,
    offerId: offer.offerId,
    state: offer.state,
    wanted: offer.wanted,
    strategy: offer.strategy,
    price: toMoneyValue(offer.price),
    pricedAt: offer.pricedAt,
    listedPrice: offer.listedPrice && toMoneyValue(offer.listedPrice),
    marketStatus: offer.marketStatus,
    waiting: waitingOf(offer, about),
    drift: offer.drift?.text ?? null,
    ...(offer.drift?.said && { driftSaid: offer.drift.said }),
    booking: offer.booking && bookingValue(offer.booking),
    occupancy: about.occupancy,
    checkedAt: offer.checkedAt,
    error: offer.error,
  };
}

function waitingOf(
  offer: Offer,
  { standing, rentedElsewhere }: { readonly standing: DeviceStanding; readonly rentedElsewhere: boolean },
): OfferView["waiting"] {
  const toCome = offer.state === "planned" || offer.state === "publishing";
  if (!offer.wanted || !toCome) return null;
  const obstacle = obstacleOf(standing);
  if (obstacle !== null) return obstacle;
  return rentedElsewhere ? advise(say("rentedOnOther"), null) : null;
}
