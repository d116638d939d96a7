/** One market's books about this provider: what is staked, what is on its way out of it, what was earned and is owed. */
import { Ban, CircleCheck, Landmark, LockKeyhole, TrendingDown } from "lucide-react";
import { type ReactNode, useState } from "react";
import type { IdentityStatus } from "../../shared/contract/identity.ts";
import type {
  ClaimReport,
  MarketView,
  ProviderBalance,
  ProviderStanding,
} from "../../shared/contract/views.ts";
import { SECOND } from "../../shared/durations.ts";
import { t } from "../../shared/words/words.ts";
import { amountText } from "../format/amount.ts";
import { marketName } from "../format/market-name.ts";
import { showNumber } from "../format/reading.ts";
import { asSentence } from "../format/sentence.ts";
import { formatDuration } from "../format/time.ts";
import { Age } from "../parts/age.tsx";
import { Amount } from "../parts/amount.tsx";
import { Card } from "../parts/card.tsx";
import { ConfirmDialog } from "../parts/controls/confirm-dialog.tsx";
import { Fact, MoneyFact } from "../parts/fact.tsx";
import { Note } from "../parts/note.tsx";
import { type StatusLook, StatusWord } from "../parts/status-word.tsx";
import { useBridge } from "../state/bridge-context.ts";
import { usePage } from "../state/store.ts";
import { type Answer, useAnswer } from "../state/use-answer.ts";
import { Actions } from "./actions.tsx";
import { StakeBar } from "./stake-bar.tsx";
import { StakeDialog } from "./stake-dialog.tsx";

const LOOK_AGAIN = 10 * SECOND;
const NO_ACCOUNT = "NO_ACCOUNT";

const LOOK = {
  eligible: { icon: CircleCheck, tone: "ok" },
  degraded: { icon: TrendingDown, tone: "warn" },
  jailed: { icon: LockKeyhole, tone: "bad" },
  ineligible: { icon: Ban, tone: "warn" },
} as const satisfies Record<ProviderStanding["state"], Omit<StatusLook, "word">>;

interface AccountProps {
  readonly market: MarketView;
  readonly providerKey: IdentityStatus | null;
}

export function AccountCard({ market, providerKey }: AccountProps) {
  const balance = useAnswer("provider.balance", { market: market.id }, LOOK_AGAIN);
  const { standing } = market;
  const none = standing === undefined && balance.error?.code === NO_ACCOUNT;
  return (
    <Card
      title={marketName(market.id)}
      aside={
        standing !== undefined && (
          <>
            {t("identity.account.asOf")} <Age at={standing.at} />
          </>
        )
      }
      className="account-card"
    >
      {none ? (
        <div className="card-empty">
          <Landmark size={22} strokeWidth={1.6} aria-hidden />
          {t("identity.account.noBooks", { market: marketName(market.id) })}
        </div>
      ) : (
        <div className="account">
          <Stake market={market} providerKey={providerKey} />
          <Balance market={market} balance={balance} />
        </div>
      )}
    </Card>
  );
}

