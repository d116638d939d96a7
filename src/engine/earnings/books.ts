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

export type AllBooks = ReadonlyMap<MarketId, EarningBooks>;

export function openBooks(
  markets: readonly BooksMarket[],
  ledger: { readonly earnings: EarningsTable; readonly energy: EnergyTable },
  rest: Pick<BooksDeps, "electricity" | "now">,
): AllBooks {
  const { earnings, energy } = ledger;
  return new Map(
    markets.map((market) => [market.id, new EarningBooks({ market, earnings, energy, ...rest })]),
  );
}

/** What an accepted job should still bring. */
interface Pending {
  /** null: the market does not say. */
  readonly net: Money | null;
  readonly acceptedAt: number;
}

interface PendingSum {
  readonly net: Money;
  /** Jobs of which it is not known. */
  readonly unpriced: number;
}

export class EarningBooks {
  readonly #deps: BooksDeps;

  constructor(deps: BooksDeps) {
    this.#deps = deps;
  }

  /** `at`: the moment that is told of, unix ms; what is shown side by side is asked for with one and the same. */
  series(days: number, at = this.#deps.now()): EarningSeries {
    const { market } = this.#deps;
    const pending = new PendingDays(this.#pending(), market.currency);
    return {
      market: market.id,
      currency: market.currency,
      days: localDays(at, days).map(
        ({ date, from, until }): EarningDay => ({
          date,
          at: from,
          ...this.#sums(this.#between(from, until), pending.take(from, until)),
        }),
      ),
    };
  }

  summary(at = this.#deps.now()): EarningSummary {
    const { market, earnings, energy, electricity } = this.#deps;
    const { id, currency } = market;
    const pending = this.#pending();
    const since = (back: number) => {
      const from = localMidnight(at, back);
      return this.#sums(this.#between(from, Number.MAX_SAFE_INTEGER), sumOf(pending, currency, from));
    };
    const overdue = pending.filter(({ acceptedAt }) => acceptedAt < at - OVERDUE_AFTER);
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
        net: toMoneyValue(sumOf(overdue, currency, 0).net),
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
    const priced = earnings
      .pending(market.id)
      .map(({ fee, acceptedAt }): Pending => ({ net: market.expectedNet(fee), acceptedAt }));
    const unpriced = earnings.unpriced(market.id);
    if (unpriced.length === 0) return priced;
    return [...priced, ...unpriced.map((acceptedAt) => ({ net: null, acceptedAt }))].sort(
      (a, b) => a.acceptedAt - b.acceptedAt,
    );
  }

  #sums({ sums, energy }: { sums: SpanSums; energy: EnergySums }, pending: PendingSum): EarningSums {
    const { net, fee, feesUnknown } = sums;
    const told = feesUnknown === 0;
    return {
      accepted: sums.accepted,
      failed: sums.failed,
      settled: sums.settled,
      gross: told ? toMoneyValue(add(net, fee)) : null,
      fee: told ? toMoneyValue(fee) : null,
      net: toMoneyValue(net),
      pending: toMoneyValue(pending.net),
      unpriced: pending.unpriced,
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
  take(from: number, until: number): PendingSum {
    let net = money(this.#currency, 0n);
    let unpriced = 0;
    for (let next = this.#pending[this.#at]; next !== undefined && next.acceptedAt < until; ) {
      if (next.acceptedAt >= from) {
        if (next.net === null) unpriced += 1;
        else net = add(net, next.net);
      }
      next = this.#pending[++this.#at];
    }
    return { net, unpriced };
  }
}

/** Of what was accepted from `from` on. */
function sumOf(pending: readonly Pending[], currency: CurrencyCode, from: number): PendingSum {
  return new PendingDays(pending, currency).take(from, Number.POSITIVE_INFINITY);
}
