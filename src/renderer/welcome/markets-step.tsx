/** Where the jobs come from: the demo, or real markets with their addresses and keys. */
import { FlaskConical, Store } from "lucide-react";
import { type ReactNode, useEffect, useRef, useState } from "react";
import type { MarketId } from "../../shared/contract/market-id.ts";
import type { SettingKey } from "../../shared/contract/settings.ts";
import { t } from "../../shared/words/words.ts";
import { Note } from "../parts/note.tsx";
import { Continue, Foot, type StepProps } from "./foot.tsx";
import { chosenMarkets, type FieldProblem, forget, patchOf, problemsOf } from "./market-choice.ts";
import { forgetDraft, useMarketDraft } from "./market-draft.ts";
import { MarketForm } from "./market-form.tsx";
import { useTerms } from "./use-terms.ts";

const MARKETS = ["aitbc", "aicf"] as const;
const NO_PROBLEMS: ReadonlyMap<SettingKey, FieldProblem> = new Map();

export function MarketsStep({ setUp, walk }: StepProps) {
  const { settings, save } = setUp;
  const terms = useTerms();
  const [draft, change] = useMarketDraft(settings);
  /** Somebody wanted to go on: from now on what is missing is named, and no longer as soon as it is there. */
  const [tried, setTried] = useState(0);
  /** The markets wanted then: one that is ticked after it is begun with, not yet wrong. */
  const [judged, setJudged] = useState<readonly MarketId[]>([]);
  const choices = useRef<HTMLFieldSetElement>(null);
  useEffect(() => {
    if (tried > 0) firstToMend(choices.current)?.focus();
  }, [tried]);
  const wanted = draft.demo ? [] : draft.wanted;
  const found = problemsOf(wanted, draft.typed, settings);
  const named =
    tried === 0
      ? NO_PROBLEMS
      : problemsOf(
          wanted.filter((market) => judged.includes(market)),
          draft.typed,
          settings,
        );
  const lacksMarket = !draft.demo && wanted.length === 0;

  const goOn = async () => {
    if (found.size > 0 || lacksMarket) {
      setJudged(wanted);
      setTried((before) => before + 1);
      return;
    }
    const unwanted = chosenMarkets(settings).filter((market) => !wanted.includes(market));
    const kept = await save({
      ...Object.assign({}, ...unwanted.map((market) => forget(market, settings))),
      ...patchOf(wanted, draft.typed),
      "app.first_run": "key",
    });
    if (kept) forgetDraft();
  };
  const want = (market: MarketId, on: boolean) =>
    change({ wanted: MARKETS.filter((each) => (each === market ? on : draft.wanted.includes(each))) });
  return (
    <>
      <fieldset className="welcome-markets" ref={choices}>
        <legend className="visually-hidden">{t("welcome.markets.heading")}</legend>
        <Where
          icon={<FlaskConical size={18} strokeWidth={1.7} aria-hidden />}
          title={t("welcome.markets.demo")}
          text={t("welcome.markets.demoText")}
          chosen={draft.demo}
          onChoose={() => change({ demo: true })}
        />
        <Where
          icon={<Store size={18} strokeWidth={1.7} aria-hidden />}
          title={t("welcome.markets.real")}
          text={t("welcome.markets.realText")}
          chosen={!draft.demo}
          onChoose={() => change({ demo: false })}
        >
          {MARKETS.map((market) => (
            <MarketForm
              key={market}
              market={market}
              terms={terms?.find((each) => each.market === market) ?? null}
              wanted={draft.wanted.includes(market)}
              onWanted={(on) => want(market, on)}
              settings={settings}
              typed={draft.typed}
              problems={named}
              onType={(key, text) => change({ typed: { ...draft.typed, [key]: text } })}
            />
          ))}
        </Where>
      </fieldset>
      {tried > 0 && lacksMarket && (
        <Note tone="warn" alert>
          {t("welcome.markets.needMarket")}
        </Note>
      )}
      {named.size > 0 && (
        <Note tone="warn" alert>
          {t("welcome.markets.lookAgain", { count: named.size })}
        </Note>
      )}
      <Foot walk={walk}>
        <Continue onClick={() => void goOn()} />
      </Foot>
    </>
  );
}

/** The first field with a mistake, or the first market that could be chosen. */
function firstToMend(choices: HTMLElement | null): HTMLElement | null {
  const first = (selector: string) => choices?.querySelector<HTMLElement>(selector) ?? null;
  return first('[aria-invalid="true"]') ?? first('[type="checkbox"]');
}

/** One of the two; what belongs to it is shown while it is chosen. */
function Where(props: {
  icon: ReactNode;
  title: string;
  text: string;
  chosen: boolean;
  onChoose: () => void;
  children?: ReactNode;
}) {
  const { icon, title, text, chosen, onChoose, children } = props;
  return (
    <div className="welcome-where">
      <label className="welcome-choice">
        <input type="radio" name="where" checked={chosen} onChange={onChoose} />
        {icon}
        <span className="welcome-choice-words">
          <strong>{title}</strong>
          <span className="quiet">{text}</span>
        </span>
      </label>
      {chosen && children !== undefined && <div className="welcome-where-more">{children}</div>}
    </div>
  );
}
