/**
 * What follows from one look at the market, for one offer: the events that bring our state to what is there, the one
 * thing to do about what should be, and in words how the two differ. No I/O: the manager looks and acts.
 *
 * The market's list wins over our memory of it; our wish wins over the list; a GPU that is not fit to be rented is not
 * listed, whatever was wished.
 */
import { formatDecimal } from "../../shared/money.ts";
import { type Sentence, type Spoken, say, within } from "../../shared/words/said.ts";
import type { Offer } from "../ledger/offers.ts";
import type { Listing, OfferAbilities, OfferStatus } from "../market/port.ts";
import type { Fitness } from "./fitness.ts";
import { nextOfferState, type OfferEvent } from "./offer-machine.ts";

export type OfferAction =
  | { readonly kind: "publish" }
  | { readonly kind: "reprice" }
  /** `forNow`: it is published again once the GPU is fit. */
  | { readonly kind: "withdraw"; readonly forNow: boolean }
  /** `hold`: the GPU is rented elsewhere, so it is kept off this board. */
  | { readonly kind: "set-status"; readonly status: OfferStatus; readonly hold: boolean };

export interface Finding {
  readonly events: readonly OfferEvent[];
  readonly action: OfferAction | null;
  /** A sentence for people; null: the market shows what we want. */
  readonly drift: Sentence | null;
}

export interface Look {
  readonly offer: Pick<Offer, "state" | "wanted" | "price" | "held">;
  /** The offer as the market lists it; null: it does not. */
  readonly listing: Listing | null;
  readonly abilities: OfferAbilities;
  /** Another board rented this GPU out. */
  readonly rentedElsewhere: boolean;
  readonly fitness: Fitness;
  /** Why it is not fit, in a sentence; null: it is. */
  readonly obstacle?: Spoken | null;
}

export function reconcile(look: Look): Finding {
  const { offer, listing } = look;
  if (listing === null) return missing(look);
  const revivedWhileRented =
    listing.revived && listing.status === "open" && isRented(offer.state) && !offer.held;
  if (revivedWhileRented) return revived(look);
  const events = follow(offer.state, listing.status);
  const state = events.reduce(nextOfferState, offer.state);
  const { action, drift } = want({ ...look, offer: { ...offer, state } }, listing);
  return { events, action, drift };
}

/** The market has nothing: what we believed is over, what we want is still to come. */
function missing({ offer, fitness }: Look): Finding {
  const { state, wanted } = offer;
  const vanished = state === "listed" || isRented(state);
  const events: OfferEvent[] = vanished ? ["vanish"] : state === "publishing" ? ["retry"] : [];
  const now = events.reduce(nextOfferState, state);
  if (!wanted) {
    const ended = now === "planned" || now === "refused";
    return { events: ended ? [...events, "withdraw"] : events, action: null, drift: null };
  }
  const publish = now === "planned" && fitness === "fit";
  const drift = vanished ? say(publish ? "notListedAgain" : "notListed") : null;
  return { events, action: publish ? { kind: "publish" } : null, drift };
}

/** A heartbeat that nobody here sent put a rented GPU back on the market: it is taken off again. */
function revived({ offer, abilities }: Look): Finding {
  if (!abilities.status) return { events: [], action: null, drift: say("revivedForGood") };
  const status = offer.state === "in-use" ? "in-use" : "booked";
  return {
    events: [],
    action: { kind: "set-status", status, hold: false },
    drift: say("revivedTakenOff"),
  };
}

/** Our state, brought to what the market lists. */
function follow(state: Offer["state"], status: OfferStatus): OfferEvent[] {
  const found: OfferEvent[] =
    state === "planned" || state === "publishing" || state === "refused" ? ["list"] : [];
  const known = found.reduce(nextOfferState, state);
  if (known === "withdrawn") return found;
  switch (status) {
    case "open":
      return isRented(known) ? [...found, "release"] : found;
    case "booked":
      return known === "booked" ? found : [...found, "book"];
    case "in-use":
      return known === "in-use" ? found : [...found, "use"];
    case "withdrawn":
      return isRented(known) ? [...found, "release"] : found;
  }
}

function want(look: Look, listing: Listing): Pick<Finding, "action" | "drift"> {
  const { offer, abilities, rentedElsewhere } = look;
  if (!offer.wanted) return leave(look, listing);
  if (offer.state === "withdrawn") return { action: null, drift: null };
  if (offer.held) {
    if (rentedElsewhere) return { action: null, drift: say("keptOff") };
    return {
      action: { kind: "set-status", status: "open", hold: false },
      drift: say("rentElsewhereOver"),
    };
  }
  if (isRented(offer.state)) {
    return { action: null, drift: priceDrift(look, listing, "thenAtEnd") };
  }
  if (rentedElsewhere) {
    return abilities.status
      ? {
          action: { kind: "set-status", status: "booked", hold: true },
          drift: say("rentedElsewhereKept"),
        }
      : { action: null, drift: say("rentedElsewhereUntold") };
  }
  if (look.fitness === "unfit") {
    const why = within(look.obstacle ?? say("noPassedTest"));
    return abilities.withdraw
      ? {
          action: { kind: "withdraw", forNow: true },
          drift: say("unfitTakenOff", { why }),
        }
      : { action: null, drift: say("unfitStays", { why }) };
  }
  if (listing.status === "withdrawn") {
    return {
      action: { kind: "set-status", status: "open", hold: false },
      drift: say("listedAs", { word: listing.word }),
    };
  }
  if (samePrice(look, listing)) return { action: null, drift: null };
  if (!abilities.reprice) return { action: null, drift: priceDrift(look, listing, "thenStays") };
  return { action: { kind: "reprice" }, drift: priceDrift(look, listing, "thenChanged") };
}

/** Not wanted any more, and still there. */
function leave({ offer, abilities }: Look, listing: Listing): Pick<Finding, "action" | "drift"> {
  if (isRented(offer.state) && !offer.held) return { action: null, drift: say("takenBackLater") };
  if (abilities.withdraw) return { action: { kind: "withdraw", forNow: false }, drift: say("takenBack") };
  if (listing.status === "withdrawn") return { action: null, drift: null };
  return { action: null, drift: say("cantBeTakenBack") };
}

function samePrice({ offer }: Look, listing: Listing): boolean {
  return listing.price !== null && listing.price.minor === offer.price.minor;
}

function priceDrift(
  look: Look,
  listing: Listing,
  next: "thenAtEnd" | "thenChanged" | "thenStays",
): Sentence | null {
  if (samePrice(look, listing)) return null;
  const values = { wanted: formatDecimal(look.offer.price, 8), action: say(next).said };
  if (listing.price === null) return say("noPriceShown", values);
  return say("otherPrice", { ...values, shown: formatDecimal(listing.price, 8) });
}

export function isRented(state: Offer["state"]): boolean {
  return state === "booked" || state === "in-use";
}

/** Another board rented this GPU out. */
export function isRentedElsewhere(offer: Offer, all: readonly Offer[]): boolean {
  return all.some(
    (other) =>
      other.device === offer.device && other.row !== offer.row && isRented(other.state) && !other.held,
  );
}
