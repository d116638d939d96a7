/** Who this provider is and what it has at stake: the key and its backups, and each market's books about it. */
import { Landmark } from "lucide-react";
import { t } from "../../shared/words/words.ts";
import { Card } from "../parts/card.tsx";
import { LinesSkeleton } from "../parts/lines-skeleton.tsx";
import { ErrorNote } from "../parts/note.tsx";
import { useEngine } from "../state/store.ts";
import { AccountCard } from "./account-card.tsx";
import { KeyCard } from "./key-card.tsx";
import { useKeyStatus } from "./use-key-status.ts";
import "./identity.css";

export function Identity() {
  const { status, error, changed } = useKeyStatus();
  const markets = useEngine((state) => state.markets);
  return (
    <div className="screen">
      <h1>{t("identity.title")}</h1>
      {error !== null && <ErrorNote error={error} alert />}
      {status === null ? error === null && <KeySkeleton /> : <KeyCard status={status} onChange={changed} />}
      {markets.map((market) => (
        <AccountCard key={market.id} market={market} providerKey={status} />
      ))}
      {markets.length === 0 && (
        <Card title={t("identity.account.stake")}>
          <div className="card-empty">
            <Landmark size={22} strokeWidth={1.6} aria-hidden />
            <strong>{t("identity.account.noMarket")}</strong>
            {t("identity.account.noMarketText")}
          </div>
        </Card>
      )}
    </div>
  );
}

function KeySkeleton() {
  return (
    <Card title={t("identity.key.title")}>
      <LinesSkeleton label={t("identity.key.title")} widths={[72, 88, 64]} />
    </Card>
  );
}
