/** A stake that a market can take from: what of it counts, the minimum, and what is on its way out of it. */
import { Ban, CircleCheck, LockKeyhole, Sprout, TrendingDown } from "lucide-react";
import { type ReactNode, useState } from "react";
import type { IdentityStatus } from "../../shared/contract/identity.ts";
import type { MarketView, ProviderStanding } from "../../shared/contract/views.ts";
import { t } from "../../shared/words/words.ts";
import { amountText } from "../format/amount.ts";
import { formatDuration } from "../format/time.ts";
import { Amount } from "../parts/amount.tsx";
import { Fact } from "../parts/fact.tsx";
import { Note } from "../parts/note.tsx";
import { type StatusLook, StatusWord } from "../parts/status-word.tsx";
import { usePage } from "../state/store.ts";
import { Actions } from "./actions.tsx";
import { AsOf } from "./as-of.tsx";
import { StakeBar } from "./stake-bar.tsx";
import { StakeDialog } from "./stake-dialog.tsx";

const LOOK = {
  new: { icon: Sprout, tone: "info" },
  eligible: { icon: CircleCheck, tone: "ok" },
  degraded: { icon: TrendingDown, tone: "warn" },
  jailed: { icon: LockKeyhole, tone: "bad" },
  ineligible: { icon: Ban, tone: "warn" },
} as const satisfies Record<ProviderStanding["state"], Omit<StatusLook, "word">>;

interface StakeProps {
  readonly market: MarketView;
  readonly standing: ProviderStanding;
  readonly providerKey: IdentityStatus | null;
}

export function Stake({ market, standing, providerKey }: StakeProps) {
  const [asked, setAsked] = useState<"add" | "take" | null>(null);
  const { stake, state } = standing;
  const look = { ...LOOK[state], word: t(`identity.account.states.${state}`) };
  // A play-money stake needs no backup; the engine itself refuses where it matters.
  const ours = providerKey?.providerId === standing.providerId;
  const mayStake = !ours || providerKey.mode === "demo" || providerKey.backup !== null;
  return (
    <div className="account-part">
      <div className="account-head">
        <h3>
          {t("identity.account.stake")} <AsOf at={standing.at} />
        </h3>
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
