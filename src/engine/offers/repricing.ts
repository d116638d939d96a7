/**
 * When a strategy moves a price that stands, and how far: not more often than every quarter of an hour, not for less
 * than two in a hundred, and not by more than a fifth at once, so that a few strange offers of others drag nobody along.
 * Only the limits below which it must not go are kept at once.
 */
import { MINUTE } from "../../shared/durations.ts";
import { type Money, money } from "../../shared/money.ts";
import { hasPassed } from "../../shared/wait.ts";
import type { Offer } from "../ledger/offers.ts";
import { rounded, roundedUp } from "../pricing/asking.ts";

export const REPRICE_EVERY = 15 * MINUTE;
const SMALLEST_STEP = 2n;
const LARGEST_STEP = 20n;
const HUNDRED = 100n;

export interface RepricingFacts {
  /** What the strategy comes to now; null: nothing to go by, so the price stands. */
  readonly wanted: Money | null;
  /** Never below this; null: no limit. */
  readonly lowest: Money | null;
  /** The market lets this offer's price be changed. */
  readonly possible: boolean;
  readonly now: number;
}

/** The next price, or null when the present one stands. */
export function nextPrice(
  offer: Pick<Offer, "state" | "wanted" | "strategy" | "price" | "pricedAt">,
  facts: RepricingFacts,
): Money | null {
  const { wanted, lowest, possible, now } = facts;
  if (offer.strategy.kind === "fixed" || !offer.wanted || wanted === null) return null;
  const current = offer.price.minor;
  switch (offer.state) {
    case "planned":
    case "publishing":
    case "refused":
      // Nobody has seen it yet: it goes out at today's price.
      return wanted.minor === current ? null : wanted;
    case "booked":
    case "in-use":
    case "withdrawn":
      return null; // A renter pays what was agreed.
    case "listed":
      break;
  }
  if (!possible || (offer.pricedAt !== null && !hasPassed(REPRICE_EVERY, offer.pricedAt, now))) return null;
  const distance = wanted.minor > current ? wanted.minor - current : current - wanted.minor;
  if (distance * HUNDRED < current * SMALLEST_STEP) return null;
  const limit = (current * LARGEST_STEP) / HUNDRED;
  const step = distance > limit ? limit : distance;
  // Always towards what is wanted, never past it.
  const moved =
    wanted.minor > current
      ? rounded(money(offer.price.currency, current + step))
      : roundedUp(money(offer.price.currency, current - step));
  const next = lowest !== null && moved.minor < lowest.minor ? lowest : moved;
  return next.minor === current ? null : next;
}
