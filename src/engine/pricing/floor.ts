/**
 * What an hour of a GPU costs in electricity: the least it has to bring. Power is what was measured while it worked
 * here, else the most the card may draw; the price of a kWh and what the market's coin is worth are the person's word.
 */
import type { EnergyCost, PriceFloor } from "../../shared/contract/offers.ts";
import { CURRENCIES, type CurrencyCode, type Money, money, toMoneyValue } from "../../shared/money.ts";
import { type Sentence, say } from "../../shared/words/said.ts";

const lacking = ({ text, said }: Sentence) => ({ missing: text, missingSaid: said });

/** What a person pays for electricity now. */
export interface Electricity {
  /** ISO 4217. */
  readonly currency: string;
  /** Of one kWh, millionths of `currency`. */
  readonly microsPerKwh: bigint;
  /** Drawn by the rest of the machine while it works; 0: not counted. */
  readonly restWatts: number;
  /** What one whole coin of a market is worth, millionths of `currency`; null: nobody said. */
  worthOf(currency: CurrencyCode): bigint | null;
}

export interface Power {
  /** On average while it worked here; null: it has not, or does not tell. */
  readonly measuredWatts: number | null;
  readonly limitWatts: number | null;
}

const MILLI = 1000;

export function floorOf(power: Power, electricity: Electricity | null, currency: CurrencyCode): PriceFloor {
  const own = power.measuredWatts ?? power.limitWatts;
  const wattsFrom: PriceFloor["wattsFrom"] =
    power.measuredWatts !== null ? "measured" : power.limitWatts !== null ? "limit" : null;
  const watts = own === null ? null : own + (electricity?.restWatts ?? 0);
  const unknown = { watts, wattsFrom, cost: null, price: null };
  if (watts === null) return { ...unknown, ...lacking(say("wattsUnknown")) };
  if (electricity === null) return { ...unknown, ...lacking(say("kwhUnknown")) };
  const cost = energyCost(watts, 1, electricity);
  const worth = electricity.worthOf(currency);
  if (worth === null || worth <= 0n) {
    return {
      ...unknown,
      cost,
      ...lacking(say("coinUnknown", { coin: currency, currency: electricity.currency })),
    };
  }
  return { watts, wattsFrom, cost, price: toMoneyValue(inCoin(cost, worth, currency)), missing: null };
}

/** Rounded up. */
export function energyCost(watts: number, hours: number, electricity: Electricity): EnergyCost {
  const milliwattHours = BigInt(Math.ceil(watts * hours * MILLI));
  const micros = ceilDiv(milliwattHours * electricity.microsPerKwh, 1_000_000n);
  return { currency: electricity.currency, micros: micros.toString() };
}

/** The same amount in a market's coin, of which one is worth `worth` millionths; rounded up. */
export function inCoin(cost: EnergyCost, worth: bigint, currency: CurrencyCode): Money {
  return money(currency, ceilDiv(BigInt(cost.micros) * CURRENCIES[currency].scale, worth));
}

const ceilDiv = (a: bigint, b: bigint): bigint => (a + b - 1n) / b;
