/** A stake in words of a sentence: "100 ANM", without the decimals that a column of money needs. */
import { formatDecimal, fromMoneyValue, type MoneyValue } from "../../shared/money.ts";
import { showDecimal } from "../../shared/words/numbers.ts";
import { currentLanguage } from "../../shared/words/words.ts";

export const stakeAmount = (value: MoneyValue): string =>
  showDecimal(formatDecimal(fromMoneyValue(value), undefined, 0), currentLanguage());
