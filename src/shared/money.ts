/**
 * Money is an integer count of a currency's minor unit; it meets a decimal point only when it is read or shown.
 *
 * AIT has two exact fractions on the wire: 1e-8 AIT (prices, payments) and 1/3600 AIT (the chain's compute-second).
 * 1/900,000,000 AIT divides both (9 and 250,000 of them), so neither direction ever rounds.
 * Sources: protocols/aitbc.md §0 "Units"; protocols/aicf.md §2.4 (nano).
 */
import { z } from "zod";
import { AppError } from "./errors.ts";

export const CURRENCIES = {
  AIT: { code: "AIT", scale: 900_000_000n, decimals: 6 },
  ANM: { code: "ANM", scale: 1_000_000_000n, decimals: 6 },
} as const satisfies Record<string, Currency>;

/** One currency: its code, its minor units, and how it is shown. */
export interface Currency {
  readonly code: string;
  /** Minor units in one whole unit. */
  readonly scale: bigint;
  /** Decimals shown to people. */
  readonly decimals: number;
}
export type CurrencyCode = keyof typeof CURRENCIES;
export const CurrencyCodeSchema = z.enum(["AIT", "ANM"]);

export interface Money {
  readonly currency: CurrencyCode;
  readonly minor: bigint;
}

/** Money across a process border: a bigint written in decimal. */
export const MoneyValueSchema = z.object({
  currency: CurrencyCodeSchema,
  minor: z.string().regex(/^-?\d+$/),
});
export type MoneyValue = z.infer<typeof MoneyValueSchema>;

/** Minor units of 1/3600 AIT, the chain's integer unit. */
export const AIT_COMPUTE_SECOND = CURRENCIES.AIT.scale / 3600n;

export const money = (currency: CurrencyCode, minor: bigint): Money => ({ currency, minor });
export const toMoneyValue = (m: Money): MoneyValue => ({ currency: m.currency, minor: m.minor.toString() });
export const fromMoneyValue = (v: MoneyValue): Money => ({ currency: v.currency, minor: BigInt(v.minor) });

export function add(a: Money, b: Money): Money {
  if (a.currency !== b.currency) {
    throw new AppError({
      code: "CURRENCY_MISMATCH",
      message: `Cannot add ${b.currency} to ${a.currency}`,
      actor: "bug",
    });
  }
  return money(a.currency, a.minor + b.minor);
}

/**
 * Read a decimal amount of whole units: a number, "35.00000000", "0E-8", "1.5e3".
 * Exact or refused: an amount finer than the minor unit is an error, never rounded.
 */
export function parseDecimal(currency: CurrencyCode, text: string | number): Money {
  const source = typeof text === "number" ? text.toString() : text.trim();
  const match = /^([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d{1,4}))?$/.exec(source);
  const digits = `${match?.[2] ?? ""}${match?.[3] ?? ""}`;
  if (!match || digits === "" || digits.length > 60) {
    throw new AppError({
      code: "BAD_AMOUNT",
      message: `"${source.slice(0, 40)}" is not a decimal amount`,
      actor: "market",
    });
  }
  const exponent = Number(match[4] ?? "0") - (match[3] ?? "").length;
  const unsigned = BigInt(digits) * CURRENCIES[currency].scale;
  const factor = 10n ** BigInt(Math.abs(exponent));
  if (exponent < 0 && unsigned % factor !== 0n) {
    throw new AppError({
      code: "AMOUNT_TOO_FINE",
      message: `"${source}" ${currency} is finer than the currency's minor unit`,
      actor: "market",
    });
  }
  const minor = exponent < 0 ? unsigned / factor : unsigned * factor;
  return money(currency, match[1] === "-" ? -minor : minor);
}

/** Decimal text cut (toward zero, so never more than there is) to `decimals`, without trailing zeros past `minimum`. */
export function formatDecimal(
  m: Money,
  decimals: number = CURRENCIES[m.currency].decimals,
  minimum = 2,
): string {
  const { scale } = CURRENCIES[m.currency];
  const negative = m.minor < 0n;
  const absolute = negative ? -m.minor : m.minor;
  const cut = (absolute * 10n ** BigInt(decimals)) / scale;
  const whole = (cut / 10n ** BigInt(decimals)).toString();
  let fraction = decimals === 0 ? "" : (cut % 10n ** BigInt(decimals)).toString().padStart(decimals, "0");
  while (fraction.length > minimum && fraction.endsWith("0")) fraction = fraction.slice(0, -1);
  return `${negative && cut !== 0n ? "-" : ""}${whole}${fraction === "" ? "" : `.${fraction}`}`;
}

/** floor(amount * bps / 10000), for non-negative amounts. */
export function basisPoints(m: Money, bps: bigint): Money {
  return money(m.currency, (m.minor * bps) / 10_000n);
}
