/** Days of the series as bars of a chart, or seven of them as one. */
import type { EarningDay } from "../../shared/contract/earnings.ts";
import type { MoneyValue } from "../../shared/money.ts";

export interface Span {
  /** When it began, unix ms. */
  readonly at: number;
  readonly accepted: number;
  readonly failed: number;
  readonly net: MoneyValue;
  readonly pending: MoneyValue;
  /** Jobs that `pending` says nothing of, as nobody has said what they pay. */
  readonly unpriced: number;
  /** null: the market does not tell all of it. */
  readonly fee: MoneyValue | null;
  /** null: nobody told. */
  readonly deviceWh: number | null;
}

const WEEK = 7;

export function spanOf({ at, accepted, failed, net, pending, unpriced, fee, energy }: EarningDay): Span {
  return { at, accepted, failed, net, pending, unpriced, fee, deviceWh: energy.deviceWh };
}

/** Seven days each, the last of them ends today; the first may be shorter. */
export function weeksOf(days: readonly EarningDay[]): Span[] {
  const spans = days.map(spanOf);
  const short = spans.length % WEEK;
  const parts = short === 0 ? [] : [spans.slice(0, short)];
  for (let from = short; from < spans.length; from += WEEK) parts.push(spans.slice(from, from + WEEK));
  return parts.map(together);
}

function together(spans: readonly Span[]): Span {
  const [first] = spans;
  if (first === undefined) throw new RangeError("A week has days");
  const known = spans.map(({ deviceWh }) => deviceWh).filter((value) => value !== null);
  const nothing = { currency: first.net.currency, minor: "0" };
  return {
    at: first.at,
    accepted: spans.reduce((sum, { accepted }) => sum + accepted, 0),
    failed: spans.reduce((sum, { failed }) => sum + failed, 0),
    net: sumOf(spans, ({ net }) => net) ?? nothing,
    pending: sumOf(spans, ({ pending }) => pending) ?? nothing,
    unpriced: spans.reduce((sum, { unpriced }) => sum + unpriced, 0),
    fee: sumOf(spans, ({ fee }) => fee),
    deviceWh: known.length === 0 ? null : known.reduce((sum, value) => sum + value, 0),
  };
}

/** null: one of them does not tell. */
export function sumOf(spans: readonly Span[], pick: (span: Span) => MoneyValue | null): MoneyValue | null {
  const values = spans.map(pick);
  const [first] = values;
  if (first === undefined || first === null || values.includes(null)) return null;
  const minor = values.reduce((sum, value) => sum + BigInt(value?.minor ?? 0), 0n);
  return { currency: first.currency, minor: minor.toString() };
}
