/**
 * What follows from one look at the market, for one offer: the events that bring our state to what is there, the one
 * thing to do about what should be, and in words how the two differ. No I/O: the manager looks and acts.
 *
 * The market's list wins over our memory of it; our wish wins over the list; a GPU that is not fit to be rented is not
 * listed, whatever was wished.
 */
import { formatDecimal } from "../../shared/money.ts";
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
  readonly drift: string | null;
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
  readonly obstacle?: string | null;
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
  const drift = vanished ? `The market no longer lists it${publish ? "; it is published again" : ""}` : null;
  return { events, action: publish ? { kind: "publish" } : null, drift };
}

/** A heartbeat that nobody here sent put a rented GPU back on the market: it is taken off again. */
function revived({ offer, abilities }: Look): Finding {
  const drift = "Rented, and put on the market again by a heartbeat";
  if (!abilities.status)
    return { events: [], action: null, drift: `${drift}; this service lets nobody undo that` };
  const status = offer.state === "in-use" ? "in-use" : "booked";
  return {
    events: [],
    action: { kind: "set-status", status, hold: false },
    drift: `${drift}; it is taken off`,
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
    if (rentedElsewhere)
      return { action: null, drift: "Kept off this board: the GPU is rented on another one" };
    return {
      action: { kind: "set-status", status: "open", hold: false },
      drift: "Its rent elsewhere is over; it is opened again",
    };
  }
  if (isRented(offer.state)) {
    return { action: null, drift: priceDrift(look, listing, "it changes when the booking ends") };
  }
  if (rentedElsewhere) {
    const rented = "The GPU is rented on another board";
    return abilities.status
      ? {
          action: { kind: "set-status", status: "booked", hold: true },
          drift: `${rented}; it is kept off this one`,
        }
      : { action: null, drift: `${rented}, and this one can't be told` };
  }
  if (look.fitness === "unfit") {
    const unfit = `${look.obstacle ?? "The GPU has no passed self-test now"}. The market lists it`;
    return abilities.withdraw
      ? {
          action: { kind: "withdraw", forNow: true },
          drift: `${unfit}; it is taken off until the GPU may work`,
        }
      : { action: null, drift: `${unfit}; this service lets nobody take an offer back` };
  }
  if (listing.status === "withdrawn") {
    return {
      action: { kind: "set-status", status: "open", hold: false },
      drift: `The market lists it as ${listing.word}; it is opened again`,
    };
  }
  if (samePrice(look, listing)) return { action: null, drift: null };
  if (!abilities.reprice)
    return { action: null, drift: priceDrift(look, listing, "this service lets nobody change it") };
  return { action: { kind: "reprice" }, drift: priceDrift(look, listing, "it is changed") };
}

/** Not wanted any more, and still there. */
function leave({ offer, abilities }: Look, listing: Listing): Pick<Finding, "action" | "drift"> {
  if (isRented(offer.state) && !offer.held)
    return { action: null, drift: "It is taken back when its booking ends" };
  if (abilities.withdraw) return { action: { kind: "withdraw", forNow: false }, drift: "It is taken back" };
  if (listing.status === "withdrawn") return { action: null, drift: null };
  return { action: null, drift: "This service lets nobody take an offer back" };
}

function samePrice({ offer }: Look, listing: Listing): boolean {
  return listing.price !== null && listing.price.minor === offer.price.minor;
}

function priceDrift(look: Look, listing: Listing, then: string): string | null {
  if (samePrice(look, listing)) return null;
  const shown = listing.price === null ? "no price" : formatDecimal(listing.price, 8);
  return `The market shows ${shown} instead of ${formatDecimal(look.offer.price, 8)} an hour; ${then}`;
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
