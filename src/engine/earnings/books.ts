/**
 * The books of one market: what a day, a month or all time brought, what is on its way, and what it drew. Everything is
 * a sum over ledger rows; what the sums can't know is null.
 */
import type {
  EarningDay,
  EarningSeries,
  EarningSummary,
  EarningSums,
  EnergyUse,
} from "../../shared/contract/earnings.ts";
import type { EnergyCost } from "../../shared/contract/offers.ts";
import type { MarketId } from "../../shared/contract/views.ts";
import { DAY, HOUR } from "../../shared/durations.ts";
import { add, type CurrencyCode, type Money, money, toMoneyValue } from "../../shared/money.ts";
import type { EarningsTable, SpanSums } from "../ledger/earnings.ts";
import { type EnergySums, type EnergyTable, wattHours } from "../ledger/energy.ts";
import { type Electricity, energyCost } from "../pricing/floor.ts";
import { localDays, localMidnight } from "./local-days.ts";

/** Every market settles at least once a day: accepted longer ago and not credited needs a look. */
const OVERDUE_AFTER = DAY;

export interface BooksMarket {
  readonly id: MarketId;
  readonly currency: CurrencyCode;
  /** What is left of a gross fee. */
  expectedNet(gross: Money): Money;
}

export interface BooksDeps {
  readonly market: BooksMarket;
  readonly earnings: EarningsTable;
  readonly energy: EnergyTable;
  /** null: a person has not said what a kWh costs. */
  readonly electricity: () => Electricity | null;
  readonly now: () => number;
}

/** What an accepted job should still bring. */
interface Pending {
  readonly net: Money;
  readonly acceptedAt: number;
}

export class EarningBooks {
  readonly #deps: BooksDeps;

  constructor(deps: BooksDeps) {
    this.#deps = deps;
  }

  series(days: number): EarningSeries {
    const { market, now } = this.#deps;
    const pending = new PendingDays(this.#pending(), market.currency);
    return {
      market: market.id,
      currency: market.currency,
      days: localDays(now(), days).map(
        ({ date, from, until }): EarningDay => ({
          date,
          at: from,
          ...this.#sums(this.#between(from, until), pending.take(from, until)),
        }),
      ),
    };
  }

  summary(): EarningSummary {
    const { market, earnings, energy, electricity, now } = this.#deps;
    const { id, currency } = market;
    const pending = this.#pending();
    const since = (back: number) => {
      const from = localMidnight(now(), back);
      return this.#sums(this.#between(from, Number.MAX_SAFE_INTEGER), sumOf(pending, currency, from));
    };
    const overdue = pending.filter(({ acceptedAt }) => acceptedAt < now() - OVERDUE_AFTER);
    const worth = electricity()?.worthOf(currency) ?? null;
    return {
      market: id,
      currency,
      today: since(0),
      week: since(6),
      month: since(29),
      total: this.#sums(
        { sums: earnings.allTime(id, currency), energy: energy.allTime(id) },
        sumOf(pending, currency, 0),
      ),
      overdue: {
        jobs: overdue.length,
        net: toMoneyValue(sumOf(overdue, currency, 0)),
        oldestAt: overdue[0]?.acceptedAt ?? null,
        afterMs: OVERDUE_AFTER,
      },
      rate: rateOf(worth, electricity()),
    };
  }

  #between(from: number, until: number): { sums: SpanSums; energy: EnergySums } {
    const { market, earnings, energy } = this.#deps;
    return {
      sums: earnings.between(market.id, market.currency, from, until),
      energy: energy.between(market.id, from, until),
    };
  }

  /** Oldest first. */
  #pending(): Pending[] {
    const { market, earnings } = this.#deps;
    return earnings
      .pending(market.id)
      .map(({ fee, acceptedAt }) => ({ net: market.expectedNet(fee), acceptedAt }));
  }

  #sums({ sums, energy }: { sums: SpanSums; energy: EnergySums }, pending: Money): EarningSums {
    const { net, fee, feesUnknown } = sums;
    const told = feesUnknown === 0;
    return {
      accepted: sums.accepted,
      failed: sums.failed,
      settled: sums.settled,
      gross: told ? toMoneyValue(add(net, fee)) : null,
      fee: told ? toMoneyValue(fee) : null,
      net: toMoneyValue(net),
      pending: toMoneyValue(pending),
      energy: energyUse(energy, this.#deps.electricity()),
    };
  }
}

/** What was drawn, and what it costs at today's price; the rest of the machine counts for the time that a device worked. */
export function energyUse({ devices, machineMs }: EnergySums, electricity: Electricity | null): EnergyUse {
  const worked = devices.measuredMs + devices.unmeasuredMs;
  const deviceWh = devices.measuredMs > 0 ? wattHours(devices.joules) : null;
  const restWatts = electricity?.restWatts ?? 0;
  const restWh = restWatts > 0 && machineMs > 0 ? (restWatts * machineMs) / HOUR : null;
  return {
    deviceWh,
    restWh,
    measured: worked === 0 ? null : devices.measuredMs / worked,
    cost:
      electricity === null || deviceWh === null ? null : energyCost(deviceWh + (restWh ?? 0), 1, electricity),
  };
}

export function rateOf(worth: bigint | null, electricity: Electricity | null): EnergyCost | null {
  return electricity === null || worth === null
    ? null
    : { currency: electricity.currency, micros: worth.toString() };
}

/** Sums over spans that follow each other, each entry looked at once. */
class PendingDays {
  readonly #pending: readonly Pending[];
  readonly #currency: CurrencyCode;
  #at = 0;

  /** Oldest first. */
  constructor(pending: readonly Pending[], currency: CurrencyCode) {
    this.#pending = pending;
    this.#currency = currency;
  }

  /** What was accepted in [from, until); spans are taken oldest first. */
  take(from: number, until: number): Money {
    let sum = money(this.#currency, 0n);
    for (let next = this.#pending[this.#at]; next !== undefined && next.acceptedAt < until; ) {
      if (next.acceptedAt >= from) sum = add(sum, next.net);
      next = this.#pending[++this.#at];
    }
    return sum;
  }
}

/** Of what was accepted from `from` on. */
function sumOf(pending: readonly Pending[], currency: CurrencyCode, from: number): Money {
  return new PendingDays(pending, currency).take(from, Number.POSITIVE_INFINITY);
}
