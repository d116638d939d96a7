/**
 * Stakes that nobody is asked for and nothing is taken from: each is held for a time, then given back whole. Bonds stand
 * beside them.
 */
import { useState } from "react";
import type { MarketView, ProviderStanding } from "../../shared/contract/views.ts";
import { t } from "../../shared/words/words.ts";
import { amountText } from "../format/amount.ts";
import { marketName } from "../format/market-name.ts";
import { formatDate } from "../format/time.ts";
import { Amount } from "../parts/amount.tsx";
import { ConfirmDialog } from "../parts/controls/confirm-dialog.tsx";
import { Digest } from "../parts/digest.tsx";
import { useBridge } from "../state/bridge-context.ts";
import { usePage } from "../state/store.ts";
import { Actions } from "./actions.tsx";
import { AsOf } from "./as-of.tsx";
import { StakeDialog } from "./stake-dialog.tsx";

type StakeView = ProviderStanding["stake"];
type Part = NonNullable<StakeView["parts"]>[number];

interface LockedStakeProps {
  readonly market: MarketView;
  readonly standing: ProviderStanding;
  readonly parts: readonly Part[];
}

export function LockedStake({ market, standing, parts }: LockedStakeProps) {
  const { stake, at } = standing;
  const [adding, setAdding] = useState(false);
  return (
    <div className="account-part">
      <h3>
        {t("identity.account.stake")} <AsOf at={at} />
      </h3>
      <div className="account-sum">
        <Amount value={stake.total} />
      </div>
      <p className="account-line">{t("identity.lockedStake.notNeeded")}</p>
      {parts.length > 0 && (
        <ul className="releases stake-parts" aria-label={t("identity.lockedStake.parts")}>
          {parts.map((part) => (
            <PartRow key={`${part.kind} ${part.reference}`} market={market} part={part} />
          ))}
        </ul>
      )}
      <Actions>
        <button type="button" className="button" onClick={() => setAdding(true)}>
          {t("identity.account.add")}
        </button>
      </Actions>
      {adding && (
        <StakeDialog market={market} stake={stake} direction="add" onClose={() => setAdding(false)} />
      )}
    </div>
  );
}

function PartRow({ market, part }: { market: MarketView; part: Part }) {
  const bridge = useBridge();
  const now = usePage((page) => page.now);
  const [asking, setAsking] = useState(false);
  const { kind, reference, amount, lockedUntil, status } = part;
  const locked = lockedUntil !== null && lockedUntil > now;
  return (
    <li>
      <span className="stake-part-who">
        {t(`identity.lockedStake.${kind}`)}{" "}
        <Digest value={reference} what={t("identity.lockedStake.reference")} />
      </span>
      <Amount value={amount} />
      <span className="quiet">
        {kind === "bond"
          ? status
          : locked
            ? t("identity.lockedStake.until", { time: formatDate(lockedUntil) })
            : t("identity.lockedStake.free")}
      </span>
      {kind === "stake" && !locked && (
        <button type="button" className="button button-plain" onClick={() => setAsking(true)}>
          {t("identity.account.take")}
        </button>
      )}
      {asking && (
        <ConfirmDialog
          open
          onClose={() => setAsking(false)}
          title={t("identity.stake.takeTitle", { market: marketName(market.id) })}
          words={t("identity.lockedStake.takeText", {
            amount: amountText(amount),
            currency: amount.currency,
          })}
          confirm={t("identity.stake.takeConfirm")}
          onConfirm={() =>
            bridge.invoke("provider.unstake", { market: market.id, amountMinor: amount.minor })
          }
        />
      )}
    </li>
  );
}
