/**
 * What GPUs like one cost an hour: quantiles of the offers of others, with how many and how old they are; the market's
 * published advice when too few are seen; nothing when there is neither.
 */
import type { PriceQuote } from "../../shared/contract/offers.ts";
import { type Money, money, toMoneyValue } from "../../shared/money.ts";
import type { PricePoint } from "../ledger/prices.ts";
import type { PriceBand } from "../market/port.ts";

/** Fewer offers than this say more about those who made them than about the market. */
export const SMALLEST_SAMPLE = 3;
/** 0 %, 5 %, … 100 %: enough to draw them and to find a price by. */
const STEPS = 20;

export function quotePrice(
  model: string,
  seen: readonly PricePoint[],
  bands: readonly PriceBand[],
  now: number,
): PriceQuote | null {
  const like = seen.filter((point) => sameModel(point.model, model));
  if (like.length >= SMALLEST_SAMPLE) {
    const sorted = sortedPrices(like);
    const at = (share: number) => toMoneyValue(quantile(sorted, share));
    const newest = Math.max(...like.map(({ seenAt }) => seenAt));
    return {
      model,
      source: "market",
      low: at(0.25),
      middle: at(0.5),
      high: at(0.75),
      quantiles: Array.from({ length: STEPS + 1 }, (_, step) => at(step / STEPS)),
      sample: like.length,
      ageMs: Math.max(0, now - newest),
    };
  }
  const band = bands.find((each) => sameModel(each.model, model));
  if (!band) return null;
  const { low, high } = band;
  const middle = money(low.currency, (low.minor + high.minor) / 2n);
  const values = { low: toMoneyValue(low), middle: toMoneyValue(middle), high: toMoneyValue(high) };
  return { model, source: "guide", ...values, quantiles: [], sample: 0, ageMs: null };
}

/** Share of the offers of such GPUs that ask less than `price`, those that ask as much counted half; null: too few. */
export function shareCheaper(model: string, seen: readonly PricePoint[], price: Money): number | null {
  const like = seen.filter((point) => sameModel(point.model, model));
  if (like.length < SMALLEST_SAMPLE) return null;
  const less = like.filter((point) => point.price.minor < price.minor).length;
  const same = like.filter((point) => point.price.minor === price.minor).length;
  return (less + same / 2) / like.length;
}

function sortedPrices(points: readonly PricePoint[]): Money[] {
  return points
    .map(({ price }) => price)
    .sort((a, b) => (a.minor < b.minor ? -1 : a.minor > b.minor ? 1 : 0));
}

/** The value at `share` of a sorted, non-empty list, between its neighbours where it falls between two; floored. */
export function quantile(sorted: readonly Money[], share: number): Money {
  const position = (sorted.length - 1) * share;
  const below = sorted[Math.floor(position)] as Money;
  const above = sorted[Math.ceil(position)] as Money;
  const thousandths = BigInt(Math.round((position - Math.floor(position)) * 1000));
  return money(below.currency, below.minor + ((above.minor - below.minor) * thousandths) / 1000n);
}

/** "NVIDIA GeForce RTX 4090", "GeForce RTX 4090" and "RTX 4090" are one GPU; "RTX 4090 Laptop GPU" is another. */
export function sameModel(a: string, b: string): boolean {
  return bare(a) === bare(b);
}

const MAKER = /\b(nvidia|geforce|quadro|tesla)\b/g;
/** How a data-centre card is built and how much memory it has is not what it is called: "A100-SXM4-80GB" is an A100. */
const BUILD = /\b(pcie|sxm\d?|hbm\d\w?|nvl|\d+\s?gb)\b/g;

function bare(model: string): string {
  return model
    .toLowerCase()
    .replace(/-/g, " ")
    .replace(MAKER, " ")
    .replace(BUILD, " ")
    .replace(/\s+/g, " ")
    .trim();
}
