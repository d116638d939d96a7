/** How a GPU's price is found, and the price itself among those of others. */
import { useId, useState } from "react";
import type { OfferPreview } from "../../shared/contract/offers.ts";
import type { CurrencyCode } from "../../shared/money.ts";
import { t } from "../../shared/words/words.ts";
import { UNKNOWN } from "../format/reading.ts";
import { NumberField } from "../parts/controls/number-field.tsx";
import { Segmented } from "../parts/controls/segmented.tsx";
import { Slider } from "../parts/controls/slider.tsx";
import { type Draft, STRATEGY_KINDS } from "./draft.ts";
import { type Axis, axisOf, numberOf, PRICE_DIGITS, priceText } from "./price-numbers.ts";
import { PriceScale } from "./price-scale.tsx";

interface PricingFormProps {
  readonly currency: CurrencyCode;
  readonly draft: Draft;
  readonly onChange: (draft: Draft) => void;
  readonly preview: OfferPreview | null;
  /** The preview is of an older draft. */
  readonly pending: boolean;
  /** This draft's price could not be worked out; why is said elsewhere. */
  readonly failed: boolean;
  /** What it asks now; null: it is not offered. */
  readonly current: number | null;
  readonly disabled: boolean;
}

export function PricingForm(props: PricingFormProps) {
  const { currency, draft, onChange, preview, pending, failed, current, disabled } = props;
  const strategyName = useId();
  const change = (to: Partial<Draft>) => onChange({ ...draft, ...to });
  const fixed = draft.kind === "fixed";
  const price = fixed ? draft.price : preview?.price ? numberOf(preview.price) : null;
  const floor = preview?.floor.price ?? null;
  const axis = axisOf(preview?.quote ?? null, [floor && numberOf(floor), current, fixed ? null : price]);
  // The axis does not shrink under a handle that is held: it would run away from the pointer.
  const [held, setHeld] = useState<Axis | null>(null);
  const wide = axis === null ? null : (held ?? widened(axis, price));
  return (
    <div className="pricing">
      <div className="pricing-strategy">
        <div className="field-name" id={strategyName}>
          {t("offers.strategy.label")}
        </div>
        <Segmented
          labelledBy={strategyName}
          value={draft.kind}
          options={STRATEGY_KINDS.map((kind) => ({ value: kind, label: t(`offers.strategy.${kind}`) }))}
          onChange={(kind) => change(kind === "fixed" && draft.price === null ? { kind, price } : { kind })}
          disabled={disabled}
        />
        <p className="field-help">
          {t(`offers.strategy.${draft.kind}Help`)}
          {!fixed && ` ${t("offers.strategy.follows")}`}
        </p>
      </div>
      <div className="pricing-price" aria-busy={pending}>
        {fixed ? (
          <NumberField
            label={t("offers.price")}
            value={draft.price}
            onChange={(next) => change({ price: next })}
            canBeEmpty
            min={0}
            step={axis?.step ?? 0.1}
            digits={PRICE_DIGITS}
            placeholder={UNKNOWN}
            unit={t("offers.perHourShort", { currency })}
            disabled={disabled}
          />
        ) : (
          <div className={`price-big figures ${pending ? "price-pending" : ""}`}>
            {preview?.price ? priceText(preview.price) : UNKNOWN}
            <span className="price-unit"> {t("offers.perHour", { currency })}</span>
          </div>
        )}
        {preview !== null && !fixed && !failed && (
          <p className="field-help">{howText(preview, draft.kind)}</p>
        )}
      </div>
      {wide !== null && (
        <PriceScale
          axis={wide}
          currency={currency}
          value={price}
          quote={preview?.quote ?? null}
          floor={floor}
          {...(fixed && !disabled
            ? {
                onChange: (next) => {
                  setHeld(wide);
                  change({ price: next });
                },
                onRest: () => setHeld(null),
              }
            : {})}
        />
      )}
      {!fixed && (
        <div className="pricing-limits">
          {draft.kind === "percentile" && (
            <div className="pricing-percentile">
              <div className="field-name">
                {t("offers.percentileOf")}
                <b className="figures">{t("offers.percentText", { percent: draft.percentile })}</b>
              </div>
              <Slider
                label={t("offers.percentileOf")}
                value={draft.percentile}
                min={1}
                max={99}
                valueText={(percent) => t("offers.percentText", { percent })}
                onChange={(percentile) => change({ percentile })}
                disabled={disabled}
              />
            </div>
          )}
          <div className="pricing-lowest">
            <div className="field-name">{t("offers.lowest")}</div>
            <NumberField
              label={t("offers.lowest")}
              value={draft.lowest}
              onChange={(lowest) => change({ lowest: lowest === 0 ? null : lowest })}
              canBeEmpty
              min={0}
              step={axis?.step ?? 0.1}
              digits={PRICE_DIGITS}
              placeholder={UNKNOWN}
              unit={t("offers.perHourShort", { currency })}
              disabled={disabled}
            />
            <p className="field-help">{t("offers.lowestHelp")}</p>
          </div>
        </div>
      )}
    </div>
  );
}

/** Where the price comes from, as far as the strategy's own words do not say it. */
function howText({ price, percentile, bound }: OfferPreview, kind: Draft["kind"]): string {
  if (price === null) return t("offers.strategy.noPrice");
  if (bound !== "none") return t(`offers.strategy.${bound}`);
  return kind === "utilisation" && percentile !== null
    ? t("offers.strategy.now", { percent: percentile })
    : "";
}

/** A price that was typed may lie beyond everything else. */
function widened(axis: Axis, price: number | null): Axis {
  return price === null || price <= axis.max ? axis : { ...axis, max: price };
}
