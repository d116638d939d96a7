/** Sums of a period as the books would tell them: a market that keeps a fifth of the gross, and some energy. */
import type { EarningPeriods, EarningSums } from "../../src/shared/contract/earnings.ts";
import type { MoneyValue } from "../../src/shared/money.ts";

export function earningSums(net: MoneyValue, more: Partial<EarningSums> = {}): EarningSums {
  const minor = BigInt(net.minor);
  const money = (value: bigint): MoneyValue => ({ currency: net.currency, minor: value.toString() });
  return {
    accepted: 412,
    failed: 3,
    settled: 400,
    gross: money((minor * 5n) / 4n),
    fee: money(minor / 4n),
    net,
    pending: money(0n),
    unpriced: 0,
    energy: { deviceWh: 812, restWh: 96, measured: 0.93, cost: { currency: "EUR", micros: "290000" } },
    ...more,
  };
}

/** A week brought five, a month twenty times as much as today; all that is pending is of today. */
export function earningPeriods(today: MoneyValue, total: MoneyValue, pending?: MoneyValue): EarningPeriods {
  const times = (factor: number): EarningSums => {
    const net = { currency: today.currency, minor: (BigInt(today.minor) * BigInt(factor)).toString() };
    return sums(net, factor);
  };
  const sums = (net: MoneyValue, factor: number): EarningSums =>
    earningSums(net, {
      ...(pending !== undefined && { pending }),
      accepted: 412 * factor,
      energy: {
        deviceWh: 812 * factor,
        restWh: 96 * factor,
        measured: 0.93,
        cost: { currency: "EUR", micros: String(290_000 * factor) },
      },
    });
  return { today: times(1), week: times(5), month: times(20), total: sums(total, 180) };
}
