/** One market's books about this provider: what is staked there, and what it holds or owes. */
import { Landmark } from "lucide-react";
import type { IdentityStatus } from "../../shared/contract/identity.ts";
import type { MarketView } from "../../shared/contract/views.ts";
import { SECOND } from "../../shared/durations.ts";
import { t } from "../../shared/words/words.ts";
import { marketName } from "../format/market-name.ts";
import { Card } from "../parts/card.tsx";
import { useAnswer } from "../state/use-answer.ts";
import { Balance } from "./balance.tsx";
import { LockedStake } from "./locked-stake.tsx";
import { Stake } from "./stake.tsx";

const LOOK_AGAIN = 10 * SECOND;
const NO_ACCOUNT = "NO_ACCOUNT";

interface AccountProps {
  readonly market: MarketView;
  readonly providerKey: IdentityStatus | null;
}

export function AccountCard({ market, providerKey }: AccountProps) {
  const balance = useAnswer("provider.balance", { market: market.id }, LOOK_AGAIN);
  const { standing } = market;
  const none = standing === undefined && balance.error?.code === NO_ACCOUNT;
  return (
    <Card title={marketName(market.id)} className="account-card">
      {none ? (
        <div className="card-empty">
          <Landmark size={22} strokeWidth={1.6} aria-hidden />
          {t("identity.account.noBooks", { market: marketName(market.id) })}
        </div>
      ) : (
        <div className="account">
          {standing === undefined ? (
            <div className="account-part">
              <h3>{t("identity.account.stake")}</h3>
              <p className="quiet">{t("identity.account.notRead")}</p>
            </div>
          ) : standing.stake.parts === undefined ? (
            <Stake market={market} standing={standing} providerKey={providerKey} />
          ) : (
            <LockedStake market={market} standing={standing} parts={standing.stake.parts} />
          )}
          <Balance market={market} balance={balance} />
        </div>
      )}
    </Card>
  );
}
