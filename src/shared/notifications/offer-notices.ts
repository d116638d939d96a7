/** Notices about GPUs offered for rent. */

import type { OfferView } from "../contract/offers.ts";
import { DAY, HOUR } from "../durations.ts";
import { say } from "../words/said.ts";
import type { NoticedState, NoticeProvider } from "./notice.ts";
import { spoken, whole, worded } from "./notice-words.ts";

export const offerDrift: NoticeProvider = (_before, { state }) =>
  offersOf(state)
    .filter(({ drift, wanted }) => drift !== null && wanted)
    .map((offer) => ({
      key: `offer-drift ${keyOf(offer)}`,
      type: "offer-drift",
      severity: "warn",
      ...worded(
        say("noticeOfferDrift", { market: offer.boardName, device: deviceName(state, offer) }),
        offer.drift === null ? null : whole(spoken(offer.drift, offer.driftSaid)),
      ),
      screen: "offers",
      lasting: true,
      quietFor: 6 * HOUR,
    }));

export const offerBooked: NoticeProvider = (before, { state }) => {
  const old = offersOf(before?.state ?? null);
  const rented = new Set(old.filter(isRented).map(keyOf));
  // What was not known before may have been rented for days.
  const known = new Set(old.map(keyOf));
  return offersOf(state)
    .filter((offer) => isRented(offer) && known.has(keyOf(offer)) && !rented.has(keyOf(offer)))
    .map((offer) => ({
      key: `offer-booked ${keyOf(offer)} ${offer.booking?.id ?? ""}`,
      type: "offer-booked",
      severity: "good",
      ...worded(
        say("noticeOfferBooked", { market: offer.boardName, device: deviceName(state, offer) }),
        say("noticeOfferBookedText"),
      ),
      screen: "offers",
      lasting: false,
      quietFor: DAY,
    }));
};

const offersOf = (state: NoticedState | null): readonly OfferView[] => state?.offers.offers ?? [];
const keyOf = ({ market, board, device }: OfferView) => `${market} ${board} ${device}`;
const isRented = ({ state }: OfferView) => state === "booked" || state === "in-use";
const deviceName = (state: NoticedState | null, offer: OfferView) =>
  state?.devices.find(({ id }) => id === offer.device)?.name ?? offer.model;
