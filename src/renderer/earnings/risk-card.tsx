/** Money that is earned and not here yet: what can be claimed, what is on its way, what waits for too long. */
import { TriangleAlert } from "lucide-react";
import { useState } from "react";
import type { EarningSummary } from "../../shared/contract/earnings.ts";
import { SECOND } from "../../shared/durations.ts";
import type { MoneyValue } from "../../shared/money.ts";
import { t } from "../../shared/words/words.ts";
import { amountText } from "../format/amount.ts";
import { marketName } from "../format/market-name.ts";
import { UNKNOWN } from "../format/reading.ts";
import { coarse, formatMoment } from "../format/time.ts";
import { Amount } from "../parts/amount.tsx";
import { Card } from "../parts/card.tsx";
import { ConfirmDialog } from "../parts/controls/confirm-dialog.tsx";
import { Fact, MoneyFact } from "../parts/fact.tsx";
import { Limits } from "../parts/limits.tsx";
import { PendingAmount } from "../parts/pending-amount.tsx";
import { useBridge } from "../state/bridge-context.ts";
import { useEngine } from "../state/store.ts";
import { useAnswer } from "../state/use-answer.ts";
import { WriteOff } from "./write-off.tsx";

const BALANCE_EVERY = 30 * SECOND;

export function RiskCard({ summary, onClaimed }: { summary: EarningSummary; onClaimed: () => void }) {
  const { market, total, overdue, notConfigured } = summary;
  const after = coarse(overdue.afterMs);
  const limits = useEngine(({ markets }) => markets.find(({ id }) => id === market)?.limits);
  const unread = limits?.filter(({ of }) => of === "money") ?? [];
  // Nobody needs to compare books of which it is known why they can't be read.
  const isUnread = unread.some(({ failing }) => failing);
  return (
    <Card title={t("earnings.risk.title")} className="risk" aside={marketName(market)}>
      {!notConfigured && <Claimable key={market} market={market} onClaimed={onClaimed} />}
      <dl className="risk-facts">
        <Fact label={t("earnings.risk.pending")}>
          <PendingAmount sums={total} />
        </Fact>
        {overdue.jobs > 0 && (
          <div className="tone-warn" title={isUnread ? undefined : t("earnings.risk.overdueHint")}>
            <dt className="risk-overdue">
              <TriangleAlert size={14} aria-hidden />
              {t("earnings.risk.overdue", { time: after })}
            </dt>
            <dd>
              <PendingAmount sums={{ pending: overdue.net, unpriced: overdue.unpriced }} />
            </dd>
          </div>
        )}
      </dl>
      <p className="risk-foot">
        {overdue.jobs === 0
          ? t("earnings.risk.none", { time: after })
          : overdue.oldestAt !== null && t("earnings.risk.oldest", { when: formatMoment(overdue.oldestAt) })}
        {overdue.jobs > 0 && !isUnread && (
          <span className="risk-help">{t("earnings.risk.overdueHint")}.</span>
        )}
      </p>
      <Limits limits={unread} />
      <WriteOff key={`${market} unpaid`} summary={summary} onChanged={onClaimed} />
    </Card>
  );
}

function Claimable({ market, onClaimed }: { market: EarningSummary["market"]; onClaimed: () => void }) {
  const bridge = useBridge();
  const { answer, error, reload } = useAnswer("provider.balance", { market }, BALANCE_EVERY);
  const [asking, setAsking] = useState(false);
  const [claimed, setClaimed] = useState<MoneyValue | null>(null);
  if (error?.code === "NO_ACCOUNT")
    return <p className="risk-foot risk-head">{t("earnings.risk.paysItself")}</p>;
  if (answer?.paysByItself === true) {
    return (
      <>
        <p className="risk-foot risk-head">{t("earnings.risk.paysItself")}</p>
        <dl className="risk-facts">
          <MoneyFact label={t("identity.account.inEscrow")} value={answer.escrow} />
        </dl>
      </>
    );
  }
  const pending = answer?.pending;
  const words = pending && { amount: amountText(pending), currency: pending.currency };
  return (
    <>
      <dl className="risk-facts">
        <div title={t("earnings.risk.unclaimedHint")}>
          <dt>{t("earnings.risk.unclaimed")}</dt>
          <dd className="strong">{pending === undefined ? UNKNOWN : <Amount value={pending} />}</dd>
        </div>
        <MoneyFact label={t("earnings.risk.escrow")} value={answer?.escrow} />
      </dl>
      <div className="risk-actions">
        <button
          type="button"
          className="button"
          disabled={pending === undefined || pending.minor === "0"}
          onClick={() => setAsking(true)}
        >
          {t("earnings.risk.claim")}
        </button>
        <span className="quiet" role="status">
          {claimed !== null &&
            t("earnings.risk.claimed", { amount: amountText(claimed), currency: claimed.currency })}
          {claimed === null && error !== null && answer === null && t("earnings.risk.notRead")}
        </span>
      </div>
      {asking && words !== undefined && (
        <ConfirmDialog
          open
          onClose={() => setAsking(false)}
          title={t("earnings.risk.claimTitle", { ...words, market: marketName(market) })}
          words={t("earnings.risk.claimWords")}
          confirm={t("earnings.risk.claimConfirm")}
          onConfirm={async () => {
            const { total } = await bridge.invoke("provider.claim", { market });
            setClaimed(total);
            reload();
            onClaimed();
          }}
        />
      )}
    </>
  );
}
