/** Prices between exact money, the numbers that controls work with, and text. */
import type { EnergyCost, PriceQuote } from "../../shared/contract/offers.ts";
import {
  CURRENCIES,
  type CurrencyCode,
  formatDecimal,
  fromMoneyValue,
  type MoneyValue,
  parseDecimal,
  toMoneyValue,
} from "../../shared/money.ts";
import { showDecimal } from "../../shared/words/numbers.ts";
import { currentLanguage } from "../../shared/words/words.ts";

/** The finest that goes over a market's wire, and exact in every currency. */
export const PRICE_DIGITS = 8;
const MILLION = 1_000_000;
/** Above this share of the market single dear offers would squeeze all others into a corner. */
const DRAWN_QUANTILE = 18;

/** For drawing and controls only: money itself stays exact. */
export function numberOf({ currency, minor }: MoneyValue): number {
  return Number(minor) / Number(CURRENCIES[currency].scale);
}

export function moneyOf(currency: CurrencyCode, price: number): MoneyValue {
  return toMoneyValue(parseDecimal(currency, price.toFixed(PRICE_DIGITS)));
}

/** "20.50": as many decimals as it has, at least two. Without the currency's code. */
export function priceText(value: MoneyValue): string {
  return showDecimal(formatDecimal(fromMoneyValue(value), PRICE_DIGITS), currentLanguage());
}

/** A price that was worked out, to be compared: two decimals from 1 on, four from 0.01, cut. */
export function shortPrice(value: MoneyValue): string {
  const price = Math.abs(numberOf(value));
  const digits = price >= 1 || price === 0 ? 2 : price >= 0.01 ? 4 : PRICE_DIGITS;
  return showDecimal(formatDecimal(fromMoneyValue(value), digits), currentLanguage());
}

/** "0.0675 EUR". */
export function energyText({ currency, micros }: EnergyCost): string {
  const amount = Number(micros) / MILLION;
  return `${showDecimal(amount.toFixed(amount < 1 ? 4 : 2), currentLanguage())} ${currency}`;
}

export interface Axis {
  readonly max: number;
  readonly step: number;
}

/** From nothing to a little beyond everything that matters; null: nothing is known that an axis could show. */
export function axisOf(quote: PriceQuote | null, others: readonly (number | null)[]): Axis | null {
  const market = quote === null ? null : (quote.quantiles[DRAWN_QUANTILE] ?? quote.high);
  const known = [market === null ? null : numberOf(market), ...others].filter((value) => value !== null);
  const most = Math.max(0, ...known);
  if (most === 0) return null;
  const step = niceStep(most / 200);
  return { max: Math.ceil((most * 1.2) / step) * step, step };
}

/** 1, 2 or 5 times a power of ten, next above. */
function niceStep(rough: number): number {
  const power = 10 ** Math.floor(Math.log10(rough));
  return (([1, 2, 5].find((nice) => nice * power >= rough) ?? 10) * power * 1e8) / 1e8;
}
