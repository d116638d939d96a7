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
import { add, type CurrencyCode, money, toMoneyValue } from "../../shared/money.ts";
import type { PendingSums, SpanSums } from "../ledger/earnings.ts";
import { type EnergySums, wattHours } from "../ledger/energy.ts";
import type { Ledger } from "../ledger/ledger.ts";
import { MARKET_MONEY } from "../market/market-money.ts";
import { type Electricity, energyCost } from "../pricing/floor.ts";
import { localDays, localMidnight } from "./local-days.ts";

/** Every market settles at least once a day: accepted longer ago and not credited needs a look. */
const OVERDUE_AFTER = DAY;

export interface BooksDeps {
  readonly market: MarketId;
  /** Is it in the settings of today? */
  readonly configured: boolean;
  readonly ledger: BooksLedger;
  /** null: a person has not said what a kWh costs. */
  readonly electricity: () => Electricity | null;
  readonly now: () => number;
}

/** Nothing here changes but what is written in it; a market that is taken out of the settings keeps its books. */
export type BooksLedger = Pick<Ledger, "earnings" | "energy" | "bookings" | "writeOffs" | "marketsKept">;
export type AllBooks = ReadonlyMap<MarketId, EarningBooks>;

/** The books of every market that is configured, then of every other that the ledger has something of. */
export function openBooks(
  configured: readonly MarketId[],
  ledger: BooksLedger,
  rest: Pick<BooksDeps, "electricity" | "now">,
): AllBooks {
  const left = ledger.marketsKept().filter((market) => !configured.includes(market));
  return new Map(
    [...configured, ...left].map((market) => [
      market,
      new EarningBooks({ market, configured: configured.includes(market), ledger, ...rest }),
    ]),
  );
}

/** Of one span of time. */
interface SpanBooks {
  readonly sums: SpanSums;
  readonly energy: EnergySums;
  readonly pending: PendingSums;
}

export class EarningBooks {
  readonly currency: CurrencyCode;
  readonly configured: boolean;
  readonly #deps: BooksDeps;

  constructor(deps: BooksDeps) {
    this.#deps = deps;
    this.configured = deps.configured;
    this.currency = MARKET_MONEY[deps.market].currency;
  }

  /** `at`: the moment that is told of, unix ms; what is shown side by side is asked for with one and the same. */
  series(days: number, at = this.#deps.now()): EarningSeries {
    return {
      market: this.#deps.market,
      currency: this.currency,
      days: localDays(at, days).map(
        ({ date, from, until }): EarningDay => ({ date, at: from, ...this.#between(from, until) }),
      ),
    };
  }

  summary(at = this.#deps.now()): EarningSummary {
    const { market, ledger, electricity } = this.#deps;
    const { earnings, energy } = ledger;
    const { currency } = this;
    // What a wrong clock dated after today is of no day yet.
    const end = localMidnight(at, -1);
    const since = (back: number) => this.#between(localMidnight(at, back), end);
    const pending = earnings.allPending(market, currency);
    const worth = electricity()?.worthOf(currency) ?? null;
    return {
      market,
      currency,
      today: since(0),
      week: since(6),
      month: since(29),
      total: this.#sums({
        sums: earnings.allTime(market, currency),
        energy: energy.allTime(market),
        pending,
      }),
      overdue: this.#overdue(pending, at),
      writtenOff: this.#writtenOff(),
      rentals: this.#rentals(at, end),
      rate: rateOf(worth, electricity()),
      ...(this.configured ? {} : { notConfigured: true }),
    };
  }

  /** Asked by whole quarters of an hour. */
  #overdue(all: PendingSums, at: number): EarningSummary["overdue"] {
    const { market, ledger } = this.#deps;
    const due = ledger.earnings.pending(market, this.currency, at - OVERDUE_AFTER, Number.MAX_SAFE_INTEGER);
    const jobs = all.jobs - due.jobs;
    return {
      jobs,
      net: toMoneyValue(money(this.currency, all.net.minor - due.net.minor)),
      unpriced: all.unpriced - due.unpriced,
      oldestAt: jobs === 0 ? null : ledger.earnings.oldestPending(market),
      afterMs: OVERDUE_AFTER,
    };
  }

  #writtenOff(): EarningSummary["writtenOff"] {
    const { market, ledger } = this.#deps;
    const { market: byMarket, person } = ledger.writeOffs.sums(market, this.currency);
    return {
      byMarket: byMarket.jobs,
      byPerson: {
        ...{ jobs: person.jobs, net: toMoneyValue(person.net), unpriced: person.unpriced },
        lastJobs: person.jobs === 0 ? 0 : ledger.writeOffs.lastDeedJobs(market),
      },
    };
  }

  #rentals(now: number, end: number): EarningSummary["rentals"] {
    const { market, ledger } = this.#deps;
    const { currency } = this;
    const sums = (from: number, until: number) => {
      const { agreed, ...counts } = ledger.bookings.sums({ market, currency, now }, from, until);
      return { ...counts, agreed: toMoneyValue(agreed) };
    };
    return { month: sums(localMidnight(end, 30), end), total: sums(0, Number.MAX_SAFE_INTEGER) };
  }

  #between(from: number, until: number): EarningSums {
    const { market, ledger } = this.#deps;
    return this.#sums({
      sums: ledger.earnings.between(market, this.currency, from, until),
      energy: ledger.energy.between(market, from, until),
      pending: ledger.earnings.pending(market, this.currency, from, until),
    });
  }

  #sums({ sums, energy, pending }: SpanBooks): EarningSums {
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
