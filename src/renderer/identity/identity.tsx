/** Who this provider is and what it has at stake: the key and its backups, and each market's books about it. */
import { Landmark } from "lucide-react";
import { useCallback, useState } from "react";
import type { IdentityStatus } from "../../shared/contract/identity.ts";
import { SECOND } from "../../shared/durations.ts";
import { t } from "../../shared/words/words.ts";
import { Card } from "../parts/card.tsx";
import { ErrorNote } from "../parts/note.tsx";
import { useEngine } from "../state/store.ts";
import { useAnswer } from "../state/use-answer.ts";
import { AccountCard } from "./account-card.tsx";
import { KeyCard } from "./key-card.tsx";
import "./identity.css";

/** The terminal may unlock, check or replace the key as well. */
const LOOK_AGAIN = 10 * SECOND;

export function Identity() {
  const { answer, error, reload } = useAnswer("identity.status", {}, LOOK_AGAIN);
  // What a dialog was just told is newer than the last answer.
  const [told, setTold] = useState<IdentityStatus | null>(null);
  const markets = useEngine((state) => state.markets);
  const changed = useCallback(
    (status: IdentityStatus) => {
      setTold(status);
      reload();
    },
    [reload],
  );
  const status = told ?? answer?.status ?? null;
  if (told !== null && answer !== null && sameKey(answer.status, told)) setTold(null);
  return (
    <div className="identity-screen">
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

function sameKey(a: IdentityStatus, b: IdentityStatus): boolean {
  return a.address === b.address && a.state === b.state && a.backup?.at === b.backup?.at;
}

function KeySkeleton() {
  return (
    <Card title={t("identity.key.title")}>
      <div className="sheet-skeleton" role="status" aria-label={t("identity.key.title")}>
        {[72, 88, 64].map((width) => (
          <div key={width} className="skeleton" style={{ width: `${width}%`, height: 14 }} />
        ))}
      </div>
    </Card>
  );
}
