/** Money for the eye: every amount of a currency with the same number of decimals, so that figures align and stand still. */

import {
  CURRENCIES,
  type CurrencyCode,
  formatDecimal,
  fromMoneyValue,
  type MoneyValue,
} from "../../shared/money.ts";
import { showDecimal } from "../../shared/words/numbers.ts";
import { currentLanguage } from "../../shared/words/words.ts";

/** "0.004100", "18 411.500000": cut, never rounded up, so never more than there is. Without the currency's code. */
export function amountText(value: MoneyValue): string {
  const { decimals } = CURRENCIES[value.currency];
  return showDecimal(formatDecimal(fromMoneyValue(value), decimals, decimals), currentLanguage());
}

/** Digits of a figure in a table of many; two are left after the point of the biggest. */
const DIGITS_IN_A_TABLE = 8;
const FEWEST_DECIMALS = 2;

/** Decimals with which all of these amounts stand under each other in little room. */
export function decimalsOf(values: readonly MoneyValue[]): number {
  const whole = Math.max(0, ...values.map(({ currency, minor }) => wholeDigits(currency, minor)));
  const most = Math.max(0, ...values.map(({ currency }) => CURRENCIES[currency].decimals));
  return Math.min(most, Math.max(FEWEST_DECIMALS, DIGITS_IN_A_TABLE - whole));
}

const wholeDigits = (currency: CurrencyCode, minor: string): number =>
  String(BigInt(minor) / CURRENCIES[currency].scale).length;

/** With that many decimals: cut, never rounded up. */
export function shortAmountText(value: MoneyValue, decimals: number): string {
  return showDecimal(formatDecimal(fromMoneyValue(value), decimals, decimals), currentLanguage());
}

/** The share of `part` in `part + rest`, 0…1, for drawing only; null when both are nothing. */
export function shareOf(part: MoneyValue, rest: MoneyValue): number | null {
  if (part.currency !== rest.currency) return null;
  const sum = BigInt(part.minor) + BigInt(rest.minor);
  if (sum <= 0n) return null;
  return Number((BigInt(part.minor) * 10_000n) / sum) / 10_000;
}