function Stake({ market, providerKey }: AccountProps) {
  const [asked, setAsked] = useState<"add" | "take" | null>(null);
  const { standing } = market;
  if (standing === undefined) {
    return (
      <div className="account-part">
        <h3>{t("identity.account.stake")}</h3>
        <p className="quiet">{t("identity.account.notRead")}</p>
      </div>
    );
  }
  const { stake, state } = standing;
  const look = { ...LOOK[state], word: t(`identity.account.states.${state}`) };
  // A play-money stake needs no backup; the engine itself refuses where it matters.
  const ours = providerKey?.providerId === standing.providerId;
  const mayStake = !ours || providerKey.mode === "demo" || providerKey.backup !== null;
  return (
    <div className="account-part">
      <div className="account-head">
        <h3>{t("identity.account.stake")}</h3>
        <StatusWord look={look} />
      </div>
      <div className="account-sum" title={t("identity.account.effectiveHint")}>
        <Amount value={stake.effective} />
      </div>
      <StakeBar stake={stake} />
      <p className="account-line">{stakeWords(stake)}</p>
      <dl className="facts">
        <Fact label={t("identity.account.total")}>
          <Amount value={stake.total} />
        </Fact>
        <Fact label={t("identity.account.minimum")}>
          <Amount value={stake.minimum} />
        </Fact>
      </dl>
      {stake.releases.length > 0 && (
        <>
          <h4>{t("identity.account.releasing")}</h4>
          <ul className="releases">
            {stake.releases.map((release) => (
              <li key={`${release.height} ${release.amount.minor}`}>
                <Amount value={release.amount} />
                <Release release={release} />
              </li>
            ))}
          </ul>
        </>
      )}
      {!mayStake && <Note tone="warn">{t("identity.stake.needsBackup")}</Note>}
      <Actions>
        <button
          type="button"
          className="button button-strong"
          disabled={!mayStake}
          onClick={() => setAsked("add")}
        >
          {t("identity.account.add")}
        </button>
        <button
          type="button"
          className="button"
          disabled={stake.effective.minor === "0"}
          onClick={() => setAsked("take")}
        >
          {t("identity.account.take")}
        </button>
      </Actions>
      {asked !== null && (
        <StakeDialog market={market} stake={stake} direction={asked} onClose={() => setAsked(null)} />
      )}
    </div>
  );
}

function stakeWords({ effective, minimum }: ProviderStanding["stake"]): ReactNode {
  if (minimum.minor === "0") return t("identity.account.noMinimum");
  const spare = BigInt(effective.minor) - BigInt(minimum.minor);
  const { currency } = effective;
  const amount = amountText({ currency, minor: (spare < 0n ? -spare : spare).toString() });
  if (spare < 0n)
    return <span className="tone-warn toned">{t("identity.account.short", { amount, currency })}</span>;
  if (spare === 0n) return t("identity.account.exactly");
  return t("identity.account.enough", { amount, currency });
}

function Release({ release }: { release: ProviderStanding["stake"]["releases"][number] }) {
  const now = usePage((page) => page.now);
  const { blocksLeft, freeAt, height } = release;
  if (blocksLeft === null)
    return <span className="quiet">{t("identity.account.unknownWhen", { height })}</span>;
  if (blocksLeft === 0) return <span className="quiet">{t("identity.account.free")}</span>;
  return (
    <span className="quiet">
      {t("identity.account.blocks", { count: blocksLeft })}
      {freeAt != null &&
        `, ${t("identity.account.about", { time: formatDuration(Math.max(0, freeAt - now)) })}`}
    </span>
  );
}

function Balance({ market, balance }: { market: MarketView; balance: Answer<ProviderBalance> }) {
  const bridge = useBridge();
  const [asking, setAsking] = useState(false);
  const [claimed, setClaimed] = useState<ClaimReport | null>(null);
  const { answer, error, reload } = balance;
  const pending = answer?.pending ?? null;
  const name = marketName(market.id);
  return (
    <div className="account-part">
      <h3>{t("identity.account.balances")}</h3>
      {error !== null && (
        <p className="quiet">{t("identity.account.balanceUnknown", { why: asSentence(error.message) })}</p>
      )}
      <dl className="balances">
        <MoneyFact label={t("identity.account.available")} value={answer?.available} />
        <MoneyFact label={t("identity.account.pending")} value={answer?.pending} />
        <MoneyFact label={t("identity.account.escrow")} value={answer?.escrow} />
        <div>
          <dt>{t("identity.account.epoch")}</dt>
          <dd>{showNumber(answer?.lastSettlementEpoch ?? null)}</dd>
        </div>
      </dl>
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
          title={t("identity.claim.title", { market: name })}
          words={t("identity.claim.text", { amount: amountText(pending), currency: pending.currency })}
          confirm={t("identity.claim.confirm")}
          onConfirm={async () => {
            setClaimed(await bridge.invoke("provider.claim", { market: market.id }));
            reload();
          }}
        />
      )}
    </div>
  );
}
