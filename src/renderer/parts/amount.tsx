/** One amount of one currency; amounts of different currencies are never added. */
import type { MoneyValue } from "../../shared/money.ts";
import { showAmount } from "../format/amount.ts";

export function Amount({ value, currency = true }: { value: MoneyValue; currency?: boolean }) {
  const { main, fine } = showAmount(value);
  return (
    <span className="amount">
      {main}
      {fine !== "" && <span className="amount-fine">{fine}</span>}
      {currency && <span className="amount-currency"> {value.currency}</span>}
    </span>
  );
}
