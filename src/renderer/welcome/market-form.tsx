/** One real market: taken or not, and if so how it is reached, grouped by what each address is for. */
import { useId } from "react";
import type { MarketId } from "../../shared/contract/market-id.ts";
import type { SettingKey, SettingsView } from "../../shared/contract/settings.ts";
import type { MarketTerms } from "../../shared/contract/terms.ts";
import { t } from "../../shared/words/words.ts";
import { type Drafts, type FieldProblem, MARKET_FIELDS, type MarketField } from "./market-choice.ts";
import { MarketFieldRow } from "./market-field.tsx";
import { stakeAmount } from "./stake-amount.ts";

interface MarketFormProps {
  readonly market: MarketId;
  /** null until they are known. */
  readonly terms: MarketTerms | null;
  readonly wanted: boolean;
  readonly onWanted: (on: boolean) => void;
  readonly settings: SettingsView;
  readonly typed: Drafts;
  readonly problems: ReadonlyMap<SettingKey, FieldProblem>;
  readonly onType: (key: SettingKey, text: string) => void;
}

export function MarketForm(props: MarketFormProps) {
  const { market, terms, wanted, onWanted } = props;
  const stake = terms?.stake ?? null;
  const groups = [...new Set<MarketField["group"]>(MARKET_FIELDS[market].map(({ group }) => group))];
  return (
    <div className="welcome-market">
      <label className="welcome-choice">
        <input type="checkbox" checked={wanted} onChange={(event) => onWanted(event.currentTarget.checked)} />
        <span className="welcome-choice-words">
          <strong>{t(`welcome.markets.${market}`)}</strong>
          <span className="quiet">
            {t(`welcome.markets.${market}Text`)}
            {stake !== null &&
              ` ${t("welcome.markets.stakeFrom", {
                amount: stakeAmount(stake.minimum),
                currency: stake.minimum.currency,
              })}`}
          </span>
        </span>
      </label>
      {wanted && groups.map((group) => <Group key={group} group={group} {...props} />)}
    </div>
  );
}

function Group({ group, ...props }: MarketFormProps & { group: MarketField["group"] }) {
  const { market, settings, typed, problems, onType } = props;
  const id = useId();
  const fields: readonly MarketField[] = MARKET_FIELDS[market];
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset within the fieldset would be read with both names at each field.
    <div className="welcome-fields" role="group" aria-labelledby={id}>
      <h2 id={id} className="welcome-group">
        {t(`welcome.markets.group.${group}`)}
      </h2>
      {fields
        .filter((field) => field.group === group)
        .map((field) => (
          <MarketFieldRow
            key={field.key}
            field={field}
            view={settings.values[field.key]}
            draft={typed[field.key]}
            problem={problems.get(field.key) ?? null}
            onDraft={(draft) => onType(field.key, draft)}
          />
        ))}
    </div>
  );
}
