/** What a market brought today, lately and in all: net first, and beside it what it is made of. */
import type { EarningSummary, EarningSums } from "../../shared/contract/earnings.ts";
import type { EnergyCost } from "../../shared/contract/offers.ts";
import type { MoneyValue } from "../../shared/money.ts";
import { t } from "../../shared/words/words.ts";
import { amountText } from "../format/amount.ts";
import { showNumber, UNKNOWN } from "../format/reading.ts";
import { Amount } from "../parts/amount.tsx";
import { Card } from "../parts/card.tsx";
import { PendingAmount } from "../parts/pending-amount.tsx";
import { afterEnergy, energyAmount, energyWords, fiatText } from "./figures.ts";

const PERIODS = ["today", "week", "month", "total"] as const;

export function Periods({ summary }: { summary: EarningSummary }) {
  return (
    <div className="periods">
      {PERIODS.map((period) => (
        <Card key={period} title={t(`earnings.period.${period}`)} className="period">
          <Period sums={summary[period]} rate={summary.rate} />
        </Card>
      ))}
    </div>
  );
}

function Period({ sums, rate }: { sums: EarningSums; rate: EnergyCost | null }) {
  const { net, gross, energy, accepted, failed } = sums;
  const left = afterEnergy(sums, rate);
  return (
    <>
      <p
        className={`period-net ${amountText(net).length > 11 ? "period-long" : ""}`}
        title={t("earnings.netHint")}
      >
        <Amount value={net} />
      </p>
      <dl className="period-facts">
        <Line label={t("earnings.gross")} title={t("earnings.grossHint")} value={gross} />
        <div title={t("earnings.pendingHint")}>
          <dt>{t("earnings.pending")}</dt>
          <dd>
            <PendingAmount sums={sums} currency={false} />
          </dd>
        </div>
        <div title={energyWords(energy) ?? t("earnings.energyHint")}>
          <dt>{t("earnings.energy")}</dt>
          <dd>
            {energyAmount(energy.deviceWh)}
            {energy.cost !== null && <span className="quiet"> · {fiatText(energy.cost)}</span>}
          </dd>
        </div>
        {left !== null && (
          <div>
            <dt>{t("earnings.afterEnergy")}</dt>
            <dd className="strong">{fiatText(left)}</dd>
          </div>
        )}
      </dl>
      <p className="period-jobs">
        {t("earnings.jobs", { count: accepted, shown: showNumber(accepted) })}
        {failed > 0 && `, ${t("earnings.failed", { shown: showNumber(failed) })}`}
      </p>
    </>
  );
}

function Line({ label, title, value }: { label: string; title: string; value: MoneyValue | null }) {
  return (
    <div title={title}>
      <dt>{label}</dt>
      <dd>{value === null ? UNKNOWN : <Amount value={value} currency={false} />}</dd>
    </div>
  );
}
