/** What a market holds or owes for this provider, and the claim where it wants one. */

import { useState } from "react";
import type { ClaimReport, MarketView, ProviderBalance } from "../../shared/contract/views.ts";
import type { MoneyValue } from "../../shared/money.ts";
import { hearError } from "../../shared/words/hear-error.ts";
import { asSentence } from "../../shared/words/sentence.ts";
import { t } from "../../shared/words/words.ts";
import { amountText } from "../format/amount.ts";
import { marketName } from "../format/market-name.ts";
import { showNumber } from "../format/reading.ts";
import { ConfirmDialog } from "../parts/controls/confirm-dialog.tsx";
import { Fact, MoneyFact } from "../parts/fact.tsx";
import { useBridge } from "../state/bridge-context.ts";
import type { Answer } from "../state/use-answer.ts";
import { Actions } from "./actions.tsx";

export function Balance({ market, balance }: { market: MarketView; balance: Answer<ProviderBalance> }) {
  const { answer, error, reload } = balance;
  const pending = answer?.pending ?? null;
  const paysByItself = answer?.paysByItself === true;
  return (
    <div className="account-part">
      <h3>{t("identity.account.balances")}</h3>
      {error !== null && (
        <p className="quiet">
          {t("identity.account.balanceUnknown", { why: asSentence(hearError(error).sentence) })}
        </p>
      )}
      <dl className="balances">
        <MoneyFact
          label={t(paysByItself ? "identity.account.wallet" : "identity.account.available")}
          value={answer?.available}
        />
        {!paysByItself && <MoneyFact label={t("identity.account.pending")} value={answer?.pending} />}
        <MoneyFact
          label={t(paysByItself ? "identity.account.inEscrow" : "identity.account.escrow")}
          value={answer?.escrow}
        />
        {!paysByItself && (
          <Fact label={t("identity.account.epoch")}>{showNumber(answer?.lastSettlementEpoch ?? null)}</Fact>
        )}
      </dl>
      {paysByItself ? (
        <p className="account-line quiet">{t("identity.account.paysByItself")}</p>
      ) : (
        <Claim market={market} pending={pending} onClaimed={reload} />
      )}
    </div>
  );
}

interface ClaimProps {
  readonly market: MarketView;
  /** null: not known. */
  readonly pending: MoneyValue | null;
  readonly onClaimed: () => void;
}

function Claim({ market, pending, onClaimed }: ClaimProps) {
  const bridge = useBridge();
  const [asking, setAsking] = useState(false);
  const [claimed, setClaimed] = useState<ClaimReport | null>(null);
  return (
    <>
      <Actions>
        <button
          type="button"
          className="button"
          disabled={pending === null || pending.minor === "0"}
          onClick={() => setAsking(true)}
        >
          {t("identity.account.claim")}
        </button>
        <span className="quiet" role="status">
          {claimed !== null
            ? t("identity.account.claimed", {
                amount: amountText(claimed.total),
                currency: claimed.total.currency,
              })
            : pending?.minor === "0" && t("identity.account.nothingToClaim")}
        </span>
      </Actions>
      {asking && pending !== null && (
        <ConfirmDialog
          open
          onClose={() => setAsking(false)}
          title={t("identity.claim.title", { market: marketName(market.id) })}
          words={t("identity.claim.text", { amount: amountText(pending), currency: pending.currency })}
          confirm={t("identity.claim.confirm")}
          onConfirm={async () => {
            setClaimed(await bridge.invoke("provider.claim", { market: market.id }));
            onClaimed();
          }}
        />
      )}
    </>
  );
}
