/** Money for the eye: the digits that count, and the finer ones that are shown more quietly. */
import { formatDecimal, fromMoneyValue, type MoneyValue } from "../../shared/money.ts";

export interface ShownAmount {
  /** Sign, grouped whole part, point and the first two decimals. */
  readonly main: string;
  /** Decimals after the second, may be empty. */
  readonly fine: string;
}

const LOUD_DECIMALS = 2;

export function showAmount(value: MoneyValue): ShownAmount {
  const text = formatDecimal(fromMoneyValue(value));
  const point = text.indexOf(".");
  const whole = groupThousands(point < 0 ? text : text.slice(0, point));
  const fraction = point < 0 ? "" : text.slice(point + 1);
  return {
    main: fraction === "" ? whole : `${whole}.${fraction.slice(0, LOUD_DECIMALS)}`,
    fine: fraction.slice(LOUD_DECIMALS),
  };
}

/** In one string, for tables and screen readers: "0.0041". */
export function amountText(value: MoneyValue): string {
  const { main, fine } = showAmount(value);
  return main + fine;
}

/** A narrow no-break space every three digits, from five digits on: "1840", "18 400". */
export function groupThousands(digits: string): string {
  return /\d{5}/.test(digits) ? digits.replace(/\B(?=(\d{3})+$)/g, "\u202f") : digits;
}

/** The share of `part` in `part + rest`, 0…1, for drawing only; null when both are nothing. */
export function shareOf(part: MoneyValue, rest: MoneyValue): number | null {
  if (part.currency !== rest.currency) return null;
  const sum = BigInt(part.minor) + BigInt(rest.minor);
  if (sum <= 0n) return null;
  return Number((BigInt(part.minor) * 10_000n) / sum) / 10_000;
}
