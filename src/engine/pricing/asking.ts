/**
 * From a strategy to a price of one GPU-hour. No I/O, so that a preview and the real thing can't differ.
 *
 *   fixed        what the person set
 *   median       the middle of the others' offers of the same GPU
 *   percentile p so that p % of them are cheaper
 *   utilisation  percentile 20 + 60 × u, where u is the share of its time on the market that the GPU was rented:
 *                never rented 20, half its time 50, always 80; as long as u is not known, 50
 *
 * Where too few offers are seen the guide's band stands in: its low end for 0 %, its high end for 100 %. Every
 * strategy but the fixed price is raised to the person's lowest price and to what the hour's electricity costs.
 */
import type { PriceQuote, PriceStrategy } from "../../shared/contract/offers.ts";
import { CURRENCIES, fromMoneyValue, type Money, money } from "../../shared/money.ts";
import { type Sentence, say } from "../../shared/words/said.ts";
import { quantile } from "./quantiles.ts";

export interface AskingFacts {
  readonly quote: PriceQuote | null;
  /** 0…1; null: not known. */
  readonly occupancy: number | null;
  /** What an hour's electricity costs, in the market's currency; null: not known. */
  readonly floor: Money | null;
}

export interface Asking {
  /** null: there is nothing to go by. */
  readonly price: Money | null;
  /** Aimed at; null: a fixed price. */
  readonly percentile: number | null;
  readonly bound: "none" | "lowest" | "floor";
  /** One sentence. */
  readonly how: Sentence;
}

export function asking(strategy: PriceStrategy, facts: AskingFacts): Asking {
  if (strategy.kind === "fixed")
    return {
      price: fromMoneyValue(strategy.price),
      percentile: null,
      bound: "none",
      how: say("priceSet"),
    };
  const { quote, floor } = facts;
  if (quote === null) {
    return {
      price: null,
      percentile: null,
      bound: "none",
      how: say("priceUnknown"),
    };
  }
  const { percentile, why } = aim(strategy, facts.occupancy);
  const found = rounded(at(quote, percentile));
  const { said: where } = quote.source === "market" ? position(percentile, quote.sample) : say("priceGuide");
  const lowest = strategy.lowest === null ? null : fromMoneyValue(strategy.lowest);
  const how = why === null ? say("priceFrom", { where }) : say("priceBecause", { why: why.said, where });
  if (floor !== null && exceeds(floor, found) && (lowest === null || !exceeds(lowest, floor)))
    return {
      price: roundedUp(floor),
      percentile,
      bound: "floor",
      how: say("priceFloor", { how: how.said }),
    };
  if (lowest !== null && exceeds(lowest, found))
    return { price: lowest, percentile, bound: "lowest", how: say("priceLowest", { how: how.said }) };
  return { price: found, percentile, bound: "none", how };
}

/** What a strategy never goes below: the higher of the two limits. */
export function lowestOf(strategy: PriceStrategy, floor: Money | null): Money | null {
  if (strategy.kind === "fixed") return null;
  const lowest = strategy.lowest === null ? null : fromMoneyValue(strategy.lowest);
  if (floor === null || (lowest !== null && exceeds(lowest, floor))) return lowest;
  return roundedUp(floor);
}

const LEAST_RENTED = 20;
const SPAN = 60;

function aim(
  strategy: Exclude<PriceStrategy, { kind: "fixed" }>,
  occupancy: number | null,
): { percentile: number; why: Sentence | null } {
  switch (strategy.kind) {
    case "median":
      return { percentile: 50, why: null };
    case "percentile":
      return { percentile: strategy.percentile, why: null };
    case "utilisation":
      return occupancy === null
        ? { percentile: 50, why: say("rentUnknown") }
        : {
            percentile: Math.round(LEAST_RENTED + SPAN * occupancy),
            why: say("rentKnown", { percent: Math.round(occupancy * 100) }),
          };
  }
}

function position(percentile: number, offers: number): Sentence {
  return percentile === 50 ? say("priceMedian", { offers }) : say("pricePercentile", { percentile, offers });
}

function at({ quantiles, low, high }: PriceQuote, percentile: number): Money {
  const points = quantiles.length > 0 ? quantiles : [low, high];
  return quantile(points.map(fromMoneyValue), percentile / 100);
}

/** To what people write: two decimals from 1 on, four from 0.01, else eight, which is the finest a market takes. */
export function rounded({ currency, minor }: Money): Money {
  const grain = grainOf(currency, minor);
  return money(currency, minor - (minor % grain));
}

export function roundedUp(price: Money): Money {
  const down = rounded(price);
  return down.minor === price.minor
    ? down
    : money(price.currency, down.minor + grainOf(price.currency, price.minor));
}

function grainOf(currency: Money["currency"], minor: bigint): bigint {
  const { scale } = CURRENCIES[currency];
  if (minor >= scale) return scale / 100n;
  return minor * 100n >= scale ? scale / 10_000n : scale / 100_000_000n;
}

const exceeds = (a: Money, b: Money): boolean => a.minor > b.minor;
