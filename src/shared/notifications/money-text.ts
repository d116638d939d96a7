/** An amount inside a sentence, as the language writes numbers: "1.204131 ANM", "1,204131 ANM". */
import { CURRENCIES, formatDecimal, fromMoneyValue, type MoneyValue } from "../money.ts";
import { showDecimal } from "../words/numbers.ts";
import { currentLanguage } from "../words/words.ts";

export function moneyText(value: MoneyValue): string {
  const amount = formatDecimal(fromMoneyValue(value), CURRENCIES[value.currency].decimals);
  return `${showDecimal(amount, currentLanguage())} ${value.currency}`;
}
