/** An amount inside a sentence: "1.204131 ANM". */
import { CURRENCIES, formatDecimal, fromMoneyValue, type MoneyValue } from "../money.ts";

export function moneyText(value: MoneyValue): string {
  return `${formatDecimal(fromMoneyValue(value), CURRENCIES[value.currency].decimals)} ${value.currency}`;
}
