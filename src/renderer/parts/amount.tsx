/** One amount of one currency; amounts of different currencies are never added. */
import type { MoneyValue } from "../../shared/money.ts";
import { amountText } from "../format/amount.ts";

export function Amount({ value, currency = true }: { value: MoneyValue; currency?: boolean }) {
  return (
    <span className="amount">
      {amountText(value)}
      {currency && (
        <>
          {" "}
          <span className="amount-currency">{value.currency}</span>
        </>
      )}
    </span>
  );
}
