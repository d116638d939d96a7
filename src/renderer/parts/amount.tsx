/** One amount of one currency; amounts of different currencies are never added. */
import type { MoneyValue } from "../../shared/money.ts";
import { amountText, shortAmountText } from "../format/amount.ts";

interface AmountProps {
  value: MoneyValue;
  currency?: boolean;
  /** As the figures beside it; absent: all that the currency has. */
  decimals?: number;
}

export function Amount({ value, currency = true, decimals }: AmountProps) {
  return (
    <span className="amount" title={decimals === undefined ? undefined : amountText(value)}>
      {decimals === undefined ? amountText(value) : shortAmountText(value, decimals)}
      {currency && (
        <>
          {" "}
          <span className="amount-currency">{value.currency}</span>
        </>
      )}
    </span>
  );
}
