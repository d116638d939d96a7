/** A market's days as bars: what was credited, the market's fee on top of it, what is still to come; energy as a line. */
import { BarChart3 } from "lucide-react";
import { useMemo } from "react";
import type { EarningSeries } from "../../shared/contract/earnings.ts";
import { DAY } from "../../shared/durations.ts";
import { type MoneyValue, money, toMoneyValue } from "../../shared/money.ts";
import { t } from "../../shared/words/words.ts";
import { amountText } from "../format/amount.ts";
import { marketName } from "../format/market-name.ts";
import { showNumber, UNKNOWN } from "../format/reading.ts";
import { formatDate } from "../format/time.ts";
import { Chart } from "../parts/chart.tsx";
import type { ChartSeries } from "../parts/chart-plot.ts";
import { drawnAmount, energyAmount, owedText } from "./figures.ts";
import { type Span, spanOf, sumOf, weeksOf } from "./spans.ts";

interface DayChartProps {
  series: EarningSeries;
  /** "30 days". */
  range: string;
}

/** More days than this are drawn week by week: a bar has to be wide enough to be pointed at. */
const MOST_DAYS = 100;
export const isWeekly = ({ days }: EarningSeries): boolean => days.length > MOST_DAYS;

export function DayChart({ series, range }: DayChartProps) {
  const { currency } = series;
  const weekly = isWeekly(series);
  const days = useMemo(() => (weekly ? weeksOf(series.days) : series.days.map(spanOf)), [series, weekly]);
  const times = useMemo(() => days.map(({ at }) => at), [days]);
  const drawn = useMemo(() => chartSeries(days), [days]);
  const total = (pick: (day: Span) => number) => days.reduce((sum, day) => sum + pick(day), 0);
  const accepted = total((day) => day.accepted);
  if (accepted === 0 && days.every(({ net, pending }) => net.minor === "0" && pending.minor === "0")) {
    return (
      <div className="card-empty">
        <BarChart3 size={22} strokeWidth={1.6} aria-hidden />
        <strong>{t("earnings.chart.none")}</strong>
        {t("earnings.chart.noneHelp")}
      </div>
    );
  }
  return (
    <Chart
      label={t("earnings.chart.label", { market: marketName(series.market) })}
      summary={t("earnings.chart.summary", {
        market: marketName(series.market),
        range,
        net: amountText(sumOf(days, (day) => day.net) ?? toMoneyValue(money(currency, 0n))),
        currency,
        accepted: showNumber(accepted),
        failed: showNumber(total((day) => day.failed)),
      })}
      height={200}
      times={times}
      series={drawn}
      stacked
      step={weekly ? 7 * DAY : DAY}
      restTime={range}
      showTime={(at) => (weekly ? t("earnings.chart.week", { date: formatDate(at) }) : formatDate(at))}
      tickRight={(kilowattHours) => `${showNumber(kilowattHours, kilowattHours % 1 === 0 ? 0 : 1)} kWh`}
    />
  );
}

function chartSeries(days: readonly Span[]): ChartSeries[] {
  const moneySeries = (
    label: string,
    pick: (day: Span) => MoneyValue | null,
    look: Pick<ChartSeries, "tone" | "faded">,
    unpriced: (day: Span) => number = () => 0,
  ): ChartSeries => {
    const sum = sumOf(days, pick);
    const all = days.reduce((total, day) => total + unpriced(day), 0);
    return {
      label,
      kind: "bars",
      ...look,
      values: days.map((day) => {
        const value = pick(day);
        return value === null ? null : drawnAmount(value);
      }),
      show: (_, index) => {
        const day = days[index];
        return day === undefined ? UNKNOWN : amountOf(pick(day), unpriced(day));
      },
      rest: amountOf(sum, all),
    };
  };
  const energy = days.map(({ deviceWh }) => deviceWh);
  const known = energy.filter((value) => value !== null);
  return [
    moneySeries(t("earnings.net"), (day) => day.net, { tone: "ember" }),
    ...(days.some(({ fee }) => fee !== null && fee.minor !== "0")
      ? [moneySeries(t("earnings.fee"), (day) => day.fee, { tone: "muted" })]
      : []),
    moneySeries(
      t("earnings.pending"),
      (day) => day.pending,
      { tone: "ember", faded: true },
      (day) => day.unpriced,
    ),
    ...(known.length === 0
      ? []
      : [
          {
            label: t("earnings.energy"),
            kind: "line",
            tone: "info",
            axis: "right",
            values: energy.map((wattHours) => (wattHours === null ? null : wattHours / 1000)),
            show: (_, index) => energyAmount(energy[index] ?? null),
            rest: energyAmount(known.reduce((sum, wattHours) => sum + wattHours, 0)),
          } satisfies ChartSeries,
        ]),
  ];
}

const amountOf = (value: MoneyValue | null, unpriced: number): string =>
  (value && owedText(value, unpriced)) ?? UNKNOWN;
