/** Money for the eye: every amount of a currency with the same number of decimals, so that figures align and stand still. */

import { CURRENCIES, formatDecimal, fromMoneyValue, type MoneyValue } from "../../shared/money.ts";
import { showDecimal } from "../../shared/words/numbers.ts";
import { currentLanguage } from "../../shared/words/words.ts";

/** "0.004100", "18 411.500000": cut, never rounded up, so never more than there is. Without the currency's code. */
export function amountText(value: MoneyValue): string {
  const { decimals } = CURRENCIES[value.currency];
  return showDecimal(formatDecimal(fromMoneyValue(value), decimals, decimals), currentLanguage());
}

/** The share of `part` in `part + rest`, 0…1, for drawing only; null when both are nothing. */
export function shareOf(part: MoneyValue, rest: MoneyValue): number | null {
  if (part.currency !== rest.currency) return null;
  const sum = BigInt(part.minor) + BigInt(rest.minor);
  if (sum <= 0n) return null;
  return Number((BigInt(part.minor) * 10_000n) / sum) / 10_000;
}
