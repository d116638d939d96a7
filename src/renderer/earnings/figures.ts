/** Sums of money and energy as the earnings screen reads them. */
import type { EarningSums, EnergyUse } from "../../shared/contract/earnings.ts";
import type { EnergyCost } from "../../shared/contract/offers.ts";
import { SECOND } from "../../shared/durations.ts";
import { CURRENCIES, type MoneyValue } from "../../shared/money.ts";
import { t } from "../../shared/words/words.ts";
import { amountText } from "../format/amount.ts";
import { showNumber, UNKNOWN } from "../format/reading.ts";
import { formatDuration } from "../format/time.ts";

const KILO = 1000;

/** As a number, for drawing only. */
export function drawnAmount({ currency, minor }: MoneyValue): number {
  return Number(minor) / Number(CURRENCIES[currency].scale);
}

/** "0.5 ANM"; "≥ 0.5 ANM" where of `unpriced` nobody has said how much; null where nobody has of any. */
export function owedText(net: MoneyValue, unpriced: number): string | null {
  if (unpriced > 0 && net.minor === "0") return null;
  return `${unpriced > 0 ? "≥ " : ""}${amountText(net)} ${net.currency}`;
}

/** "412 Wh", "1.94 kWh", or the dash. */
export function energyAmount(wattHours: number | null): string {
  if (wattHours === null) return UNKNOWN;
  if (wattHours < KILO) return `${showNumber(wattHours, wattHours < 10 ? 1 : 0)} Wh`;
  return `${showNumber(wattHours / KILO, wattHours < 100 * KILO ? 2 : 0)} kWh`;
}

/** How the energy was come by, in words; null: there is nothing to say. */
export function energyWords({ deviceWh, restWh, measured }: EnergyUse): string | null {
  if (measured === null) return null;
  if (deviceWh === null) return t("earnings.energyUnknown");
  const parts = [
    ...(measured < 0.995
      ? [t("earnings.energyPartly", { share: showNumber(Math.floor(measured * 100)) })]
      : []),
    ...(restWh === null ? [] : [t("earnings.energyRest", { watthours: energyAmount(restWh) })]),
  ];
  return parts.length === 0 ? null : parts.join(", ");
}

/** What is left of the net after electricity, millionths of the currency of both; null: one of them is not known. */
export function afterEnergy(sums: EarningSums, rate: EnergyCost | null): EnergyCost | null {
  const { cost } = sums.energy;
  if (rate === null || cost === null || rate.currency !== cost.currency) return null;
  const { scale } = CURRENCIES[sums.net.currency];
  const worth = (BigInt(sums.net.minor) * BigInt(rate.micros)) / scale;
  return { currency: rate.currency, micros: (worth - BigInt(cost.micros)).toString() };
}

const MICROS = 1_000_000;

/** "0.57 EUR", "-0.0312 EUR": small amounts with the digits that tell them apart. */
export function fiatText({ currency, micros }: EnergyCost): string {
  const amount = Number(micros) / MICROS;
  const digits = amount !== 0 && Math.abs(amount) < 0.01 ? 4 : 2;
  return `${showNumber(amount, digits).replace("-", "−")} ${currency}`;
}

/**
 * How long the credit took, from our acceptance by our clock to the credit by the market's: to the second, as nobody
 * knows these clocks to agree better than that.
 */
export function creditWords(waitedMs: number): string {
  return waitedMs < SECOND
    ? t("earnings.ledger.creditedAtOnce")
    : t("earnings.ledger.creditedAfter", { time: formatDuration(waitedMs) });
}
