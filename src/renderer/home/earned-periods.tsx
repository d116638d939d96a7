/** What a day, a week, a month and all time brought: gross, net, and the electricity that it took. */
import type { EarningPeriods, EarningSums } from "../../shared/contract/earnings.ts";
import type { EnergyCost } from "../../shared/contract/offers.ts";
import { t } from "../../shared/words/words.ts";
import { afterEnergy, energyAmount, energyWords, fiatText } from "../earnings/figures.ts";
import { amountText, decimalsOf, shortAmountText } from "../format/amount.ts";
import { UNKNOWN } from "../format/reading.ts";

const PERIODS = ["today", "week", "month", "total"] as const;

interface EarnedPeriodsProps {
  readonly periods: EarningPeriods;
  readonly rate: EnergyCost | null;
  readonly decimals: number;
}

/** With which all of it stands in little room, and the figure beside it. */
export const periodDecimals = (periods: EarningPeriods): number =>
  decimalsOf(PERIODS.flatMap((period) => periods[period].gross ?? periods[period].net));

export function EarnedPeriods({ periods, rate, decimals }: EarnedPeriodsProps) {
  const priced = PERIODS.some((period) => afterEnergy(periods[period], rate) !== null);
  return (
    <table className="earned-periods">
      <thead>
        <tr>
          <th scope="col">
            <span className="visually-hidden">{t("home.earned.period")}</span>
          </th>
          <th scope="col" title={t("earnings.grossHint")}>
            {t("earnings.gross")}
          </th>
          <th scope="col" title={t("earnings.netHint")}>
            {t("earnings.net")}
          </th>
          <th scope="col" title={t("earnings.energyHint")}>
            {t("earnings.energy")}
          </th>
          {priced && (
            <th scope="col" title={t("home.earned.leftHint")}>
              {t("home.earned.left")}
            </th>
          )}
        </tr>
      </thead>
      <tbody>
        {PERIODS.map((period) => (
          <tr key={period}>
            <th scope="row">{t(`home.earned.${period}`)}</th>
            <Cells sums={periods[period]} rate={rate} priced={priced} decimals={decimals} />
          </tr>
        ))}
      </tbody>
    </table>
  );
}

interface CellsProps {
  readonly sums: EarningSums;
  readonly rate: EnergyCost | null;
  /** Is there a column for what is left after electricity? */
  readonly priced: boolean;
  readonly decimals: number;
}

function Cells({ sums, rate, priced, decimals }: CellsProps) {
  const { gross, net, energy } = sums;
  const left = afterEnergy(sums, rate);
  return (
    <>
      <td className="quiet" title={gross === null ? undefined : amountText(gross)}>
        {gross === null ? UNKNOWN : shortAmountText(gross, decimals)}
      </td>
      <td className="strong" title={amountText(net)}>
        {shortAmountText(net, decimals)}
      </td>
      <td className="quiet" title={energyWords(energy) ?? undefined}>
        {energyAmount(energy.deviceWh)}
      </td>
      {priced && <td>{left === null ? UNKNOWN : fiatText(left)}</td>}
    </>
  );
}
