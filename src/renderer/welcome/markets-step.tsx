/** Where the jobs come from: the demo, or real markets with their addresses and keys. */
import { Coins, FlaskConical, Store } from "lucide-react";
import { useState } from "react";
import type { MarketId } from "../../shared/contract/market-id.ts";
import type { SettingKey, SettingsView } from "../../shared/contract/settings.ts";
import { t } from "../../shared/words/words.ts";
import { marketName } from "../format/market-name.ts";
import { Note } from "../parts/note.tsx";
import {
  chosenMarkets,
  type Drafts,
  forget,
  MARKET_FIELDS,
  patchOf,
  withoutAddress,
} from "./market-choice.ts";
import { MarketFieldRow } from "./market-field.tsx";
import type { SetUp } from "./use-set-up.ts";

const ICONS = { aitbc: Store, aicf: Coins } as const;

export function MarketsStep({ setUp }: { setUp: SetUp }) {
  const settings = setUp.settings as SettingsView;
  const [wanted, setWanted] = useState<ReadonlySet<MarketId>>(() => new Set(chosenMarkets(settings)));
  const [drafts, setDrafts] = useState<Drafts>({});
  const [missing, setMissing] = useState<MarketId | null>(null);

  const choose = (market: MarketId, on: boolean) => {
    const next = new Set(wanted);
    if (on) next.add(market);
    else next.delete(market);
    setWanted(next);
    setMissing(null);
  };
  const goOn = async () => {
    const [incomplete] = withoutAddress([...wanted], drafts, settings);
    if (incomplete !== undefined) return setMissing(incomplete);
    const unwanted = chosenMarkets(settings).filter((market) => !wanted.has(market));
    await setUp.save({
      ...Object.assign({}, ...unwanted.map((market) => forget(market, settings))),
      ...patchOf([...wanted], drafts),
      "app.first_run": wanted.size > 0 ? "key" : "ready",
    });
  };
  return (
    <>
      <fieldset className="welcome-markets">
        <legend className="visually-hidden">{t("welcome.markets.heading")}</legend>
        <label className="welcome-market welcome-market-demo">
          <input type="checkbox" checked={wanted.size === 0} onChange={() => setWanted(new Set())} />
          <FlaskConical size={18} strokeWidth={1.7} aria-hidden />
          <span className="welcome-market-words">
            <strong>{t("welcome.markets.demo")}</strong>
            <span className="quiet">{t("welcome.markets.demoText")}</span>
          </span>
        </label>
        {(["aitbc", "aicf"] as const).map((market) => (
          <MarketChoice
            key={market}
            market={market}
            wanted={wanted.has(market)}
            onWanted={(on) => choose(market, on)}
            settings={settings}
            drafts={drafts}
            onDraft={(key, draft) => setDrafts((before) => ({ ...before, [key]: draft }))}
          />
        ))}
      </fieldset>
      {missing !== null && (
        <Note tone="warn" alert>
          {t("welcome.markets.needUrl", { market: marketName(missing) })}
        </Note>
      )}
      <div className="welcome-row welcome-row-end">
        <button type="button" className="button button-strong" onClick={() => void goOn()}>
          {t("welcome.next")}
        </button>
      </div>
    </>
  );
}

function MarketChoice(props: {
  market: MarketId;
  wanted: boolean;
  onWanted: (on: boolean) => void;
  settings: SettingsView;
  drafts: Drafts;
  onDraft: (key: SettingKey, draft: string) => void;
}) {
  const { market, wanted, onWanted, settings, drafts, onDraft } = props;
  const Icon = ICONS[market];
  return (
    <div className="welcome-market-group">
      <label className="welcome-market">
        <input type="checkbox" checked={wanted} onChange={(event) => onWanted(event.currentTarget.checked)} />
        <Icon size={18} strokeWidth={1.7} aria-hidden />
        <span className="welcome-market-words">
          <strong>{t(`welcome.markets.${market}`)}</strong>
          <span className="quiet">{t(`welcome.markets.${market}Text`)}</span>
        </span>
      </label>
      {wanted && (
        <div className="welcome-fields">
          {MARKET_FIELDS[market].map((field) => (
            <MarketFieldRow
              key={field.key}
              field={field}
              view={settings.values[field.key]}
              draft={drafts[field.key]}
              onDraft={(draft) => onDraft(field.key, draft)}
            />
          ))}
          {market === "aicf" && (
            <Note tone="info" help={t("welcome.markets.stakeText")}>
              {t("welcome.markets.stakeTitle")}
            </Note>
          )}
        </div>
      )}
    </div>
  );
}
